// The golden files of test/golden.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"

namespace parrotlet {

inline const std::string kGolden = PARROTLET_ROOT "/test/golden/";

inline std::vector<char> ReadBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::vector<float> ReadFloats(const std::string& path) {
  const std::vector<char> bytes = ReadBytes(path);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

inline Json ReadJson(const std::string& path) {
  const std::vector<char> bytes = ReadBytes(path);
  Result<Json> parsed = Json::Parse({bytes.data(), bytes.size()});
  EXPECT_TRUE(parsed.ok()) << path;
  return std::move(parsed.value());
}

// Norm of the difference over norm of the golden.
inline double Distance(const std::vector<float>& values, const std::vector<float>& golden) {
  EXPECT_EQ(values.size(), golden.size());
  double difference = 0, norm = 0;
  for (size_t i = 0; i < golden.size() && i < values.size(); ++i) {
    difference += std::pow(double(values[i]) - double(golden[i]), 2);
    norm += std::pow(double(golden[i]), 2);
  }
  return std::sqrt(difference / norm);
}

}  // namespace parrotlet
