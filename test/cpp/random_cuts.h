// Cuts an input at random, for the property that chunk boundaries leave no trace.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>

namespace parrotlet {

// Calls push(begin, count) for consecutive pieces that together cover [0, total). Lengths range
// from empty and single samples to long runs; the same seed gives the same cuts.
template <typename Push>
void InRandomCuts(size_t total, uint32_t seed, Push&& push) {
  constexpr size_t kScales[] = {1, 2, 16, 160, 1000, 20000};
  std::mt19937 random(seed);
  for (size_t begin = 0; begin < total;) {
    const size_t scale = kScales[random() % std::size(kScales)];
    const size_t count = std::min<size_t>(random() % (scale + 1), total - begin);
    push(begin, count);
    begin += count;
  }
}

}  // namespace parrotlet
