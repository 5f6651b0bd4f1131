// Computations that look at a whole row: quantization, normalization, softmax and other reductions;
// compiled once per target. Included only by kernels/targets/*.cc; hence no guard.

namespace parrotlet::SIMD_TARGET {

inline constexpr float kLowest = -__builtin_inff();

inline float SumLanes(F32 a) {
  return Fold(a, [](F32 x, F32 y) { return x + y; });
}

inline float MaxLanes(F32 a) {
  return Fold(a, [](F32 x, F32 y) { return Max(x, y); });
}

// Calls step(vector of of(element)) over a row, 16 elements at a time; lanes beyond its end are
// `rest`, which must not change the result of the reduction.
template <typename Of, typename Step>
inline void ForRow(const float* row, int count, F32 rest, Of of, Step step) {
  int i = 0;
  for (; i + kTileCols <= count; i += kTileCols) step(of(Load(row + i)));
  const int left = count - i;
  if (left > 0) step(Select(FirstLanes(left), of(LoadFirst(row + i, left)), rest));
}

template <typename Of>
inline float SumRow(const float* row, int count, Of of) {
  F32 sum = Splat(0);
  ForRow(row, count, Splat(0), of, [&](F32 x) { sum = sum + x; });
  return SumLanes(sum);
}

inline float MaxRow(const float* row, int count) {
  F32 max = Splat(kLowest);
  ForRow(row, count, Splat(kLowest), [](F32 x) { return x; }, [&](F32 x) { max = Max(x, max); });
  return MaxLanes(max);
}

// The scale of a row whose values are at most `max` in size, and what makes codes of them.
struct RowScale {
  float scale, inverse;

  RowScale(float max, int largest) {
    const bool silent = max < 1e-30f;
    scale = silent ? 0.0f : max / float(largest);
    inverse = silent ? 0.0f : float(largest) / max;
  }
};

// Calls step(i, vector i of each row) along kRows rows; the lanes beyond their end are 0.
template <int kRows, typename Step>
inline void ForRows(const float* in, size_t stride, int count, Step step) {
  F32 x[kRows];
  int i = 0;
  for (; i + kTileCols <= count; i += kTileCols) {
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) x[r] = Load(in + r * stride + i);
    step(i, x);
  }
  if (i == count) return;
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) x[r] = LoadFirst(in + r * stride + i, count - i);
  step(i, x);
}

// Rows m .. m + kRows - 1 in step: what a row has to wait for, the others do meanwhile.
template <int kRows>
inline void QuantizeTogether(const float* in, size_t stride, int m, int depth, int groups,
                             int largest, const QuantizedRows& out) {
  F32 sizes[kRows];
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) sizes[r] = Splat(0);
  ForRows<kRows>(in, stride, depth, [&](int, const F32(&x)[kRows]) {
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) sizes[r] = Max(Abs(x[r]), sizes[r]);
  });
  F32 inverse[kRows];
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) {
    const RowScale row(MaxLanes(sizes[r]), largest);
    out.scale[m + r] = row.scale;
    inverse[r] = Splat(row.inverse);
  }

  const int group_size = depth / groups, group_codes = RoundUp(group_size, kDepthStep);
  const size_t code_stride = size_t(groups) * group_codes;
  int8_t* codes = out.codes + m * code_stride;
  int32_t* code_sum = out.code_sum + size_t(m) * groups;
  for (int g = 0; g < groups; ++g, in += group_size, codes += group_codes) {
    I32 sum[kRows];
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) sum[r] = SplatI(0);
    ForRows<kRows>(in, stride, group_size, [&](int i, const F32(&x)[kRows]) {
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) {
        const I32 code = AsI32(x[r] * inverse[r] + Splat(kRound)) - AsI32(Splat(kRound));
        StoreLowBytes(codes + r * code_stride + i, code);
        sum[r] = sum[r] + code;
      }
    });
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) code_sum[r * groups + g] = Sum(sum[r]);
  }
}

inline void QuantizeRows(const float* in, int in_stride, int rows, int depth, int groups,
                         int largest, const QuantizedRows& out) {
  constexpr int kTogether = kMaxRows < 4 ? kMaxRows : 4;
  int m = 0;
  for (; m + kTogether <= rows; m += kTogether) {
    QuantizeTogether<kTogether>(in + size_t(m) * in_stride, in_stride, m, depth, groups, largest,
                                out);
  }
  for (; m < rows; ++m) {
    QuantizeTogether<1>(in + size_t(m) * in_stride, in_stride, m, depth, groups, largest, out);
  }
}

// A row and its norm: vector i of the normed row is computed where it is wanted, as often as it is.
class NormedRow {
 public:
  NormedRow() = default;
  NormedRow(const float* in, const NormWeights& norm) : in_(in), norm_(&norm) {
    const int dim = norm.dim;
    mean_ = Splat(SumRow(in, dim, [](F32 x) { return x; }) / float(dim));
    const float variance =
        SumRow(in, dim, [&](F32 x) { return (x - mean_) * (x - mean_); }) / float(dim);
    inverse_ = Splat(1.0f / __builtin_sqrtf(variance + norm.epsilon));
  }

  // Calls step(i, count, values i .. i + count - 1) along the row; the lanes beyond `count` are 0.
  template <typename Step>
  void ForEach(Step step) const {
    int i = 0;
    for (; i + kTileCols <= norm_->dim; i += kTileCols) {
      F32 y = (Load(in_ + i) - mean_) * inverse_ * Load(norm_->weight + i);
      if (norm_->bias != nullptr) y = y + Load(norm_->bias + i);
      step(i, kTileCols, y);
    }
    const int left = norm_->dim - i;
    if (left == 0) return;
    F32 y = (LoadFirst(in_ + i, left) - mean_) * inverse_ * LoadFirst(norm_->weight + i, left);
    if (norm_->bias != nullptr) y = y + LoadFirst(norm_->bias + i, left);
    step(i, left, Select(FirstLanes(left), y, Splat(0)));
  }

 private:
  const float* in_;
  const NormWeights* norm_;
  F32 mean_, inverse_;
};

inline void LayerNorm(const float* in, int rows, const NormWeights& norm, float* out) {
  for (int m = 0; m < rows; ++m, in += norm.dim, out += norm.dim) {
    NormedRow(in, norm).ForEach([&](int i, int count, F32 y) {
      if (count == kTileCols) return Store(out + i, y);
      StoreFirst(out + i, count, y);
    });
  }
}

// The codes of a normed row, zeros up to the next multiple of 16, and the sum of each group.
inline void QuantizeNormed(const NormedRow& normed, int group_size, F32 inverse, int8_t* codes,
                           int32_t* code_sum) {
  I32 sum = SplatI(0);
  int group_end = group_size;
  normed.ForEach([&](int i, int count, F32 y) {
    const I32 code = AsI32(y * inverse + Splat(kRound)) - AsI32(Splat(kRound));
    StoreLowBytes(codes + i, code);
    sum = sum + code;
    if (i + count < group_end) return;
    *code_sum++ = Sum(sum);
    sum = SplatI(0);
    group_end += group_size;
  });
}

// In each step a few rows by turns: what a row has to wait for, the others have behind them.
inline void LayerNormQuantize(const float* in, int rows, const NormWeights& norm, int groups,
                              int largest, const QuantizedRows& out) {
  constexpr int kTurn = 4;
  const int code_stride = RoundUp(norm.dim, kDepthStep);
  for (int begin = 0; begin < rows; begin += kTurn) {
    const int count = rows - begin < kTurn ? rows - begin : kTurn;
    NormedRow normed[kTurn];
    F32 inverse[kTurn];
    for (int r = 0; r < count; ++r) normed[r] = NormedRow(in + size_t(begin + r) * norm.dim, norm);
    for (int r = 0; r < count; ++r) {
      F32 sizes = Splat(0);
      normed[r].ForEach([&](int, int, F32 y) { sizes = Max(Abs(y), sizes); });
      const RowScale row(MaxLanes(sizes), largest);
      out.scale[begin + r] = row.scale;
      inverse[r] = Splat(row.inverse);
    }
    for (int r = 0; r < count; ++r) {
      const size_t m = begin + r;
      QuantizeNormed(normed[r], norm.dim / groups, inverse[r], out.codes + m * code_stride,
                     out.code_sum + m * groups);
    }
  }
}

inline void RowMoments(const float* in, int rows, int dim, float* sum, float* sum_squares) {
  for (int m = 0; m < rows; ++m, in += dim) {
    sum[m] = SumRow(in, dim, [](F32 x) { return x; });
    sum_squares[m] = SumRow(in, dim, [](F32 x) { return x * x; });
  }
}

inline int Clamp16(int n) { return n < 0 ? 0 : n > kTileCols ? kTileCols : n; }

inline void Softmax(float* x, int stride, int rows, int cols, const int* begin, const int* end) {
  for (int m = 0; m < rows; ++m, x += stride) {
    // x[i .. i + 15] where inside the row's span, `outside` elsewhere.
    const auto inside = [&](int i, F32 values, F32 outside) {
      const F32 from_begin = Select(FirstLanes(Clamp16(begin[m] - i)), outside, values);
      return Select(FirstLanes(Clamp16(end[m] - i)), from_begin, outside);
    };
    const int first = begin[m] / kTileCols * kTileCols;  // whole vectors: lanes follow columns

    F32 maxima = Splat(kLowest);
    for (int i = first; i < end[m]; i += kTileCols) {
      maxima = Max(inside(i, Load(x + i), Splat(kLowest)), maxima);
    }
    const F32 max = Splat(MaxLanes(maxima));

    F32 sums = Splat(0);
    for (int i = first; i < end[m]; i += kTileCols) {
      const F32 power = inside(i, Exp(Load(x + i) - max), Splat(0));
      Store(x + i, power);
      sums = sums + power;
    }
    const F32 inverse = Splat(1.0f / SumLanes(sums));

    for (int i = 0; i < cols; i += kTileCols) {
      const bool outside = i < first || i >= end[m];
      Store(x + i, outside ? Splat(0) : Load(x + i) * inverse);
    }
  }
}

inline int ArgMax(const float* in, int count) {
  F32 best = Splat(kLowest);
  I32 best_at = SplatI(0), at = LaneNumbers();
  ForRow(
      in, count, Splat(kLowest), [](F32 x) { return x; },
      [&](F32 x) {
        const Mask better = best < x;  // strictly, so that the first of equals stays
        best = Select(better, x, best);
        best_at = Select(better, at, best_at);
        at = at + SplatI(kTileCols);
      });

  float values[kTileCols];
  int32_t indices[kTileCols];
  Store(values, best);
  Store(indices, best_at);
  int lane = 0;
  for (int i = 1; i < kTileCols; ++i) {
    const bool equal = values[i] == values[lane];
    if (values[i] > values[lane] || (equal && indices[i] < indices[lane])) lane = i;
  }
  return indices[lane];
}

inline float LogSumExp(const float* in, int count) {
  const float max = MaxRow(in, count);
  const float sum = SumRow(in, count, [&](F32 x) { return Exp(x - Splat(max)); });
  float log[kTileCols];
  Store(log, Log(Splat(sum)));
  return max + log[0];
}

}  // namespace parrotlet::SIMD_TARGET
