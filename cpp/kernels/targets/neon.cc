// Kernels for every 64-bit ARM CPU: NEON is part of the architecture.
#if defined(__aarch64__)

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

#include "kernels/kernels.h"
#include "kernels/targets/targets.h"

#define SIMD_TARGET neon
#include "simd/neon.h"

namespace parrotlet::neon {

// Register tiles (see avx512vnni.cc): a tile's int16 sums are 8 of 32 registers. The
// multiplications have a pipe of their own on such CPUs, so that shifting planes costs little.
constexpr int Strip(int /*bits*/) { return 1; }
inline constexpr int kMaxRows = 2;
inline constexpr int kBlockTiles = 4;
constexpr int DotSums(int /*bits*/, int /*rows*/, bool /*short_groups*/) { return 1; }
constexpr int DotTiles(int /*bits*/, int /*rows*/, bool /*short_groups*/) { return 1; }
constexpr int SumVectors(int /*bits*/) { return 6; }
constexpr int FetchAhead(int /*bits*/, int /*rows*/) { return 0; }
constexpr int FloatTiles(int rows) { return rows == 1 ? 4 : 2; }
constexpr int MatMulTiles(int rows) { return rows == 1 ? 3 : 2; }

}  // namespace parrotlet::neon

#include "kernels/table-inl.h"
#undef SIMD_TARGET

namespace parrotlet::neon {

constinit const Kernels kKernels = TableOf("neon", [] { return true; });

}  // namespace parrotlet::neon

#endif  // defined(__aarch64__)
