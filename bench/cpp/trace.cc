// Runs one linear between two marks, for a program that records which instructions were executed:
//   parrotlet_trace TARGET BITS GROUP ROWS DEPTH COLS
#include <cstdio>
#include <cstdlib>
#include <string>

#include "kernels/kernels.h"
#include "linear_case.h"

// The marks; found by their names.
extern "C" {
[[gnu::noinline]] void parrotlet_trace_begin() { asm volatile(""); }
[[gnu::noinline]] void parrotlet_trace_end() { asm volatile(""); }
}

int main(int argc, char** argv) {
  using namespace parrotlet;
  const auto number = [&](int at) { return std::atoi(argv[at]); };
  if (argc == 7) {
    const WeightFormat format{.bits = number(2), .group_size = number(3)};
    for (const Kernels* kernels : AllKernels()) {
      if (kernels->target != std::string(argv[1]) || !kernels->supported()) continue;
      const LinearCase linear(*kernels, format, number(4), number(5), number(6));
      parrotlet_trace_begin();
      linear.Run();
      parrotlet_trace_end();
      return 0;
    }
  }
  std::fprintf(stderr, "usage: parrotlet_trace TARGET BITS GROUP ROWS DEPTH COLS\n");
  return 1;
}
