// A real transform of `size` values as a complex one of half the size: even samples are taken as
// real parts, odd ones as imaginary parts, and the two spectra are told apart afterwards by
// symmetry.
#include "audio/fft.h"

#include <cmath>
#include <numbers>
#include <utility>

namespace parrotlet {

Status RealFft::Configure(int size) {
  if (size < 4 || size > 4096 || (size & (size - 1)) != 0) {
    return Status::Error(Code::kInvalidArgument,
                         "FFT size: expected a power of two from 4 to 4096, got %d", size);
  }
  size_ = size;
  return {};
}

void RealFft::Bind(Arena& arena) {
  reversed_ = arena.Take<int>(size_t(size_) / 2);
  cos_ = arena.Take<float>(size_t(size_) / 2);
  sin_ = arena.Take<float>(size_t(size_) / 2);
  if (sin_ != nullptr) FillTables();
}

void RealFft::FillTables() {
  const int half = size_ / 2;
  for (int k = 0; k < half; ++k) {
    const double angle = 2 * std::numbers::pi * k / size_;
    cos_[k] = float(std::cos(angle));
    sin_[k] = float(std::sin(angle));
    // k with its lowest bit cut off is already reversed; that bit becomes the highest.
    reversed_[k] = k == 0 ? 0 : (reversed_[k / 2] + (k % 2 == 0 ? 0 : half)) / 2;
  }
}

// Decimation in time over size / 2 complex values that already stand in bit-reversed order.
void RealFft::TransformHalf(float* real, float* imag) const {
  const int half = size_ / 2;
  for (int span = 1; span < half; span *= 2) {
    const int step = half / span;  // of the angle between neighbours, in 1 / size turns
    for (int begin = 0; begin < half; begin += 2 * span) {
      for (int j = 0; j < span; ++j) {
        const int low = begin + j, high = low + span;
        const float c = cos_[j * step], s = sin_[j * step];
        const float re = real[high] * c + imag[high] * s;
        const float im = imag[high] * c - real[high] * s;
        real[high] = real[low] - re;
        imag[high] = imag[low] - im;
        real[low] += re;
        imag[low] += im;
      }
    }
  }
}

void RealFft::Transform(const float* in, float* real, float* imag) const {
  const int half = size_ / 2;
  for (int n = 0; n < half; ++n) {
    real[reversed_[n]] = in[2 * n];
    imag[reversed_[n]] = in[2 * n + 1];
  }
  TransformHalf(real, imag);

  // Z = E + iO, where E and O, the spectra of the even and odd samples, are those of real signals:
  // E[k] = (Z[k] + conj Z[half - k]) / 2, O[k] = (Z[k] - conj Z[half - k]) / 2i, and
  // X[k] = E[k] + exp(-2 pi i k / size) O[k], X[half - k] = conj(E[k] - exp(...) O[k]).
  const float first_real = real[0], first_imag = imag[0];
  real[0] = first_real + first_imag;
  real[half] = first_real - first_imag;
  imag[0] = imag[half] = 0;
  for (int k = 1; k <= half / 2; ++k) {
    const int mirror = half - k;
    const float even_re = 0.5f * (real[k] + real[mirror]);
    const float even_im = 0.5f * (imag[k] - imag[mirror]);
    const float odd_re = 0.5f * (imag[k] + imag[mirror]);
    const float odd_im = 0.5f * (real[mirror] - real[k]);
    const float turned_re = odd_re * cos_[k] + odd_im * sin_[k];
    const float turned_im = odd_im * cos_[k] - odd_re * sin_[k];
    real[mirror] = even_re - turned_re;
    imag[mirror] = turned_im - even_im;
    real[k] = even_re + turned_re;
    imag[k] = even_im + turned_im;
  }
}

}  // namespace parrotlet
