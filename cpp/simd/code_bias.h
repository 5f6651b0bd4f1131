// How far packed weight codes stand above the true ones: as this family of CPUs multiplies best.
#pragma once

namespace parrotlet {

// x86 multiplies unsigned bytes by signed activations. ARM multiplies signed by signed, where codes
// of less than 8 bits are positive all the same, and pulled out of a byte by one shift or mask.
#if defined(__aarch64__)
inline constexpr bool kSignedBytes = true;
#else
inline constexpr bool kSignedBytes = false;
#endif

template <int kBits>
inline constexpr int kCodeBias = kBits == 8 && kSignedBytes ? 0 : 1 << (kBits - 1);

}  // namespace parrotlet
