// Times linears on request, so that a program beside it can measure others in turn. Reads commands
// from standard input, a line each, and answers each with a line of JSON:
//   targets                                            names of those that this CPU runs
//   limits TARGET                                      its dot limit in GOPS, GB/s by cache level
//   open TARGET BITS GROUP SCHEME ACTIVATIONS ROWS DEPTH COLS COPIES
//                                                      limit in GOPS; cases are numbered from 0
//   run CASE MILLISECONDS                              median microseconds of one linear
//   close                                              forgets all cases
//   fused TARGET FUSION BITS ROWS MILLISECONDS         time of the fused one by that of its kernels
// A case of several copies runs them in turn, each with its own weights.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "aligned.h"
#include "fused_case.h"
#include "kernels/kernels.h"
#include "limits.h"
#include "linear_case.h"

namespace parrotlet {
namespace {

using Clock = std::chrono::steady_clock;
using Copies = std::vector<std::unique_ptr<LinearCase>>;

double Microseconds(Clock::time_point since) {
  return std::chrono::duration<double, std::micro>(Clock::now() - since).count();
}

const Kernels* FindKernels(const std::string& target) {
  for (const Kernels* kernels : AllKernels()) {
    if (kernels->target == target && kernels->supported()) return kernels;
  }
  return nullptr;
}

void RunAll(const Copies& copies, int times) {
  for (int i = 0; i < times; ++i) {
    for (const auto& copy : copies) copy->Run();
  }
}

double MiddleOf(std::vector<double> values) {
  const auto middle = values.begin() + values.size() / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Microseconds of one linear: the median of short stretches, so that what interrupts few of them
// does not count.
double Median(const Copies& copies, double milliseconds) {
  constexpr double kStretchMicroseconds = 30;
  constexpr size_t kLeastStretches = 3;
  const auto first = Clock::now();
  RunAll(copies, 1);
  const int times = 1 + int(kStretchMicroseconds / Microseconds(first));
  std::vector<double> stretches;
  const auto begin = Clock::now();
  do {
    const auto since = Clock::now();
    RunAll(copies, times);
    stretches.push_back(Microseconds(since) / times / double(copies.size()));
  } while (stretches.size() < kLeastStretches || Microseconds(begin) < milliseconds * 1e3);
  return MiddleOf(std::move(stretches));
}

void PrintTargets() {
  const char* separator = "[";
  for (const Kernels* kernels : AllKernels()) {
    if (!kernels->supported()) continue;
    std::printf("%s\"%s\"", separator, kernels->target);
    separator = ",";
  }
  std::printf("]\n");
}

// What fits well into a level of the cache of this CPU, at most 16 MiB; a guess where the system
// does not tell.
size_t BytesOfLevel(int level) {
  constexpr size_t kGuess[] = {16 << 10, 128 << 10, 4 << 20};
  long size = 0;
#ifdef _SC_LEVEL1_DCACHE_SIZE
  constexpr int kNames[] = {_SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE};
  size = sysconf(kNames[level]);
#endif
  const size_t half = size > 4096 ? size_t(size) / 2 : kGuess[level];
  return std::min(half, size_t{16} << 20) / 1024 * 1024;
}

bool PrintLimits(std::istream& words) {
  std::string target;
  words >> target;
  if (FindKernels(target) == nullptr) return false;
  std::printf("{\"dotGops\":%.1f,\"reads\":[", DotLimit(target));
  for (int level = 0; level < 3; ++level) {
    const size_t count = BytesOfLevel(level);
    const auto bytes = AllocateAligned<uint8_t>(count);
    std::fill_n(bytes.get(), count, uint8_t{1});
    std::printf("%s{\"bytes\":%zu,\"gbps\":%.1f}", level == 0 ? "" : ",", count,
                ReadLimit(target, bytes.get(), count));
  }
  std::printf("]}\n");
  return true;
}

template <typename List, typename Value>
bool Holds(const List& list, const Value& value) {
  return std::find(std::begin(list), std::end(list), value) != std::end(list);
}

bool Open(std::istream& words, std::vector<Copies>& cases) {
  const std::vector<std::string> schemes = {"symmetric", "midRise", "affine"};  // as in Scheme
  std::string target, scheme;
  WeightFormat format;
  int rows = 0, depth = 0, cols = 0, copies = 0;
  words >> target >> format.bits >> format.group_size >> scheme >> format.activation_bits >> rows >>
      depth >> cols >> copies;
  const Kernels* kernels = FindKernels(target);
  const int group = format.group_size;
  if (!words || kernels == nullptr || !Holds(kWeightBits, format.bits) || !Holds(schemes, scheme) ||
      !Holds(kActivationBits, format.activation_bits) || group < 1 || depth < 1 ||
      depth % group != 0 || (group != depth && group % kDepthStep != 0) || rows < 1 || cols < 1 ||
      copies < 1) {
    return false;
  }
  format.scheme = Scheme(std::find(schemes.begin(), schemes.end(), scheme) - schemes.begin());
  Copies& made = cases.emplace_back();
  for (int i = 0; i < copies; ++i) {
    made.push_back(std::make_unique<LinearCase>(*kernels, format, rows, depth, cols));
  }
  std::printf("{\"limitGops\":%.1f}\n", made.front()->Limit());
  return true;
}

bool RunCase(std::istream& words, const std::vector<Copies>& cases) {
  size_t number = 0;
  double milliseconds = 0;
  words >> number >> milliseconds;
  if (!words || number >= cases.size()) return false;
  std::printf("{\"us\":%.4f}\n", Median(cases[number], milliseconds));
  return true;
}

double MicrosecondsOf(const std::function<void()>& work) {
  const auto begin = Clock::now();
  for (int i = 0; i < 20; ++i) work();
  return Microseconds(begin);
}

// The median of many turns, each of which runs both.
bool RunFused(std::istream& words) {
  std::string target, fusion;
  int bits = 0, rows = 0;
  double milliseconds = 0;
  words >> target >> fusion >> bits >> rows >> milliseconds;
  const Kernels* kernels = FindKernels(target);
  if (!words || kernels == nullptr || !Holds(kFusions, fusion) || !Holds(kWeightBits, bits) ||
      rows < 1) {
    return false;
  }
  const FusedCase made = MakeFused(*kernels, fusion, bits, rows);
  std::vector<double> ratios;
  const auto begin = Clock::now();
  do {
    const double separate = MicrosecondsOf(made.separate);
    ratios.push_back(MicrosecondsOf(made.fused) / separate);
  } while (Microseconds(begin) < milliseconds * 1e3);
  std::printf("{\"ratio\":%.3f}\n", MiddleOf(std::move(ratios)));
  return true;
}

bool Answer(const std::string& line, std::vector<Copies>& cases) {
  std::istringstream words(line);
  std::string command;
  words >> command;
  if (command == "limits") return PrintLimits(words);
  if (command == "open") return Open(words, cases);
  if (command == "run") return RunCase(words, cases);
  if (command == "fused") return RunFused(words);
  if (command != "targets" && command != "close") return false;
  if (command == "targets") {
    PrintTargets();
  } else {
    cases.clear();
    std::printf("{}\n");
  }
  return true;
}

}  // namespace
}  // namespace parrotlet

int main() {
  std::vector<parrotlet::Copies> cases;
  for (std::string line; std::getline(std::cin, line);) {
    if (!parrotlet::Answer(line, cases)) {
      std::fprintf(stderr, "Expected a command as in bench/cpp/measure.cc, got \"%s\".\n",
                   line.c_str());
      return 1;
    }
    std::fflush(stdout);
  }
}
