#include "model/weights.h"

#include <gtest/gtest.h>

#include "nn/layer_weights.h"

namespace parrotlet {
namespace {

// Runs `load` over SmallModel()'s tensors by both passes and returns the first error.
template <typename Load>
Status LoadSmall(Load&& load) {
  const Result<ModelFile> file = ModelFile::Parse(SmallModel());
  EXPECT_TRUE(file.ok()) << file.status().message;
  Arena arena;
  Status status;
  for (const bool counting : {true, false}) {
    Weights weights(file.value(), arena, InStrips, counting);
    load(weights);
    status = weights.Finish();
    if (!status.ok()) return status;
    if (counting) status = arena.Allocate();
  }
  return status;
}

void TakeAll(Weights& weights) {
  weights.Floats("norm.weight", {2, 2});
  weights.Matrix("w8", 3, 32);
  weights.Matrix("w4", 3, 32);
  weights.Matrix("w2", 3, 19);
  weights.Bytes("tokenizer.pieces");
}

void ExpectError(const Status& status, const char* text) {
  EXPECT_EQ(status.code, Code::kModelShape) << status.message;
  EXPECT_NE(std::string(status.message).find(text), std::string::npos) << status.message;
}

TEST(Weights, HandsOutEveryTensorByBothPasses) {
  const Status status = LoadSmall([&](Weights& weights) {
    TakeAll(weights);
    EXPECT_EQ(weights.OptionalFloats("norm.bias", {2}), nullptr);
    EXPECT_TRUE(weights.Has("w4"));
    EXPECT_FALSE(weights.Has("w16"));
  });
  EXPECT_TRUE(status.ok()) << status.message;
}

TEST(Weights, NamesWhatIsMissingMisshapenOrUnused) {
  ExpectError(LoadSmall([](Weights& w) { TakeAll(w), w.Matrix("absent", 1, 1); }),
              "no tensor 'absent'");
  ExpectError(LoadSmall([](Weights& w) { w.Matrix("w8", 3, 48); }),
              "'w8' should be a matrix [3, 48] but is [3, 32]");
  ExpectError(LoadSmall([](Weights& w) { w.Matrix("tokenizer.pieces", 5, 1); }), "of bytes");
  ExpectError(LoadSmall([](Weights& w) { w.Floats("norm.weight", {4}); }),
              "'norm.weight' should be float32 [4] but is 32-bit [2, 2]");
  ExpectError(LoadSmall([](Weights& w) { w.Floats("w4", {3, 32}); }), "but is 4-bit");
  ExpectError(LoadSmall([](Weights& w) { w.OptionalFloats("tokenizer.pieces", {5}); }), "8-bit");
  ExpectError(LoadSmall([](Weights& w) { w.Bytes("norm.weight"); }), "should hold bytes");
  ExpectError(LoadSmall([](Weights& w) { w.Floats("norm.weight", {2, 2}); }), "is not used");
}

TEST(Weights, KeepsTheFirstError) {
  const Status status = LoadSmall([](Weights& w) {
    w.Matrix("first", 1, 1);
    w.Matrix("second", 1, 1);
    w.Fail(Status::Error(Code::kInternal, "third"));
  });
  ExpectError(status, "'first'");
}

}  // namespace
}  // namespace parrotlet
