// Weights for a single layer under test: random tensors in a file in memory, and a workspace.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "kernels/kernel_cases.h"
#include "model/model_writer.h"
#include "model/weights.h"
#include "nn/workspace.h"

namespace parrotlet {

// Matrices of any bits packed in strips; every kernel reads them.
inline int InStrips(int /*bits*/) { return kStripTiles; }

class LayerWeights {
 public:
  explicit LayerWeights(uint64_t seed) : random_(seed) {}

  // A random float32 tensor; its values stay readable under its name.
  LayerWeights& Add(const std::string& name, const std::vector<int>& shape, float low, float high) {
    size_t count = 1;
    for (const int size : shape) count *= size_t(size);
    return Set(name, shape, random_.Floats(count, low, high));
  }

  LayerWeights& Set(const std::string& name, const std::vector<int>& shape,
                    const std::vector<float>& values) {
    values_[name] = values;
    writer_.Floats(name, shape, values);
    return *this;
  }

  const std::vector<float>& operator[](const std::string& name) const { return values_.at(name); }

  // Loads a layer by both passes: load(weights).
  template <typename Load>
  void Into(Load&& load) {
    Result<ModelFile> file = ModelFile::Parse(writer_.Write());
    ASSERT_TRUE(file.ok()) << file.status().message;
    file_ = std::move(file.value());
    for (const bool counting : {true, false}) {
      Weights weights(file_, arena_, InStrips, counting);
      load(weights);
      const Status status = weights.Finish();
      ASSERT_TRUE(status.ok()) << status.message;
      if (!counting) continue;
      ASSERT_TRUE(arena_.Allocate().ok());
    }
  }

 private:
  Random random_;
  ModelWriter writer_;
  ModelFile file_;
  Arena arena_;
  std::map<std::string, std::vector<float>> values_;
};

// A layer's state and scratch memory on one target.
class LayerMemory {
 public:
  // bind(arena) lays out the state.
  template <typename Bind>
  LayerMemory(const Kernels& kernels, const WorkspaceNeeds& needs, Bind&& bind) {
    work.kernels = &kernels;
    const Status status = arena_.Build([&](Arena& arena) {
      work.Bind(arena, needs);
      bind(arena);
    });
    EXPECT_TRUE(status.ok()) << status.message;
  }

  Workspace work;

 private:
  Arena arena_;
};

inline const Kernels& Fastest() { return *SupportedKernels().front(); }

// Float results of sums of up to a few hundred terms near 1, against doubles.
inline void ExpectNear(const std::vector<float>& actual, const std::vector<double>& expected,
                       double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    ASSERT_NEAR(actual[i], expected[i], tolerance) << "value " << i;
  }
}

}  // namespace parrotlet
