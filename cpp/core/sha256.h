// SHA-256 (FIPS 180-4), to notice damaged model files.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace parrotlet {

// One way of running the compression function.
struct Sha256Kernel {
  const char* name;     // "x86-sha", "portable"
  bool (*supported)();  // whether this CPU can run it
  // Folds `count` blocks of 64 bytes into the eight words of state.
  void (*compress)(uint32_t state[8], const uint8_t* blocks, size_t count);
};

// Every one compiled into this build, fastest first; the last is portable, the definition.
std::span<const Sha256Kernel> Sha256Kernels();

// Hashes bytes that come in pieces.
class Sha256 {
 public:
  // With the fastest kernel that this CPU supports, or with a given one.
  Sha256();
  explicit Sha256(const Sha256Kernel& kernel) : kernel_(&kernel) {}

  void Update(std::span<const uint8_t> bytes);

  // The digest as 64 lower-case hexadecimal digits. Nothing may be added afterwards.
  std::string Finish();

 private:
  static constexpr size_t kBlock = 64;
  const Sha256Kernel* kernel_;
  std::array<uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<uint8_t, kBlock> pending_ = {};  // the start of a block, total_ % kBlock bytes
  uint64_t total_ = 0;                        // bytes so far
};

}  // namespace parrotlet
