#include "core/sha256.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace parrotlet {
namespace {

std::span<const uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string Digest(const Sha256Kernel& kernel, std::span<const uint8_t> bytes) {
  Sha256 hash(kernel);
  hash.Update(bytes);
  return hash.Finish();
}

std::vector<uint8_t> RandomBytes(size_t count) {
  std::mt19937 random(7);
  std::vector<uint8_t> bytes(count);
  for (uint8_t& byte : bytes) byte = uint8_t(random());
  return bytes;
}

TEST(Sha256, TheLastKernelRunsEverywhere) {
  ASSERT_FALSE(Sha256Kernels().empty());
  EXPECT_STREQ(Sha256Kernels().back().name, "portable");
  EXPECT_TRUE(Sha256Kernels().back().supported());
}

// FIPS 180-2, appendix B, and the empty message.
TEST(Sha256, EveryKernelGivesThePublishedDigests) {
  const struct {
    std::string message, digest;
  } kCases[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmn"
       "o"
       "pqrsmnopqrstnopqrstu",
       "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
      {std::string(1000000, 'a'),
       "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
  };
  for (const Sha256Kernel& kernel : Sha256Kernels()) {
    if (!kernel.supported()) continue;
    for (const auto& c : kCases)
      EXPECT_EQ(Digest(kernel, Bytes(c.message)), c.digest) << kernel.name;
  }
}

TEST(Sha256, EveryKernelEqualsThePortableOneAtEveryLength) {
  const std::vector<uint8_t> bytes = RandomBytes(1000);
  for (const Sha256Kernel& kernel : Sha256Kernels()) {
    if (!kernel.supported()) continue;
    for (size_t length = 0; length <= bytes.size(); ++length) {
      const std::span<const uint8_t> message(bytes.data(), length);
      ASSERT_EQ(Digest(kernel, message), Digest(Sha256Kernels().back(), message))
          << kernel.name << " " << length;
    }
  }
}

TEST(Sha256, PiecesLeaveNoTrace) {
  const std::vector<uint8_t> bytes = RandomBytes(5000);
  std::mt19937 random(3);
  const std::string whole = Digest(Sha256Kernels().back(), bytes);
  for (const Sha256Kernel& kernel : Sha256Kernels()) {
    if (!kernel.supported()) continue;
    for (const size_t most : {1, 2, 63, 64, 65, 200, 1000}) {
      Sha256 hash(kernel);
      std::span<const uint8_t> rest = bytes;
      while (!rest.empty()) {
        const size_t taken = std::min(rest.size(), size_t(random() % (most + 1)));
        hash.Update(rest.first(taken));
        rest = rest.subspan(taken);
      }
      EXPECT_EQ(hash.Finish(), whole) << kernel.name << " " << most;
    }
  }
}

TEST(Sha256, UsesASupportedKernelByDefault) {
  Sha256 hash;
  hash.Update(Bytes("abc"));
  EXPECT_EQ(hash.Finish(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace parrotlet
