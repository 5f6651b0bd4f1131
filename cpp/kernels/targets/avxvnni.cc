// Kernels for x86-64 CPUs with AVX2 and AVX-VNNI, the dot product without AVX-512.
#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#include "kernels/kernels.h"
#include "kernels/targets/targets.h"

namespace parrotlet::avxvnni {

// Asked of the CPU itself: older compilers do not know the name. That the system keeps the
// registers is asked with AVX2.
static bool Supported() {
  constexpr unsigned kAvxVnni = 1u << 4;
  unsigned a, b, c, d;
  return __builtin_cpu_supports("avx2") && __get_cpuid_count(7, 1, &a, &b, &c, &d) &&
         (a & kAvxVnni) != 0;
}

}  // namespace parrotlet::avxvnni

#pragma GCC push_options
#pragma GCC target("avx2,avxvnni")

#define SIMD_TARGET avxvnni
#include "simd/avxvnni.h"

namespace parrotlet::avxvnni {

// Register tiles (see avx512vnni.cc): 16 registers of half a vector. A dot takes five cycles and
// two begin in each, so that ten sums are wanted, or as many as the registers allow.
constexpr int Strip(int bits) { return bits == 8 ? kStripTiles : 1; }
inline constexpr int kMaxRows = 5;
inline constexpr int kBlockTiles = 4;
constexpr int DotSums(int bits, int rows, bool short_groups) {
  if (bits == 8 || rows > 3) return 1;
  if (bits == 2 && rows == 3 && short_groups) return 1;
  return bits == 2 && rows == 1 && !short_groups ? 4 : 2;
}
constexpr int DotTiles(int bits, int rows, bool short_groups) {
  if (bits == 8) return rows == 1 ? 4 : rows == 2 ? 2 : 1;
  return rows == 1 && (bits == 4 || short_groups) ? 2 : 1;
}
constexpr int SumVectors(int bits) { return bits == 2 ? 2 : 6; }
constexpr int FetchAhead(int bits, int rows) {
  return bits == 8 ? 2048 : bits == 4 && rows == 1 ? 6144 : 0;
}
constexpr int FloatTiles(int rows) { return rows == 1 ? 4 : rows == 2 ? 2 : 1; }
constexpr int MatMulTiles(int rows) { return rows == 1 ? 3 : rows == 2 ? 2 : 1; }

}  // namespace parrotlet::avxvnni

#include "kernels/table-inl.h"
#undef SIMD_TARGET

namespace parrotlet::avxvnni {

constinit const Kernels kKernels = TableOf("avxvnni", Supported);

}  // namespace parrotlet::avxvnni

#pragma GCC pop_options

#endif  // defined(__x86_64__)
