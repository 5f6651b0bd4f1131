// Memory that begins with a line of the cache: no wide load of it crosses into a second one.
#pragma once

#include <cstdlib>
#include <memory>

namespace parrotlet {

template <typename T>
using Aligned = std::unique_ptr<T[], decltype(&std::free)>;

// Not zeroed.
template <typename T>
Aligned<T> AllocateAligned(size_t count) {
  const size_t bytes = (count * sizeof(T) + 63) / 64 * 64;
  return {static_cast<T*>(std::aligned_alloc(64, bytes)), &std::free};
}

}  // namespace parrotlet
