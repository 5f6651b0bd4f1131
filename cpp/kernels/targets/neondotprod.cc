// Kernels for 64-bit ARM CPUs with the dot product instructions, from Armv8.2 on.
#if defined(__aarch64__)

#include <arm_neon.h>
#if defined(__linux__)
#include <sys/auxv.h>
#endif

#include <cstddef>
#include <cstdint>

#include "kernels/kernels.h"
#include "kernels/targets/targets.h"

namespace parrotlet::neondotprod {

static bool Supported() {
#if defined(__ARM_FEATURE_DOTPROD)
  return true;  // the whole build is for such CPUs
#elif defined(__linux__)
  constexpr unsigned long kDotProducts = 1ul << 20;  // HWCAP_ASIMDDP
  return (getauxval(AT_HWCAP) & kDotProducts) != 0;
#else
  return false;
#endif
}

}  // namespace parrotlet::neondotprod

#if !defined(__clang__)  // for which the whole build must say so, as Apple's does
#pragma GCC push_options
#pragma GCC target("arch=armv8.2-a+dotprod")
#endif

#define SIMD_TARGET neondotprod
#include "simd/neondotprod.h"

namespace parrotlet::neondotprod {

// Register tiles (see avx512vnni.cc): a tile's sums are 4 of 32 registers. The highest plane of a
// line is one shift, the others one mask, where each of these has sums of its own.
constexpr int Strip(int /*bits*/) { return 1; }
inline constexpr int kMaxRows = 4;
inline constexpr int kBlockTiles = 4;
constexpr int DotSums(int bits, int rows, bool /*short_groups*/) {
  return bits == 2 && rows == 1 ? 3 : 1;
}
constexpr int DotTiles(int bits, int rows, bool short_groups) {
  if (bits == 2 || rows > 2) return 1;
  if (bits == 8) return rows == 2 ? 1 : short_groups ? 2 : 4;
  return rows == 2 && short_groups ? 1 : 2;
}
constexpr int SumVectors(int /*bits*/) { return 8; }
constexpr int FetchAhead(int /*bits*/, int /*rows*/) { return 0; }
constexpr int FloatTiles(int rows) { return rows == 1 ? 4 : rows == 2 ? 2 : 1; }
constexpr int MatMulTiles(int rows) { return rows == 1 ? 3 : rows == 2 ? 2 : 1; }

}  // namespace parrotlet::neondotprod

#include "kernels/table-inl.h"
#undef SIMD_TARGET

namespace parrotlet::neondotprod {

constinit const Kernels kKernels = TableOf("neondotprod", Supported);

}  // namespace parrotlet::neondotprod

#if !defined(__clang__)
#pragma GCC pop_options
#endif

#endif  // defined(__aarch64__)
