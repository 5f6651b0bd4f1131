// Products of float matrices and the depthwise convolution, compiled once per target.
// Included only by kernels/targets/*.cc, which name the target; hence no guard.

namespace parrotlet::SIMD_TARGET {

// Rows m .. m + kRows - 1 by kTiles vectors of columns from `col`.
template <int kRows, int kTiles>
void MatMulTile(const MatMulArgs& args, int m, int col) {
  const float* a = args.a + size_t(m) * args.a_stride;
  const float* b = args.b + col;
  float* c = args.c + size_t(m) * args.c_stride + col;
  int counts[kTiles];
  F32 sum[kRows][kTiles];
#pragma GCC unroll 8
  for (int t = 0; t < kTiles; ++t) {
    counts[t] = Clamp16(args.cols - col - t * kTileCols);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const float* old = c + size_t(r) * args.c_stride + t * kTileCols;
      sum[r][t] = args.accumulate ? LoadFirst(old, counts[t]) : Splat(0);
    }
  }
  for (int k = 0; k < args.depth; ++k, b += args.b_stride) {
    F32 row[kTiles];
#pragma GCC unroll 8
    for (int t = 0; t < kTiles; ++t) row[t] = Load(b + t * kTileCols);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const float x = a[size_t(r) * args.a_stride + k];
#pragma GCC unroll 8
      for (int t = 0; t < kTiles; ++t) sum[r][t] = sum[r][t] + row[t] * x;
    }
  }
#pragma GCC unroll 8
  for (int t = 0; t < kTiles; ++t) {
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      StoreFirst(c + size_t(r) * args.c_stride + t * kTileCols, counts[t], sum[r][t]);
    }
  }
}

// All columns of `rows`, at most kRows, rows; columns kTiles vectors at a time, then the rest.
template <int kRows, int kTiles>
void MatMulRows(const MatMulArgs& args, int m, int rows, int col) {
  if constexpr (kRows > 1) {
    if (rows < kRows) return MatMulRows<kRows - 1, MatMulTiles(kRows - 1)>(args, m, rows, col);
  }
  for (; args.cols - col > (kTiles - 1) * kTileCols; col += kTiles * kTileCols) {
    MatMulTile<kRows, kTiles>(args, m, col);
  }
  if constexpr (kTiles > 1) {
    if (col < args.cols) MatMulRows<kRows, kTiles - 1>(args, m, rows, col);
  }
}

inline void MatMul(const MatMulArgs& args) {
  int left = (args.rows + kMaxRows - 1) / kMaxRows;
  for (int m = 0, rows; m < args.rows; m += rows, --left) {
    rows = (args.rows - m + left - 1) / left;
    MatMulRows<kMaxRows, MatMulTiles(kMaxRows)>(args, m, rows, 0);
  }
}

inline void DepthwiseConv(const float* in, int rows, int dim, int kernel, const float* weight,
                          const float* bias, float* out) {
  for (int t = 0; t < rows; ++t, in += dim, out += dim) {
    for (int c = 0; c < dim; c += kTileCols) {
      const int count = Clamp16(dim - c);
      F32 sum = Splat(0);
      for (int k = 0; k < kernel; ++k) {
        const size_t at = size_t(k) * dim + c;
        sum = sum + LoadFirst(in + at, count) * LoadFirst(weight + at, count);
      }
      if (bias != nullptr) sum = sum + LoadFirst(bias + c, count);
      StoreFirst(out + c, count, sum);
    }
  }
}

}  // namespace parrotlet::SIMD_TARGET
