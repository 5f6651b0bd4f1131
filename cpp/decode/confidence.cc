#include "decode/confidence.h"

#include <cmath>

namespace parrotlet {
namespace {

// Probabilities are kept from 1e-5 to 1 - 1e-5: beyond, rounding of the scores decides.
constexpr float kLeast = -11.512925f, kMost = -1e-5f;  // their logarithms
constexpr float kMostOdds = 11.512915f;                // and log-odds

}  // namespace

// x <= 0.
float Confidence::Exp(float x) const {
  float power;
  kernels_.exp(&x, 1, &power);
  return power;
}

float Confidence::Of(float log_probability) const {
  const float log = log_probability > kLeast ? std::fmin(log_probability, kMost) : kLeast;
  const float rest = 1 - Exp(log);
  float log_rest;
  kernels_.log(&rest, 1, &log_rest);
  const float odds = config_.scale * (log - log_rest) + config_.bias;  // their logarithm
  const float power = Exp(-std::fmin(std::fabs(odds), kMostOdds));
  return (odds < 0 ? power : 1) / (1 + power);
}

}  // namespace parrotlet
