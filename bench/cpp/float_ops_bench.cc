// Speed of the float kernels of every target that this CPU runs, on the sizes of a small encoder:
// one thread, everything in the first-level cache. G/s counts values (for matmul, operations).
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "kernels/kernels.h"

namespace parrotlet {
namespace {

constexpr int kCount = 1152;  // a feed-forward row

void Elementwise(benchmark::State& state, void (*function)(const float*, int, float*)) {
  std::vector<float> in(kCount), out(kCount);
  for (int i = 0; i < kCount; ++i) in[i] = float(i + 1) * 0.005f;
  for (auto _ : state) {
    function(in.data(), kCount, out.data());
    benchmark::ClobberMemory();
  }
  state.counters["G/s"] =
      benchmark::Counter(kCount / 1e9, benchmark::Counter::kIsIterationInvariantRate);
}

void LayerNorm(benchmark::State& state, const Kernels* kernels) {
  std::vector<float> in(288, 0.5f), weight(288, 1.0f), out(288);
  for (auto _ : state) {
    kernels->layer_norm(in.data(), 1, {288, weight.data(), nullptr, 1e-5f}, out.data());
    benchmark::ClobberMemory();
  }
  state.counters["G/s"] =
      benchmark::Counter(288 / 1e9, benchmark::Counter::kIsIterationInvariantRate);
}

void Softmax(benchmark::State& state, const Kernels* kernels) {
  alignas(64) static float x[464];
  const int begin = 0, end = 453;
  for (auto _ : state) {
    kernels->softmax(x, 464, 1, 464, &begin, &end);
    benchmark::ClobberMemory();
  }
  state.counters["G/s"] =
      benchmark::Counter(464 / 1e9, benchmark::Counter::kIsIterationInvariantRate);
}

// Attention scores (27 queries of 36 dimensions on 453 keys) and their values.
void MatMul(benchmark::State& state, const Kernels* kernels, int cols, int depth) {
  std::vector<float> a(27 * 464, 0.5f), b(464 * 464, 0.25f), c(27 * 464);
  for (auto _ : state) {
    kernels->matmul({27, cols, depth, a.data(), 464, b.data(), 464, c.data(), 464, false});
    benchmark::ClobberMemory();
  }
  const double operations = 2.0 * 27 * cols * depth;
  state.counters["G/s"] =
      benchmark::Counter(operations / 1e9, benchmark::Counter::kIsIterationInvariantRate);
}

const bool kRegistered = [] {
  for (const Kernels* kernels : AllKernels()) {
    if (!kernels->supported()) continue;
    const auto name = [&](const char* what) { return std::string(what) + "/" + kernels->target; };
    benchmark::RegisterBenchmark(name("gelu").c_str(), Elementwise, kernels->gelu);
    benchmark::RegisterBenchmark(name("silu").c_str(), Elementwise, kernels->silu);
    benchmark::RegisterBenchmark(name("tanh").c_str(), Elementwise, kernels->tanh);
    benchmark::RegisterBenchmark(name("log").c_str(), Elementwise, kernels->log);
    benchmark::RegisterBenchmark(name("layer_norm").c_str(), LayerNorm, kernels);
    benchmark::RegisterBenchmark(name("softmax").c_str(), Softmax, kernels);
    benchmark::RegisterBenchmark(name("matmul_scores").c_str(), MatMul, kernels, 453, 36);
    benchmark::RegisterBenchmark(name("matmul_values").c_str(), MatMul, kernels, 36, 453);
  }
  return true;
}();

}  // namespace
}  // namespace parrotlet
