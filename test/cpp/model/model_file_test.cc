#include "model/model_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "model/config.h"
#include "model/model_writer.h"

namespace parrotlet {
namespace {

// Bytes of the length and the header.
size_t HeaderEnd(const std::vector<uint8_t>& file) {
  uint64_t length;
  std::memcpy(&length, file.data(), sizeof length);
  return sizeof length + length;
}

Code CodeOf(std::vector<uint8_t> file) { return ModelFile::Parse(std::move(file)).status().code; }

TEST(ModelFile, ReadsEveryKindOfTensor) {
  const std::vector<uint8_t> bytes = SmallModel();
  const Result<ModelFile> file = ModelFile::Parse(bytes);
  ASSERT_TRUE(file.ok()) << file.status().message;
  const ModelFile& model = file.value();
  EXPECT_EQ(model.file_bytes(), bytes.size());
  EXPECT_EQ(model.document().Find("name")->string(), "tiny");
  ASSERT_EQ(model.tensors().size(), 5u) << "scales stand beside their codes";
  EXPECT_EQ(model.Find("w8.scale"), nullptr);
  EXPECT_EQ(model.Find("absent"), nullptr);

  const Tensor* norm = model.Find("norm.weight");
  ASSERT_NE(norm, nullptr);
  EXPECT_EQ(norm->shape, (std::vector<int>{2, 2}));
  EXPECT_EQ(norm->elements(), 4u);
  EXPECT_EQ(norm->format.bits, 32);
  EXPECT_FALSE(norm->is_bytes);
  EXPECT_TRUE(norm->scale.empty());
  float second;
  std::memcpy(&second, norm->bytes.data() + sizeof second, sizeof second);
  EXPECT_EQ(second, -2.5f);

  const Tensor* w4 = model.Find("w4");
  ASSERT_NE(w4, nullptr);
  EXPECT_EQ(w4->format, (WeightFormat{4, 16}));
  EXPECT_EQ(w4->shape, (std::vector<int>{3, 32}));
  EXPECT_EQ(w4->bytes.size(), 3u * 16);
  EXPECT_EQ(w4->scale.size(), 3u * 2 * sizeof(float));
  EXPECT_EQ(w4->bytes[0], 0x50) << "codes 0 and 37 mod 16";
  EXPECT_EQ(reinterpret_cast<uintptr_t>(w4->scale.data()) % alignof(float), 0u);

  EXPECT_EQ(model.Find("w2")->bytes.size(), 3u * 5) << "rows start on a byte";
  const Tensor* pieces = model.Find("tokenizer.pieces");
  EXPECT_TRUE(pieces->is_bytes);
  EXPECT_EQ(pieces->bytes[1], 'a');
}

TEST(ModelFile, ReadsSchemesActivationsAndZeros) {
  const std::vector<int8_t> codes(2 * 32, 1);
  const std::vector<float> scales = {0.5f, 0.0f, 1e-3f, 2.0f}, zeros = {-1.5f, 0.0f, 3.0f, 0.25f};
  const WeightFormat affine{4, 16, Scheme::kAffine, 32}, mid_rise{2, 16, Scheme::kMidRise, 4};
  const Result<ModelFile> file =
      ModelFile::Parse(ModelWriter()
                           .Quantized("affine", affine, 2, 32, codes, scales, zeros)
                           .Quantized("midRise", mid_rise, 2, 32, codes, scales)
                           .Write());
  ASSERT_TRUE(file.ok()) << file.status().message;
  const ModelFile& model = file.value();
  ASSERT_EQ(model.tensors().size(), 2u) << "zeros stand beside their codes";
  EXPECT_EQ(model.Find("affine")->format, affine);
  EXPECT_EQ(model.Find("midRise")->format, mid_rise);
  EXPECT_TRUE(model.Find("midRise")->zero.empty());
  ASSERT_EQ(model.Find("affine")->zero.size(), zeros.size() * sizeof(float));
  EXPECT_EQ(std::memcmp(model.Find("affine")->zero.data(), zeros.data(), 4 * sizeof(float)), 0);
}

TEST(ModelFile, HalvesBecomeTheFloatsOfTheirValues) {
  const std::vector<int8_t> codes(2 * 32, 1);
  const std::vector<float> scales = {0.5f, 0.0f, 0x1.004p-9f, 2.0f};
  const std::vector<float> zeros = {-1.5f, 0.0f, 3.0f, 0.25f}, gains = {1.0f, -0x1.ffcp15f, 0.0f};
  const WeightFormat affine{4, 16, Scheme::kAffine};
  const auto write = [&](ModelWriter writer) {
    return writer.Floats("odd", {3}, gains)
        .Quantized("w", affine, 2, 32, codes, scales, zeros)
        .Write();
  };
  const std::vector<uint8_t> floats = write({}), halves = write(ModelWriter().UseHalves());
  const std::string_view header(reinterpret_cast<const char*>(halves.data()), HeaderEnd(halves));
  EXPECT_EQ(header.find("F32"), header.npos);
  Result<ModelFile> parsed = ModelFile::Parse(halves);
  const Result<ModelFile> expected = ModelFile::Parse(floats);
  ASSERT_TRUE(parsed.ok()) << parsed.status().message;
  ASSERT_TRUE(expected.ok()) << expected.status().message;
  const ModelFile moved = std::move(parsed.value());
  for (const char* name : {"odd", "w"}) {
    const Tensor &found = *moved.Find(name), &other = *expected.value().Find(name);
    const auto same = [](std::span<const uint8_t> a, std::span<const uint8_t> b) {
      return std::equal(a.begin(), a.end(), b.begin(), b.end());
    };
    EXPECT_EQ(found.shape, other.shape);
    EXPECT_TRUE(same(found.bytes, other.bytes)) << name;
    EXPECT_TRUE(same(found.scale, other.scale)) << name;
    EXPECT_TRUE(same(found.zero, other.zero)) << name;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(found.scale.data()) % alignof(float), 0u);
  }
}

TEST(ModelFile, TensorsOutliveAMove) {
  Result<ModelFile> file = ModelFile::Parse(SmallModel());
  ASSERT_TRUE(file.ok());
  const ModelFile moved = std::move(file.value());
  EXPECT_EQ(moved.Find("tokenizer.pieces")->bytes[4], 'c');
}

TEST(ModelFile, TheDocumentOfTheTestModelIsAConfig) {
  const Result<ModelFile> file = ModelFile::Parse(SmallModel());
  ASSERT_TRUE(file.ok()) << file.status().message;
  const Result<Config> config = Config::FromDocument(file.value().document());
  EXPECT_TRUE(config.ok()) << config.status().message;
}

TEST(ModelFile, EveryTruncationIsNoticed) {
  const std::vector<uint8_t> file = SmallModel();
  for (size_t length = 0; length < file.size(); ++length) {
    ASSERT_EQ(CodeOf({file.begin(), file.begin() + length}), Code::kModelTruncated) << length;
  }
}

TEST(ModelFile, EveryFlippedBitIsNoticed) {
  const std::vector<uint8_t> file = SmallModel();
  const size_t header_end = HeaderEnd(file);
  ASSERT_EQ(CodeOf(file), Code::kOk);
  for (size_t bit = 0; bit < file.size() * 8; ++bit) {
    std::vector<uint8_t> damaged = file;
    damaged[bit / 8] ^= 1 << (bit % 8);
    const Status status = ModelFile::Parse(damaged).status();
    if (bit / 8 < header_end) {
      ASSERT_NE(status.code, Code::kOk) << bit;
      ASSERT_STRNE(status.message, "") << bit;
    } else {
      ASSERT_EQ(status.code, Code::kModelChecksum) << bit;
    }
  }
}

TEST(ModelFile, EveryFlippedByteOfAnyValueIsNoticed) {
  const std::vector<uint8_t> file = SmallModel();
  std::mt19937 random(5);
  for (int i = 0; i < 20000; ++i) {
    std::vector<uint8_t> damaged = file;
    const size_t at = random() % file.size();
    damaged[at] = uint8_t(damaged[at] + 1 + random() % 255);
    ASSERT_NE(CodeOf(damaged), Code::kOk) << at << " is " << int(damaged[at]);
  }
}

TEST(ModelFile, TrailingBytesAreRefused) {
  std::vector<uint8_t> file = SmallModel();
  file.push_back(0);
  EXPECT_EQ(CodeOf(file), Code::kModelShape);
}

// Damage behind a right checksum: whatever comes out is an error, or a model whose tensors can be
// read to the last byte.
TEST(ModelFile, SurvivesDamageBehindARightChecksum) {
  const std::vector<uint8_t> original = SmallModel();
  const std::string_view text(reinterpret_cast<const char*>(original.data()), HeaderEnd(original));
  const size_t digits = text.find("\"sha256\":\"") + 10;
  std::mt19937 random(9);
  int accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    std::vector<uint8_t> file = original;
    std::memset(file.data() + digits, '0', 64);
    for (unsigned n = random() % 3; n < 3; ++n) {
      static constexpr char kLikely[] = "0123456789,:[]{}\"- ";
      const size_t at = 8 + random() % (file.size() - 8);
      file[at] = random() % 4 == 0 ? uint8_t(random()) : kLikely[random() % (sizeof kLikely - 1)];
    }
    Seal(&file);
    const Result<ModelFile> model = ModelFile::Parse(file);
    if (!model.ok()) continue;
    ++accepted;
    unsigned sum = 0;
    for (const Tensor& tensor : model.value().tensors()) {
      for (const uint8_t byte : tensor.bytes) sum += byte;
      for (const uint8_t byte : tensor.scale) sum += byte;
    }
    EXPECT_LT(sum, 256 * file.size());
    (void)Config::FromDocument(model.value().document());
  }
  EXPECT_GT(accepted, 100) << "the checksum was wrong: nothing behind it was tested";
}

class ModelFileRead : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("parrotlet-model-file-" +
               std::to_string(::testing::UnitTest::GetInstance()->random_seed()) + "-" +
               std::to_string(reinterpret_cast<uintptr_t>(this)));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::vector<uint8_t>& bytes) {
    const std::filesystem::path path = folder_ / name;
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
    return path.string();
  }

  std::filesystem::path folder_;
};

TEST_F(ModelFileRead, ReadsAFile) {
  const std::vector<uint8_t> bytes = SmallModel();
  const std::string path = Write("modèle.safetensors", bytes);
  EXPECT_TRUE(ModelFile::Read(path.c_str(), bytes.size()).ok());
}

TEST_F(ModelFileRead, RefusesAFileAboveTheLimitWithoutReadingIt) {
  const std::vector<uint8_t> bytes = SmallModel();
  const std::string path = Write("model", bytes);
  const Result<ModelFile> file = ModelFile::Read(path.c_str(), bytes.size() - 1);
  EXPECT_EQ(file.status().code, Code::kModelTooLarge);
  const std::string huge = Write("huge", {});
  std::filesystem::resize_file(huge, uint64_t(1) << 40);
  EXPECT_EQ(ModelFile::Read(huge.c_str(), size_t(1) << 30).status().code, Code::kModelTooLarge);
}

TEST_F(ModelFileRead, NamesThePathAndTheReasonWhenItCannotRead) {
  const std::string absent = (folder_ / "absent").string();
  const Result<ModelFile> file = ModelFile::Read(absent.c_str(), 1000);
  EXPECT_EQ(file.status().code, Code::kIoError);
  EXPECT_NE(std::string(file.status().message).find(absent), std::string::npos);
  EXPECT_EQ(ModelFile::Read(folder_.string().c_str(), 1000).status().code, Code::kIoError);
  EXPECT_EQ(ModelFile::Read("", 1000).status().code, Code::kIoError);
  const std::string pipe = (folder_ / "pipe").string();
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);  // nobody writes to it
  EXPECT_EQ(ModelFile::Read(pipe.c_str(), 1000).status().code, Code::kIoError);
  EXPECT_EQ(ModelFile::Read(Write("empty", {}).c_str(), 1000).status().code, Code::kModelTruncated);
}

}  // namespace
}  // namespace parrotlet
