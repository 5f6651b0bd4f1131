// Scratch memory of one session, shared by all its layers: nothing in it survives a call.
#pragma once

#include <algorithm>

#include "core/arena.h"
#include "kernels/kernels.h"

namespace parrotlet {

// Rows that a layer works on at once; longer steps are cut into blocks of this many rows. Large
// enough to amortize unpacking weights, small enough to stay in the first-level caches.
inline constexpr int kRowBlock = 32;

// What the layers of a model need at most. Each layer raises the fields it depends on.
struct WorkspaceNeeds {
  int depth = 0;       // widest input of a quantized linear, padded
  int groups = 1;      // most groups of one
  int wide = 0;        // widest result of a linear inside a module, floats
  int narrow = 0;      // widest row between two linears, and of a norm in front of one of floats
  int score_cols = 0;  // keys that one query can see, padded

  void Linear(const PackedMatrix& weight) {
    depth = std::max(depth, weight.padded_depth());
    groups = std::max(groups, weight.groups);
  }
};

class LinearObserver;

struct Workspace {
  const Kernels* kernels = nullptr;
  // Sees what goes into linear layers; usually there is none.
  LinearObserver* observer = nullptr;

  QuantizedRows quantized;  // [kRowBlock]
  float* wide = nullptr;    // [kRowBlock][needs.wide]
  float* narrow = nullptr;  // [kRowBlock][needs.narrow]
  float* scores = nullptr;  // [kRowBlock][needs.score_cols]

  void Bind(Arena& arena, const WorkspaceNeeds& needs) {
    quantized.codes = arena.Take<int8_t>(size_t(kRowBlock) * needs.depth);
    quantized.scale = arena.Take<float>(kRowBlock);
    quantized.code_sum = arena.Take<int32_t>(size_t(kRowBlock) * needs.groups);
    wide = arena.Take<float>(size_t(kRowBlock) * needs.wide);
    narrow = arena.Take<float>(size_t(kRowBlock) * needs.narrow);
    scores = arena.Take<float>(size_t(kRowBlock) * needs.score_cols);
  }
};

}  // namespace parrotlet
