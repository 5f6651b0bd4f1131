// What this CPU could do at most, measured: the yardstick for the kernels' speed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace parrotlet {

// Operations a second, in 1e9, of a target's dot instructions with nothing else to do, two for each
// pair of bytes; 0 where the target has none. Measured once.
double DotLimit(std::string_view target);

// Bytes a second, in 1e9, of reading `count` bytes at `bytes` again and again, with the widest
// loads of the target; `count` is a multiple of 1024.
double ReadLimit(std::string_view target, const uint8_t* bytes, size_t count);

}  // namespace parrotlet
