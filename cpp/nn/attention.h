// Attention over a ring of keys and values: the part that encoder and decoder share.
#pragma once

#include <cstdint>

#include "core/arena.h"
#include "nn/workspace.h"

namespace parrotlet {

// Keys and values of the last `capacity` positions; position p stands in slot p mod capacity. Keys
// are held transposed, [heads][head_dim][capacity], so that one query meets 16 keys a vector;
// values stand as [capacity][heads * head_dim].
struct KeyValueRing {
  int heads = 0, head_dim = 0;
  int capacity = 0;  // a multiple of 16
  float* keys = nullptr;
  float* values = nullptr;

  // `positions` is what must be visible at once; alignment to whole vectors is added here.
  static int CapacityFor(int positions) { return RoundUp(positions, kTileCols) + 2 * kTileCols; }

  void Bind(Arena& arena);

  // Stores the key and value rows of `rows` consecutive positions; strides in floats.
  void Append(int64_t position, int rows, const float* key, int key_stride, const float* value,
              int value_stride);
};

// What one query row may see: positions [begin, end).
struct Window {
  int64_t begin = 0, end = 0;
};

struct AttendArgs {
  const KeyValueRing* ring = nullptr;
  int rows = 0;            // at most kRowBlock
  float* query = nullptr;  // [rows][query_stride]; is scaled in place
  int query_stride = 0;
  const Window* windows = nullptr;       // [rows], each not empty; ascending
  const float* relative_bias = nullptr;  // [heads][bias_cols] or null: added by key - query + left
  int bias_cols = 0, bias_left = 0;
  int64_t query_position = 0;  // of row 0; for relative_bias only
  float* out = nullptr;        // [rows][out_stride], heads side by side
  int out_stride = 0;

  // Called with each head's probabilities, [rows][stride]; column 0 is position `first`.
  void (*observe)(void* context, int head, const float* probabilities, int stride,
                  int64_t first) = nullptr;
  void* observe_context = nullptr;
};

// softmax(q k / sqrt(head_dim) + bias) v over each row's window. Every sum runs over positions in
// ascending order with lanes fixed by position, so how rows are grouped leaves no trace.
void Attend(const AttendArgs& args, Workspace& work);

}  // namespace parrotlet
