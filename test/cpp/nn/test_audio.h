// Audio that tests make themselves: something like speech, noise, silence.
#pragma once

#include <cmath>
#include <initializer_list>
#include <numbers>
#include <vector>

#include "kernels/kernel_cases.h"

namespace parrotlet {

using Audio = std::vector<float>;

inline constexpr int kTestRate = 16000;

inline size_t SamplesIn(double seconds) { return size_t(seconds * kTestRate + 0.5); }

inline Audio Silence(double seconds) { return Audio(SamplesIn(seconds)); }

// Harmonics of a voice that glides between 100 and 180 Hz, in syllables of 200 ms with closures of
// 50 ms between them, and a little noise. `seed` chooses the vowels.
inline Audio Babble(double seconds, uint32_t seed = 1) {
  Random random(seed);
  Audio out = random.Floats(SamplesIn(seconds), -0.002f, 0.002f);
  double phase = 0, formant = 700;
  for (size_t n = 0; n < out.size(); ++n) {
    const double t = double(n) / kTestRate, syllable = std::fmod(t, 0.25);
    if (n % SamplesIn(0.25) == 0) formant = random.Uniform(300, 2500);
    const double pitch = 140 + 40 * std::sin(5 * t);
    phase += 2 * std::numbers::pi * pitch / kTestRate;
    if (syllable >= 0.2) continue;
    double sum = 0;
    for (int h = 1; h <= 20; ++h) {
      const double away = (h * pitch - formant) / 400;
      sum += std::sin(h * phase) * (1.0 / h + std::exp(-away * away));
    }
    out[n] += float(0.1 * std::sin(std::numbers::pi * syllable / 0.2) * sum);
  }
  return out;
}

inline Audio Join(std::initializer_list<Audio> parts) {
  Audio out;
  for (const Audio& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

}  // namespace parrotlet
