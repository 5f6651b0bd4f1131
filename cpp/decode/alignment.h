// When each token was spoken, read off the decoder's cross-attention.
#pragma once

#include <cstdint>

#include "core/arena.h"

namespace parrotlet {

// Memory for one alignment of up to `rows` rows over `frames` frames.
struct AlignmentScratch {
  float* best = nullptr;     // [2][frames]
  uint16_t* from = nullptr;  // [rows][frames]

  void Bind(Arena& arena, int rows, int frames) {
    best = arena.Take<float>(2 * size_t(frames));
    from = arena.Take<uint16_t>(size_t(rows) * frames);
  }
};

// Frames p[0] <= p[1] <= ... that maximize the sum of weight[k][p[k]], refined to fractions of a
// frame by the centre of mass of the weights around each. weight [rows][stride], frames <= 65536.
// Of equal paths the one with later frames is taken.
void MonotonePeaks(const float* weight, int stride, int rows, int frames, AlignmentScratch& scratch,
                   float* position);

}  // namespace parrotlet
