// Every computation that is worth a SIMD instruction, as one table of functions per target.
//
// One definition, bit for bit: all targets give the same bits as `scalar`, floats included. That
// holds because (a) vectors have 16 lanes on every target (in one, two or four registers), (b) no
// multiply-add is ever fused, (c) sums run in the order written here: a matrix product adds its
// terms in ascending depth, a reduction over a row keeps 16 partial sums (element i goes to sum i
// mod 16) and folds them in halves: 8, 4, 2, 1. Rows never influence each other, so a step over
// many rows equals many steps over one.
//
// `*_stride` are in elements. Unless said otherwise pointers need no alignment, input and output
// must not overlap, and nothing beyond [rows][cols] is written.
#pragma once

#include <cstdint>
#include <span>

#include "core/status.h"
#include "kernels/epilogue.h"
#include "quant/pack.h"

namespace parrotlet {

// Activations quantized per row: x = scale * q.
struct QuantizedRows {
  int8_t* codes = nullptr;      // [rows][padded_depth], each in [-127, 127], zeros beyond depth
  float* scale = nullptr;       // [rows]
  int32_t* code_sum = nullptr;  // [rows][groups]: sum of codes in each group of the weight
};

// out[m][n] = bias[n] + sum over k of in[m][k] * weight[n][k]
// floats:   s = 0; for k ascending: s = s + in[m][k] * weight[n][k]; out = s + bias[n], where a
//           quantized weight is scale[g][n] * float(q) - zero[g][n].
// integers: s = 0; for g ascending: s = s + float(dot(m, n, g)) * (act_scale[m] * scale[g][n]),
//           s = s - float(code_sum(m, g)) * (act_scale[m] * zero[g][n]); out = s + bias[n], where
//           dot and code_sum are exact in int32 for groups of up to 2^16 inputs.
// Without zeros nothing is taken off, and a null bias adds nothing at all. The epilogue is applied
// to each value while it is in a register or in the nearest cache.
struct LinearArgs {
  int rows = 0;
  const PackedMatrix* weight = nullptr;
  const float* in = nullptr;  // [rows][in_stride]; not used by products of integers
  int in_stride = 0;
  QuantizedRows act;            // used by these alone
  const float* bias = nullptr;  // [cols] or null
  float* out = nullptr;         // [rows][out_stride]
  int out_stride = 0;
  Epilogue epilogue;
};

// out = (x - mean) / sqrt(variance + epsilon) * weight + bias, per row; bias may be null. The
// variance is the mean of (x - mean)^2.
struct NormWeights {
  int dim = 0;
  const float* weight = nullptr;
  const float* bias = nullptr;
  float epsilon = 0;
};

// s = accumulate ? c[m][n] : 0; for k ascending: s = s + a[m][k] * b[k][n]; c[m][n] = s.
// Reads b up to the next multiple of 16 columns: the memory must be there, the values are not used.
struct MatMulArgs {
  int rows = 0, cols = 0, depth = 0;
  const float* a = nullptr;
  int a_stride = 0;
  const float* b = nullptr;
  int b_stride = 0;
  float* c = nullptr;
  int c_stride = 0;
  bool accumulate = false;
};

struct Kernels {
  const char* target;      // "scalar", "avx2", "neon", ...
  bool (*supported)();     // whether this CPU can run it
  int (*strip)(int bits);  // how weights of so many bits are to be packed for it, of kStrips

  // Matrix products: of floats; of integers, linear_w8 standing for W8A8 and W8A4, and so on; of
  // float activations with quantized weights.
  void (*linear_f32)(const LinearArgs&);
  void (*linear_w8)(const LinearArgs&);
  void (*linear_w4)(const LinearArgs&);
  void (*linear_w2)(const LinearArgs&);
  void (*linear_w8_f32)(const LinearArgs&);
  void (*linear_w4_f32)(const LinearArgs&);
  void (*linear_w2_f32)(const LinearArgs&);
  void (*matmul)(const MatMulArgs&);

  // Per row: scale = max|x| / largest, q = round-to-nearest-even(x * (largest / max|x|)), all zero
  // where max|x| is below 1e-30. `in` [rows][in_stride], finite; groups divides depth; `largest` is
  // a code, at most 127.
  void (*quantize_rows)(const float* in, int in_stride, int rows, int depth, int groups,
                        int largest, const QuantizedRows& out);

  // Rows are dense, [rows][dim]; `out` may be `in`.
  void (*layer_norm)(const float* in, int rows, const NormWeights& norm, float* out);

  // layer_norm, then quantize_rows, without the floats between.
  void (*layer_norm_quantize)(const float* in, int rows, const NormWeights& norm, int groups,
                              int largest, const QuantizedRows& out);

  // Softmax in place over x[begin[m]] .. x[end[m] - 1] of each row m; the rest of the row's `cols`
  // becomes zero. Row starts must be 64-byte aligned and cols a multiple of 16, so that a value's
  // lane depends on its column alone. begin < end.
  void (*softmax)(float* x, int stride, int rows, int cols, const int* begin, const int* end);

  // Elementwise, in place allowed (out == in).
  void (*gelu)(const float* in, int count, float* out);  // x/2 (1 + erf(x/sqrt 2)), <= 4e-7 abs
  void (*silu)(const float* in, int count, float* out);  // x sigmoid(x), <= 4 ulp; 0 below -87
  void (*tanh)(const float* in, int count, float* out);  // <= 4 ulp
  void (*exp)(const float* in, int count, float* out);   // x <= 0, <= 4 ulp; 0 below -87
  void (*log)(const float* in, int count, float* out);   // natural, x > 0 normal, <= 4 ulp

  // Gated units over rows of 2*dim: (value | gate) -> dim. out rows are dense.
  void (*glu)(const float* in, int rows, int dim, float* out);         // value * sigmoid(gate)
  void (*gated_silu)(const float* in, int rows, int dim, float* out);  // value * silu(gate)

  // out[t][c] = bias[c] + sum over k ascending of in[t + k][c] * weight[k][c], started from 0 like
  // a linear; in is [rows + kernel - 1][dim], weight [kernel][dim].
  void (*depthwise_conv)(const float* in, int rows, int dim, int kernel, const float* weight,
                         const float* bias, float* out);

  // sum[m] and sum_squares[m] of each dense row of `dim`, by the 16-lane rule.
  void (*row_moments)(const float* in, int rows, int dim, float* sum, float* sum_squares);

  // Index of the largest value, the first of equals. count >= 1.
  int (*argmax)(const float* in, int count);

  // log of the sum of exp over `count` values, by the 16-lane rule. count >= 1.
  float (*log_sum_exp)(const float* in, int count);
};

// Every target compiled into this build, fastest first; the last is `scalar`, the definition.
std::span<const Kernels* const> AllKernels();

// The first that this CPU supports, or the one PARROTLET_TARGET names; kTargetUnavailable if it
// names one that this build or CPU lacks.
Result<const Kernels*> ChooseKernels();

// The linear function of this table for a weight format.
inline auto LinearFor(const Kernels& kernels, const WeightFormat& format) {
  const bool rounds = format.rounds_rows();
  switch (format.bits) {
    case 8:
      return rounds ? kernels.linear_w8 : kernels.linear_w8_f32;
    case 4:
      return rounds ? kernels.linear_w4 : kernels.linear_w4_f32;
    case 2:
      return rounds ? kernels.linear_w2 : kernels.linear_w2_f32;
    default:
      return kernels.linear_f32;
  }
}

}  // namespace parrotlet
