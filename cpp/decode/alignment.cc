#include "decode/alignment.h"

#include <algorithm>

namespace parrotlet {
namespace {

constexpr int kRefineFrames = 4;  // on either side of a peak

float CentreOfMass(const float* weight, int peak, int frames) {
  const int begin = std::max(0, peak - kRefineFrames);
  const int end = std::min(frames, peak + kRefineFrames + 1);
  float mass = 0, moment = 0;
  for (int f = begin; f < end; ++f) {
    mass += weight[f];
    moment += weight[f] * float(f - begin);
  }
  return mass > 0 ? float(begin) + moment / mass : float(peak);
}

}  // namespace

void MonotonePeaks(const float* weight, int stride, int rows, int frames, AlignmentScratch& scratch,
                   float* position) {
  if (rows == 0 || frames == 0) return;
  float* before = scratch.best;
  float* now = scratch.best + frames;
  std::copy(weight, weight + frames, before);
  for (int k = 1; k < rows; ++k) {
    const float* row = weight + size_t(k) * stride;
    uint16_t* from = scratch.from + size_t(k) * frames;
    int best = 0;
    for (int f = 0; f < frames; ++f) {
      if (before[f] >= before[best]) best = f;
      now[f] = row[f] + before[best];
      from[f] = uint16_t(best);
    }
    std::swap(before, now);
  }
  int peak = 0;
  for (int f = 1; f < frames; ++f) {
    if (before[f] >= before[peak]) peak = f;
  }
  for (int k = rows - 1; k >= 0; --k) {
    position[k] = CentreOfMass(weight + size_t(k) * stride, peak, frames);
    if (k > 0) peak = scratch.from[size_t(k) * frames + peak];
  }
}

}  // namespace parrotlet
