// Kernels for x86-64 CPUs with AVX2.
#if defined(__x86_64__)

#include <immintrin.h>

#include "kernels/kernels.h"
#include "kernels/targets/targets.h"

namespace parrotlet::avx2 {

static bool Supported() { return __builtin_cpu_supports("avx2"); }

}  // namespace parrotlet::avx2

#pragma GCC push_options
#pragma GCC target("avx2")

#define SIMD_TARGET avx2
#include "simd/avx2.h"

namespace parrotlet::avx2 {

// Register tiles (see avx512vnni.cc): 16 registers of half a vector hold four rows of sums. Beside
// them int8 has so much to do for each dot that two tiles, whose sums partly wait in memory, are
// faster.
constexpr int Strip(int /*bits*/) { return 1; }
inline constexpr int kMaxRows = 4;
inline constexpr int kBlockTiles = 4;
constexpr int DotSums(int bits, int rows, bool /*short_groups*/) {
  return bits == 2 && rows <= 2 ? 2 : 1;
}
constexpr int DotTiles(int bits, int rows, bool /*short_groups*/) {
  return bits == 8 ? (rows == 3 ? 1 : 2) : bits == 4 && rows == 1 ? 2 : 1;
}
constexpr int SumVectors(int /*bits*/) { return 2; }
constexpr int FetchAhead(int bits, int rows) { return bits >= 4 && rows == 1 ? 6144 : 0; }
constexpr int FloatTiles(int rows) { return rows == 1 ? 4 : rows == 2 ? 2 : 1; }
constexpr int MatMulTiles(int rows) { return rows == 1 ? 3 : rows == 2 ? 2 : 1; }

}  // namespace parrotlet::avx2

#include "kernels/table-inl.h"
#undef SIMD_TARGET

namespace parrotlet::avx2 {

constinit const Kernels kKernels = TableOf("avx2", Supported);

}  // namespace parrotlet::avx2

#pragma GCC pop_options

#endif  // defined(__x86_64__)
