// The list of targets and the choice among them.
#include "kernels/kernels.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "kernel_cases.h"

namespace parrotlet {
namespace {

// Sets PARROTLET_TARGET for one test and puts back what was there.
class ForcedTarget {
 public:
  explicit ForcedTarget(const char* name) {
    const char* before = std::getenv("PARROTLET_TARGET");
    had_ = before != nullptr;
    if (had_) before_ = before;
    if (name == nullptr) unsetenv("PARROTLET_TARGET");
    if (name != nullptr) setenv("PARROTLET_TARGET", name, 1);
  }
  ~ForcedTarget() {
    if (had_) setenv("PARROTLET_TARGET", before_.c_str(), 1);
    if (!had_) unsetenv("PARROTLET_TARGET");
  }

 private:
  bool had_ = false;
  std::string before_;
};

TEST(Kernels, ScalarIsLastAndRunsEverywhere) {
  ASSERT_FALSE(AllKernels().empty());
  EXPECT_STREQ(AllKernels().back()->target, "scalar");
  EXPECT_TRUE(AllKernels().back()->supported());
}

TEST(Kernels, TheFirstSupportedTargetIsChosen) {
  for (const char* unset : {static_cast<const char*>(nullptr), ""}) {
    const ForcedTarget forced(unset);
    const Result<const Kernels*> chosen = ChooseKernels();
    ASSERT_TRUE(chosen.ok());
    EXPECT_EQ(chosen.value(), SupportedKernels().front());
  }
}

TEST(Kernels, EverySupportedTargetCanBeForced) {
  for (const Kernels* kernels : SupportedKernels()) {
    const ForcedTarget forced(kernels->target);
    const Result<const Kernels*> chosen = ChooseKernels();
    ASSERT_TRUE(chosen.ok());
    EXPECT_EQ(chosen.value(), kernels);
  }
}

TEST(Kernels, AnUnknownTargetIsRefusedWithTheNamesThatWork) {
  const ForcedTarget forced("avx9000");
  const Result<const Kernels*> chosen = ChooseKernels();
  ASSERT_FALSE(chosen.ok());
  EXPECT_EQ(chosen.status().code, Code::kTargetUnavailable);
  const std::string message = chosen.status().message;
  EXPECT_NE(message.find("avx9000"), std::string::npos);
  for (const Kernels* kernels : SupportedKernels()) {
    EXPECT_NE(message.find(kernels->target), std::string::npos) << message;
  }
}

TEST(Kernels, LinearForPicksByWidthAndActivations) {
  const Kernels& kernels = *AllKernels().back();
  EXPECT_EQ(LinearFor(kernels, {32, 0}), kernels.linear_f32);
  for (const Scheme scheme : kSchemes) {
    for (const int activation_bits : {8, 4}) {
      EXPECT_EQ(LinearFor(kernels, {8, 16, scheme, activation_bits}), kernels.linear_w8);
      EXPECT_EQ(LinearFor(kernels, {4, 16, scheme, activation_bits}), kernels.linear_w4);
      EXPECT_EQ(LinearFor(kernels, {2, 16, scheme, activation_bits}), kernels.linear_w2);
    }
    EXPECT_EQ(LinearFor(kernels, {8, 16, scheme, 32}), kernels.linear_w8_f32);
    EXPECT_EQ(LinearFor(kernels, {4, 16, scheme, 32}), kernels.linear_w4_f32);
    EXPECT_EQ(LinearFor(kernels, {2, 16, scheme, 32}), kernels.linear_w2_f32);
  }
}

}  // namespace
}  // namespace parrotlet
