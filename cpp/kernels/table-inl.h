// The table of one target, over everything that the other -inl.h files define.
// Included only by kernels/targets/*.cc, which name the target; hence no guard.

#include "kernels/math-inl.h"
#include "kernels/rows-inl.h"

// These use the ones above.
#include "kernels/elementwise-inl.h"
#include "kernels/epilogue-inl.h"
#include "kernels/linear-inl.h"

// And these the linears' walk and end.
#include "kernels/linear_quantized-inl.h"
#include "kernels/linear_unpacked-inl.h"
#include "kernels/matmul-inl.h"

namespace parrotlet::SIMD_TARGET {

constexpr bool PacksInStrips() {
  for (const int bits : kWeightBits) {
    if (Strip(bits) != 1 && Strip(bits) != kStripTiles) return false;
  }
  return true;
}
static_assert(PacksInStrips(), "kStrips, in quant/weight_format.h, lists them");

constexpr Kernels TableOf(const char* target, bool (*supported)()) {
  return {.target = target,
          .supported = supported,
          .strip = Strip,
          .linear_f32 = LinearF32,
          .linear_w8 = LinearW8,
          .linear_w4 = LinearW4,
          .linear_w2 = LinearW2,
          .linear_w8_f32 = LinearW8F32,
          .linear_w4_f32 = LinearW4F32,
          .linear_w2_f32 = LinearW2F32,
          .matmul = MatMul,
          .quantize_rows = QuantizeRows,
          .layer_norm = LayerNorm,
          .layer_norm_quantize = LayerNormQuantize,
          .softmax = Softmax,
          .gelu = GeluAll,
          .silu = SiluAll,
          .tanh = TanhAll,
          .exp = ExpAll,
          .log = LogAll,
          .glu = GluRows,
          .gated_silu = GatedSiluRows,
          .depthwise_conv = DepthwiseConv,
          .row_moments = RowMoments,
          .argmax = ArgMax,
          .log_sum_exp = LogSumExp};
}

}  // namespace parrotlet::SIMD_TARGET
