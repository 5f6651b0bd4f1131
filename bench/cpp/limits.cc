// Loops of nothing but one instruction, in assembly, so that a compiler adds and removes nothing.
#include "limits.h"

#include <algorithm>
#include <chrono>
#include <iterator>

namespace parrotlet {
namespace {

// The least time of several runs, in seconds.
template <typename Work>
double Seconds(Work work) {
  double least = 1e9;
  for (int run = 0; run < 40; ++run) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    least = std::min(least, taken.count());
  }
  return least;
}

// Twelve independent sums hide the latency of one.
#define TWELVE(one)                                                                         \
  one("0") one("1") one("2") one("3") one("4") one("5") one("6") one("7") one("8") one("9") \
      one("10") one("11")
// Sixteen loads.
#define SIXTEEN(load)                                                                       \
  load("0") load("1") load("2") load("3") load("4") load("5") load("6") load("7") load("8") \
      load("9") load("10") load("11") load("12") load("13") load("14") load("15")

struct Limit {
  std::string_view target;
  int dot_bytes;            // that one dot takes of the weights
  void (*dots)(int times);  // twelve dots each time
  void (*loads)(const uint8_t* bytes, size_t count);
};

#if defined(__x86_64__)
#define CLOBBERED                                                                          \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", \
      "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
#define DOT512(n) "vpdpbusd %%zmm12, %%zmm13, %%zmm" n "\n"
#define DOT256(n) "%{vex%} vpdpbusd %%ymm12, %%ymm13, %%ymm" n "\n"
// The pair that makes up a dot of AVX2; the sums are of 16 bits.
#define DOT_AVX2(n) \
  "vpmaddubsw %%ymm12, %%ymm13, %%ymm14\n vpaddw %%ymm14, %%ymm" n ", %%ymm" n "\n"
#define LOAD512(n) "vmovdqu64 64*" n "(%0), %%zmm" n "\n"
#define LOAD256(n) "vmovdqu 32*" n "(%0), %%ymm" n "\n"

#define LOOPS(name, dot, load, load_bytes)                                            \
  void Dots##name(int times) {                                                        \
    for (; times > 0; --times) asm volatile(TWELVE(dot)::: CLOBBERED);                \
    asm volatile("vzeroupper" ::: CLOBBERED);                                         \
  }                                                                                   \
  void Loads##name(const uint8_t* bytes, size_t count) {                              \
    for (const uint8_t* end = bytes + count; bytes < end; bytes += 16 * load_bytes) { \
      asm volatile(SIXTEEN(load)::"r"(bytes) : "memory", CLOBBERED);                  \
    }                                                                                 \
    asm volatile("vzeroupper" ::: CLOBBERED);                                         \
  }
LOOPS(512, DOT512, LOAD512, 64)
LOOPS(256, DOT256, LOAD256, 32)
LOOPS(Avx2, DOT_AVX2, LOAD256, 32)

constexpr Limit kLimits[] = {
    {"avx512vnni", 64, Dots512, Loads512},
    {"avxvnni", 32, Dots256, Loads256},
    {"avx2", 32, DotsAvx2, LoadsAvx2},
};
#else
constexpr Limit kLimits[] = {{}};
#endif

const Limit* LimitOf(std::string_view target) {
  const auto found = std::find_if(std::begin(kLimits), std::end(kLimits),
                                  [&](const Limit& limit) { return limit.target == target; });
  return found == std::end(kLimits) ? nullptr : found;
}

}  // namespace

double DotLimit(std::string_view target) {
  const Limit* limit = LimitOf(target);
  if (limit == nullptr) return 0;
  static double known[std::size(kLimits)] = {};
  double& gops = known[limit - kLimits];
  constexpr int kTimes = 20000;
  if (gops == 0) {
    const double seconds = Seconds([&] { limit->dots(kTimes); });
    gops = 2e-9 * 12 * kTimes * limit->dot_bytes / seconds;
  }
  return gops;
}

double ReadLimit(std::string_view target, const uint8_t* bytes, size_t count) {
  const Limit* limit = LimitOf(target);
  if (limit == nullptr) return 0;
  const size_t times = 1 + (size_t(1) << 21) / count;
  const double seconds = Seconds([&] {
    for (size_t i = 0; i < times; ++i) limit->loads(bytes, count);
  });
  return 1e-9 * double(times * count) / seconds;
}

}  // namespace parrotlet
