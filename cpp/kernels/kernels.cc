// The list of targets, and the choice among them.
#include "kernels/kernels.h"

#include <cstdlib>
#include <cstring>

#include "kernels/targets/targets.h"

namespace parrotlet {
namespace {

constexpr const Kernels* kAll[] = {
#if defined(__x86_64__)
    &avx512vnni::kKernels,
    &avxvnni::kKernels,
    &avx2::kKernels,
#elif defined(__aarch64__)
    &neondotprod::kKernels,
    &neon::kKernels,
#endif
    &scalar::kKernels,
};

// Names of the targets that this CPU runs, "avx2, scalar".
void ListAvailable(char* text, size_t size) {
  text[0] = '\0';
  for (const Kernels* kernels : kAll) {
    if (!kernels->supported()) continue;
    const size_t used = std::strlen(text);
    std::snprintf(text + used, size - used, "%s%s", used == 0 ? "" : ", ", kernels->target);
  }
}

}  // namespace

std::span<const Kernels* const> AllKernels() { return kAll; }

Result<const Kernels*> ChooseKernels() {
  const char* wanted = std::getenv("PARROTLET_TARGET");
  const bool any = wanted == nullptr || wanted[0] == '\0';
  for (const Kernels* kernels : kAll) {
    if ((any || std::strcmp(wanted, kernels->target) == 0) && kernels->supported()) return kernels;
  }
  char available[128];
  ListAvailable(available, sizeof available);
  return Status::Error(
      Code::kTargetUnavailable,
      "PARROTLET_TARGET asks for \"%.64s\", which this build or CPU does not have; "
      "set it to one of %s, or unset it",
      wanted, available);
}

}  // namespace parrotlet
