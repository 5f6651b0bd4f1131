// Parts of layers in two ways: one kernel after the other, and fused.
#pragma once

#include <functional>
#include <string>

#include "kernels/kernels.h"

namespace parrotlet {

// Both compute the same, of the sizes of the default model.
struct FusedCase {
  std::function<void()> separate, fused;
};

inline constexpr const char* kFusions[] = {"linear+gelu", "linear+residual", "linear+gate",
                                           "norm+quantize"};

// `fusion` is one of kFusions; `kernels` outlive the case.
FusedCase MakeFused(const Kernels& kernels, const std::string& fusion, int bits, int rows);

}  // namespace parrotlet
