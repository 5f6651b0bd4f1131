// Kernels for x86-64 CPUs with AVX-512 and its vector neural network instructions.
#if defined(__x86_64__)

#include <immintrin.h>

#include "kernels/kernels.h"
#include "kernels/targets/targets.h"

namespace parrotlet::avx512vnni {

static bool Supported() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vnni");
}

}  // namespace parrotlet::avx512vnni

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")
// gcc 12 takes the undefined operand inside its own intrinsics for a mistake (its bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

#include "simd/avx512vnni.h"

namespace parrotlet::avx512vnni {

// Register tiles: rows of activations by tiles of 16 columns, whose sums stay in the 32 registers.
// More rows share the unpacking of a weight; at one row, tiles side by side hide the latency of the
// dot product. A linear takes kBlockTiles tiles through all rows before it goes on. Strip: how
// weights are packed (quant/pack.h).
constexpr int Strip(int /*bits*/) { return kStripTiles; }
inline constexpr int kMaxRows = 8;
inline constexpr int kBlockTiles = 12;

// Planes of a packed line that are summed unshifted, each in registers of its own. Short groups
// want fewer, as these are put together at the end of each group.
constexpr int DotSums(int bits, int rows, bool short_groups) {
  if (bits == 8 || rows > 2) return 1;
  if (bits == 4) return 2;
  return rows > 1 ? 1 : short_groups ? 2 : 4;
}
constexpr int DotTiles(int /*bits*/, int rows, bool /*short_groups*/) { return rows <= 5 ? 4 : 2; }
// Vectors of 16 lanes that the registers hold beside the operands of dots: if sums and the output
// are more, the output waits in memory while a group is summed.
constexpr int SumVectors(int /*bits*/) { return 26; }
// Bytes ahead that weights are asked for; 0 where the CPU does it as well by itself.
constexpr int FetchAhead(int bits, int rows) {
  return bits == 8 || (bits == 4 && rows == 1) ? 2048 : 0;
}
constexpr int FloatTiles(int rows) { return rows <= 2 ? 4 : 2; }
constexpr int MatMulTiles(int /*rows*/) { return 3; }

}  // namespace parrotlet::avx512vnni

#define SIMD_TARGET avx512vnni
#include "kernels/table-inl.h"
#undef SIMD_TARGET

namespace parrotlet::avx512vnni {

constinit const Kernels kKernels = TableOf("avx512vnni", Supported);

}  // namespace parrotlet::avx512vnni

#pragma GCC pop_options

#endif  // defined(__x86_64__)
