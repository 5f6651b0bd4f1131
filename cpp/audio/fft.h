// The Fourier transform of real signals whose length is a power of two. The operations and their
// order are fixed, so that every build gives the same bits from the same tables.
#pragma once

#include "core/arena.h"
#include "core/status.h"

namespace parrotlet {

class RealFft {
 public:
  // size: a power of two from 4 to 4096; kInvalidArgument otherwise.
  Status Configure(int size);

  // Lays out the tables; they are filled when the arena is backed.
  void Bind(Arena& arena);

  // real[k] + i imag[k] = sum over n of in[n] exp(-2 pi i k n / size), k = 0 .. size / 2.
  // in [size]; real, imag [size / 2 + 1]; none may overlap. Error about 1e-7 of the largest |X|
  // (tests hold it under 4e-7).
  void Transform(const float* in, float* real, float* imag) const;

  int size() const { return size_; }

 private:
  void FillTables();
  void TransformHalf(float* real, float* imag) const;

  int size_ = 0;
  int* reversed_ = nullptr;  // [size / 2]: the index with its bits in reverse order
  float* cos_ = nullptr;     // [size / 2]: cos(2 pi k / size)
  float* sin_ = nullptr;     // [size / 2]: sin(2 pi k / size)
};

}  // namespace parrotlet
