// One block of memory that is laid out once and never grows: a session's state, a model's weights.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include "core/status.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace parrotlet {

// Laying out is done twice by the same code: a first pass over an unbacked arena only counts, then
// Allocate() makes the block and a second pass hands out the addresses. Every piece is 64-byte
// aligned, padded to 64 bytes and zeroed.
class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() { std::free(block_); }

  // Room for `count` values of T; null during the counting pass.
  template <typename T>
  T* Take(size_t count) {
    const size_t at = used_;
    used_ += (count * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
    Guard();
    return base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + at);
  }

  // Ends the counting pass: backs the arena with what was counted and starts over.
  Status Allocate() {
    // Two spare lines: one to align the first piece, one because vector loads may read past the
    // last.
    size_ = used_ + 2 * kAlignment;
    // calloc, because fresh pages are zero already and need not be touched.
    block_ = std::calloc(size_, 1);
    if (block_ == nullptr) {
      return Status::Error(Code::kOutOfMemory, "could not allocate %zu bytes", size_);
    }
    const auto address = reinterpret_cast<uintptr_t>(block_);
    base_ = static_cast<uint8_t*>(block_) + (kAlignment - address % kAlignment) % kAlignment;
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

  // Under the address sanitizer a piece is followed by memory that nothing may touch.
  void Guard() {
#if defined(__SANITIZE_ADDRESS__)
    if (base_ != nullptr) ASAN_POISON_MEMORY_REGION(base_ + used_, 2 * kAlignment);
    used_ += 2 * kAlignment;
#endif
  }

  void* block_ = nullptr;    // as allocated
  uint8_t* base_ = nullptr;  // its first aligned byte
  size_t used_ = 0;
  size_t size_ = 0;
};

}  // namespace parrotlet
