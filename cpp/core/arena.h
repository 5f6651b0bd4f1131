// One block of memory that is laid out once and never grows: a session's state, a model's weights.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "core/status.h"

namespace parrotlet {

// Laying out is done twice by the same code: a first pass over an unbacked arena only counts, then
// Allocate() makes the block and a second pass hands out the addresses. Every piece is 64-byte
// aligned, padded to 64 bytes and zeroed.
class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() { std::free(base_); }

  // Room for `count` values of T; null during the counting pass.
  template <typename T>
  T* Take(size_t count) {
    const size_t at = used_;
    used_ += (count * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
    return base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + at);
  }

  // Ends the counting pass: backs the arena with what was counted and starts over.
  Status Allocate() {
    size_ = used_ + kAlignment;  // a spare line: vector loads may read past the last piece
    base_ = static_cast<uint8_t*>(std::aligned_alloc(kAlignment, size_));
    if (base_ == nullptr) {
      return Status::Error(Code::kOutOfMemory, "could not allocate %zu bytes", size_);
    }
    std::memset(base_, 0, size_);
    used_ = 0;
    return {};
  }

  // Lays out `layout(arena)` by both passes.
  template <typename Layout>
  Status Build(Layout&& layout) {
    layout(*this);
    Status status = Allocate();
    if (status.ok()) layout(*this);
    return status;
  }

  size_t bytes() const { return size_; }

 private:
  static constexpr size_t kAlignment = 64;
  uint8_t* base_ = nullptr;
  size_t used_ = 0;
  size_t size_ = 0;
};

}  // namespace parrotlet
