// The tables that kernels/targets/*.cc define.
#pragma once

#include "kernels/kernels.h"

namespace parrotlet {

namespace scalar {
extern const Kernels kKernels;
}

#if defined(__x86_64__)
namespace avx2 {
extern const Kernels kKernels;
}
namespace avxvnni {
extern const Kernels kKernels;
}
namespace avx512vnni {
extern const Kernels kKernels;
}
#endif

#if defined(__aarch64__)
namespace neon {
extern const Kernels kKernels;
}
namespace neondotprod {
extern const Kernels kKernels;
}
#endif

}  // namespace parrotlet
