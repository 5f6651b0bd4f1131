// How sure the decoder was of a word, as a probability that the word is right.
#pragma once

#include "kernels/kernels.h"
#include "model/config.h"

namespace parrotlet {

// The probability that the decoder gave to a word's tokens, calibrated: its log-odds times `scale`
// plus `bias` are the log-odds of the confidence. Made of the kernels' own functions, so that every
// target gives the same bits.
class Confidence {
 public:
  Confidence(const Kernels& kernels, const ConfidenceConfig& config)
      : kernels_(kernels), config_(config) {}

  // From 1e-5 to 1 - 1e-5. `log_probability` is the sum over the tokens; NaN counts as least
  // probable.
  float Of(float log_probability) const;

 private:
  float Exp(float x) const;

  const Kernels& kernels_;
  const ConfidenceConfig& config_;
};

}  // namespace parrotlet
