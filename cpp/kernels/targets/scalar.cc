// The target that every CPU runs, and the definition that the others must equal.
#include "simd/scalar.h"

#include "kernels/kernels.h"
#include "kernels/targets/targets.h"

namespace parrotlet::scalar {

// Register tiles (see avx512vnni.cc); there is nothing to gain from them here.
constexpr int Strip(int /*bits*/) { return 1; }
inline constexpr int kMaxRows = 1;
inline constexpr int kBlockTiles = 4;
constexpr int DotSums(int /*bits*/, int /*rows*/, bool /*short_groups*/) { return 1; }
constexpr int DotTiles(int /*bits*/, int /*rows*/, bool /*short_groups*/) { return 1; }
constexpr int SumVectors(int /*bits*/) { return 0; }
constexpr int FetchAhead(int /*bits*/, int /*rows*/) { return 0; }
constexpr int FloatTiles(int /*rows*/) { return 1; }
constexpr int MatMulTiles(int /*rows*/) { return 1; }

}  // namespace parrotlet::scalar

#define SIMD_TARGET scalar
#include "kernels/table-inl.h"
#undef SIMD_TARGET

namespace parrotlet::scalar {

constinit const Kernels kKernels = TableOf("scalar", [] { return true; });

}  // namespace parrotlet::scalar
