// What one push into a streaming audio stage took and gave.
#pragma once

#include <cstddef>

namespace parrotlet {

struct Progress {
  size_t consumed = 0;  // units of the input: audio frames or samples
  size_t produced = 0;  // units of the output: samples or feature frames
};

}  // namespace parrotlet
