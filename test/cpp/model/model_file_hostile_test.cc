// A catalogue of model files made to mislead a parser. Their checksums are right wherever one could
// be, so that it does not stand in for the check that is meant.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <cmath>
#include <limits>

#include "model/hostile_manifests.h"
#include "model/model_file.h"

namespace parrotlet {
namespace {

using namespace hostile;

std::string ManyTensors(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    const std::string begin = std::to_string(i), end = std::to_string(i + 1);
    text += (i == 0 ? "" : ",") + Entry("t" + begin, "U8", "[1]", "[" + begin + "," + end + "]");
  }
  return text;
}

std::vector<Case> LengthCases() {
  return {
      {"nothing at all", Code::kModelTruncated, {}},
      {"seven bytes", Code::kModelTruncated, Zeros(7)},
      {"a length of 0", Code::kModelMalformed, Zeros(8)},
      {"a length of 2^64 - 1", Code::kModelTooLarge, Claiming(UINT64_MAX, "{}")},
      {"a length of 2^63", Code::kModelTooLarge, Claiming(uint64_t(1) << 63, "{}")},
      {"a length that wraps with its own 8", Code::kModelTooLarge, Claiming(UINT64_MAX - 7, "{}")},
      {"a length just above the cap", Code::kModelTooLarge,
       Claiming((4 << 20) + 1, Repeat(" ", (4 << 20) + 1))},
      {"a length beyond the file", Code::kModelTruncated, Claiming(3, "{}")},
      {"a length that cuts the header", Code::kModelMalformed, Claiming(1, "{}")},
  };
}

std::vector<Case> JsonCases() {
  std::string wide = "{\"a\":[";
  while (wide.size() < (4 << 20) - 8) wide += "0,";
  std::string members = "{";
  for (int i = 0; i < 65000; ++i) members += "\"" + std::to_string(i) + "\":[],";
  return {
      {"text", Code::kModelMalformed, Header("not JSON")},
      {"ELF", Code::kModelMalformed,
       Header("\x7f"
              "ELF")},
      {"a list", Code::kModelMalformed, Header("[]")},
      {"null", Code::kModelMalformed, Header("null")},
      {"a space before the brace", Code::kModelMalformed, Header(" {}")},
      {"two objects", Code::kModelMalformed, Header("{}{}")},
      {"bytes that are not UTF-8", Code::kModelMalformed, Header("{\"\xff\":1}")},
      {"a zero byte after the object", Code::kModelMalformed, Header(std::string("{}\0", 3))},
      {"a million brackets", Code::kModelMalformed, Header("{\"a\":" + Repeat("[", 1000000))},
      {"2 million numbers", Code::kModelTooLarge, Header(wide)},
      {"65,000 members", Code::kModelMalformed, Header(members + "\"x\":[]}")},
      {"65,000 members, the last twice", Code::kModelMalformed, Header(members + "\"0\":[]}")},
      {"4 MiB of spaces", Code::kModelMalformed, Header("{" + Repeat(" ", (4 << 20) - 8))},
  };
}

std::vector<Case> MetadataCases() {
  const std::string document = DocumentMember(kDocument);
  const std::string all = kFormat + "," + kSha256 + "," + document;
  const std::string sha = "\"sha256\":\"";
  return {
      {"no metadata", Code::kModelMalformed, Header("{}")},
      {"metadata as a list", Code::kModelMalformed, Header(R"({"__metadata__":[]})")},
      {"metadata as a string", Code::kModelMalformed, Header(R"({"__metadata__":"x"})")},
      {"metadata twice", Code::kModelMalformed,
       Header("{\"__metadata__\":{" + all + "},\"__metadata__\":{}}")},
      {"no format", Code::kModelMalformed, Metadata(kSha256 + "," + document)},
      {"another format", Code::kModelMalformed,
       Metadata(R"("format":"pt",)" + kSha256 + "," + document)},
      {"format as a number", Code::kModelMalformed,
       Metadata(R"("format":1,)" + kSha256 + "," + document)},
      {"no sha256", Code::kModelMalformed, Metadata(kFormat + "," + document)},
      {"sha256 as a list", Code::kModelMalformed, Metadata(kFormat + ",\"sha256\":[]," + document)},
      {"63 digits", Code::kModelMalformed,
       Metadata(kFormat + "," + sha + std::string(63, 'a') + "\"," + document)},
      {"65 digits", Code::kModelMalformed,
       Metadata(kFormat + "," + sha + std::string(65, 'a') + "\"," + document)},
      {"upper-case digits", Code::kModelMalformed,
       Metadata(kFormat + "," + sha + std::string(64, 'A') + "\"," + document)},
      {"an escaped digit", Code::kModelMalformed,
       Metadata(kFormat + "," + sha + "\\u0061" + std::string(63, 'a') + "\"," + document)},
      {"an escaped digit, the plain ones as a tensor's name", Code::kModelMalformed,
       Header("{\"__metadata__\":{" + kFormat + "," + sha + "\\u0061" + std::string(63, 'a') +
              "\"," + document + "}," + Entry(std::string(64, 'a'), "U8", "[1]", "[0,1]") + "}")},
      {"the digits twice", Code::kModelMalformed,
       Metadata(kFormat + "," + sha + std::string(64, 'a') + "\"," +
                DocumentMember("{\"version\":1,\"tensors\":{},\"x\":\"" + std::string(64, 'a') +
                               "\"}"))},
      {"the digits twice, first as a tensor's name", Code::kModelMalformed,
       Header("{" + Entry(std::string(64, 'a'), "U8", "[1]", "[0,1]") + ",\"__metadata__\":{" +
              kFormat + "," + sha + std::string(64, 'a') + "\"," + document + "}}")},
      {"wrong digits", Code::kModelChecksum,
       Metadata(kFormat + "," + sha + std::string(63, '0') + "1\"," + document)},
      {"a fourth key", Code::kModelMalformed, Metadata(all + ",\"author\":\"x\"")},
      {"no document", Code::kModelMalformed, Metadata(kFormat + "," + kSha256)},
      {"the document as an object", Code::kModelMalformed,
       Metadata(kFormat + "," + kSha256 + ",\"document\":{}")},
      {"an empty document", Code::kModelMalformed, Document("")},
      {"a document that is no JSON", Code::kModelMalformed, Document("version 1")},
      {"a document that is a list", Code::kModelMalformed, Document("[1]")},
      {"a document that nests deeply", Code::kModelMalformed, Document(Repeat("[", 500000))},
      {"a document of many values", Code::kModelTooLarge, Document("[" + Repeat("0,", 500000))},
      {"a key of the document twice", Code::kModelMalformed,
       Document(R"({"version":1,"version":1,"tensors":{}})")},
      {"no version", Code::kModelMalformed, Document(R"({"tensors":{}})")},
      {"version as a string", Code::kModelMalformed, Document(R"({"version":"1"})")},
      {"version 1.5", Code::kModelMalformed, Document(R"({"version":1.5})")},
      {"version 1e300", Code::kModelShape, Document(R"({"version":1e300})")},
      {"version 0", Code::kModelVersion, Document(R"({"version":0})")},
      {"version 2", Code::kModelVersion, Document(R"({"version":2})")},
      {"version 2 with other keys and dtypes", Code::kModelVersion,
       Header("{\"__metadata__\":{" + kFormat + "," + DocumentMember(R"({"version":2})") +
              ",\"blake3\":\"\"}," + Entry("t", "I2", "[1]", "[0,1]") + "}")},
  };
}

std::vector<Case> TensorCases() {
  const std::string two_members = Entry("a", "U8", "[4]", "[0,4]") + ",";
  return {
      {"an entry that is no object", Code::kModelMalformed, Tensors("\"t\":[]", {})},
      {"no dtype", Code::kModelMalformed,
       Tensors(R"("t":{"shape":[1],"data_offsets":[0,4]})", Zeros(4))},
      {"no shape", Code::kModelMalformed,
       Tensors(R"("t":{"dtype":"F32","data_offsets":[0,4]})", Zeros(4))},
      {"no offsets", Code::kModelMalformed,
       Tensors(R"("t":{"dtype":"F32","shape":[1]})", Zeros(4))},
      {"an unknown field", Code::kModelMalformed,
       Tensors(R"("t":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"file":"/etc/passwd"})",
               Zeros(4))},
      {"BF16", Code::kModelUnsupported, Tensors(Entry("t", "BF16", "[2]", "[0,4]"), Zeros(4))},
      {"codes as F16", Code::kModelShape,
       Tensors(
           Entry("w.scale", "F16", "[1,1]", "[0,2]") + "," + Entry("w", "F16", "[1,8]", "[2,18]"),
           Zeros(18), R"({"version":1,"tensors":{"w":{"bits":8,"shape":[1,16],"groupSize":16}}})")},
      {"a negative zero as an F16 scale", Code::kModelShape,
       Tensors(
           Entry("w.scale", "F16", "[1,1]", "[0,2]") + "," + Entry("w", "U8", "[1,16]", "[2,18]"),
           Join({0x00, 0x80}, Zeros(16)),
           R"({"version":1,"tensors":{"w":{"bits":8,"shape":[1,16],"groupSize":16}}})")},
      {"F16 of 4 bytes each", Code::kModelShape,
       Tensors(Entry("t", "F16", "[2]", "[0,8]"), Zeros(8))},
      {"F64", Code::kModelUnsupported, Tensors(Entry("t", "F64", "[1]", "[0,8]"), Zeros(8))},
      {"f32", Code::kModelUnsupported, Tensors(Entry("t", "f32", "[1]", "[0,4]"), Zeros(4))},
      {"dtype as a number", Code::kModelMalformed,
       Tensors(R"("t":{"dtype":0,"shape":[1],"data_offsets":[0,4]})", Zeros(4))},
      {"shape as a number", Code::kModelMalformed, OneTensor("1", "[0,4]", 4)},
      {"shape as an object", Code::kModelMalformed, OneTensor("{}", "[0,4]", 4)},
      {"rank 0", Code::kModelShape, OneTensor("[]", "[0,4]", 4)},
      {"rank 5", Code::kModelShape, OneTensor("[1,1,1,1,1]", "[0,4]", 4)},
      {"rank 60,000", Code::kModelShape, OneTensor("[" + Repeat("1,", 59999) + "1]", "[0,4]", 4)},
      {"a dimension of 0", Code::kModelShape, OneTensor("[0]", "[0,0]", 0)},
      {"a dimension of -1", Code::kModelShape, OneTensor("[-1]", "[0,4]", 4)},
      {"a dimension of 1.5", Code::kModelMalformed, OneTensor("[1.5]", "[0,6]", 6)},
      {"a dimension as a string", Code::kModelMalformed, OneTensor("[\"1\"]", "[0,4]", 4)},
      {"a dimension of 2^24 + 1", Code::kModelShape, OneTensor("[16777217]", "[0,67108868]", 4)},
      {"a dimension of 2^32 + 1", Code::kModelShape, OneTensor("[4294967297]", "[0,4]", 4)},
      {"a dimension of 1e308", Code::kModelShape, OneTensor("[1e308]", "[0,4]", 4)},
      {"dimensions whose bytes wrap to 0", Code::kModelShape,
       OneTensor("[16777216,16777216,16384]", "[0,0]", 0)},
      {"dimensions whose bytes wrap to 4", Code::kModelShape,
       OneTensor("[16777216,16777216,16777216,16777216]", "[0,4]", 4)},
      {"bytes beyond the offsets", Code::kModelShape, OneTensor("[2]", "[0,4]", 4)},
      {"bytes short of the offsets", Code::kModelShape, OneTensor("[1]", "[0,8]", 8)},
      {"one offset", Code::kModelShape, OneTensor("[1]", "[4]", 4)},
      {"three offsets", Code::kModelShape, OneTensor("[1]", "[0,4,8]", 4)},
      {"a negative offset", Code::kModelMalformed, OneTensor("[1]", "[-4,0]", 4)},
      {"a broken offset", Code::kModelMalformed, OneTensor("[1]", "[0.5,4.5]", 4)},
      {"an offset of 2^53", Code::kModelMalformed,
       OneTensor("[1]", "[9007199254740988,9007199254740992]", 4)},
      {"an offset of 1e300", Code::kModelMalformed, OneTensor("[1]", "[0,1e300]", 4)},
      {"an offset as a string", Code::kModelMalformed, OneTensor("[1]", "[0,\"4\"]", 4)},
      {"offsets in reverse", Code::kModelShape, OneTensor("[1]", "[4,0]", 4)},
      {"offsets beyond the file", Code::kModelTruncated,
       OneTensor("[1]", "[9007199254740000,9007199254740004]", 4)},
      {"a last byte beyond the file", Code::kModelTruncated, OneTensor("[1]", "[0,4]", 3)},
      {"a hole before the first tensor", Code::kModelShape, OneTensor("[1]", "[4,8]", 8)},
      {"a hole between tensors", Code::kModelShape,
       Tensors(two_members + Entry("b", "U8", "[4]", "[8,12]"), Zeros(12))},
      {"bytes after the last tensor", Code::kModelShape, OneTensor("[1]", "[0,4]", 5)},
      {"data without tensors", Code::kModelShape,
       Header(
           "{\"__metadata__\":{" + kFormat + "," + kSha256 + "," + DocumentMember(kDocument) + "}}",
           Zeros(4))},
      {"two tensors that overlap", Code::kModelShape,
       Tensors(two_members + Entry("b", "U8", "[4]", "[2,6]"), Zeros(6))},
      {"two tensors in one place", Code::kModelShape,
       Tensors(two_members + Entry("b", "U8", "[4]", "[0,4]"), Zeros(4))},
      {"a tensor inside another", Code::kModelShape,
       Tensors(two_members + Entry("b", "U8", "[2]", "[1,3]"), Zeros(4))},
      {"floats off their alignment", Code::kModelShape,
       Tensors(Entry("a", "U8", "[1]", "[0,1]") + "," + Entry("b", "F32", "[1]", "[1,5]"),
               Zeros(5))},
      {"a name twice", Code::kModelMalformed,
       Tensors(two_members + Entry("a", "U8", "[4]", "[4,8]"), Zeros(8))},
      {"a name twice, once escaped", Code::kModelMalformed,
       Tensors(two_members + Entry("\\u0061", "U8", "[4]", "[4,8]"), Zeros(8))},
      {"no name", Code::kModelMalformed, Tensors(Entry("", "U8", "[1]", "[0,1]"), Zeros(1))},
      {"a name of 257 bytes", Code::kModelMalformed,
       Tensors(Entry(std::string(257, 'a'), "U8", "[1]", "[0,1]"), Zeros(1))},
      {"a name that is a path", Code::kModelMalformed,
       Tensors(Entry("../../etc/passwd", "U8", "[1]", "[0,1]"), Zeros(1))},
      {"a name with a line break", Code::kModelMalformed,
       Tensors(Entry("a\\nb", "U8", "[1]", "[0,1]"), Zeros(1))},
      {"a name with a zero byte", Code::kModelMalformed,
       Tensors(Entry("a\\u0000b", "U8", "[1]", "[0,1]"), Zeros(1))},
      {"a name with a format directive", Code::kModelMalformed,
       Tensors(Entry("%s%n", "U8", "[1]", "[0,1]"), Zeros(1))},
      {"4,097 tensors", Code::kModelTooLarge, Tensors(ManyTensors(4097), Zeros(4097))},
      {"a float NaN", Code::kModelShape,
       Tensors(Entry("t", "F32", "[2]", "[0,8]"), Floats({0, std::nanf("")}))},
      {"a float infinity", Code::kModelShape,
       Tensors(Entry("t", "F32", "[2]", "[0,8]"), Floats({0, -INFINITY}))},
      {"a half NaN", Code::kModelShape,
       Tensors(Entry("t", "F16", "[2]", "[0,4]"), {0, 0, 0x01, 0x7c})},
      {"a half infinity", Code::kModelShape,
       Tensors(Entry("t", "F16", "[2]", "[0,4]"), {0, 0, 0x00, 0xfc})},
  };
}

std::vector<Case> AllCases() {
  std::vector<Case> all;
  for (const auto cases : {LengthCases, JsonCases, MetadataCases, TensorCases, ManifestCases}) {
    for (Case& c : cases()) all.push_back(std::move(c));
  }
  return all;
}

// Bytes by which `work` raises this process's peak of memory.
template <typename Work>
size_t PeakGrowth(Work&& work) {
  const auto peak = [] {
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return size_t(usage.ru_maxrss) * 1024;
  };
  const size_t before = peak();
  work();
  return peak() - before;
}

TEST(HostileModelFile, EachIsRefusedWithItsCode) {
  for (const Case& c : AllCases()) {
    const Result<ModelFile> file = ModelFile::Parse(c.file);
    EXPECT_EQ(kCodeNames[int(file.status().code)], std::string(kCodeNames[int(c.code)]))
        << c.name << ": " << file.status().message;
    EXPECT_EQ(std::string(file.status().message).find_first_of("\n\x1b\x7f"), std::string::npos)
        << c.name;
  }
}

TEST(HostileModelFile, TheHarmlessNeighboursAreAccepted) {
  const Case kCases[] = {
      {"no tensors", Code::kOk, Document(kDocument)},
      {"one tensor", Code::kOk, OneTensor("[1]", "[0,4]", 4)},
      {"rank 4", Code::kOk, OneTensor("[1,1,1,1]", "[0,4]", 4)},
      {"4,096 tensors", Code::kOk, Tensors(ManyTensors(4096), Zeros(4096))},
      {"a name of 256 bytes", Code::kOk,
       Tensors(Entry(std::string(256, 'a'), "U8", "[1]", "[0,1]"), Zeros(1))},
      {"entries out of order", Code::kOk,
       Tensors(Entry("a", "U8", "[4]", "[4,8]") + "," + Entry("b", "F32", "[1]", "[0,4]"),
               Zeros(8))},
      {"an ordinary name that ends in .scale", Code::kOk,
       Tensors(Entry("mel.scale", "F32", "[1]", "[0,4]"), Zeros(4))},
      {"a matrix", Code::kOk, Manifest(kGoodEntry)},
      {"the longest group", Code::kOk, OneRow(65536)},
      {"a scheme and activations", Code::kOk,
       Manifest(R"({"w":{"bits":8,"shape":[2,48],"groupSize":16,"scheme":"midRise",)"
                R"("activations":4}})")},
      {"zeros of both signs", Code::kOk, Affine(Floats({0, -1e9f}))},
      {"a zero of -0", Code::kOk, Affine(Floats({-0.0f, -0.0f}))},
      {"a tensor of zeros that no scheme asks for, left to the architecture", Code::kOk,
       Tensors(Entry("w.zero", "F32", "[1]", "[0,4]"), Zeros(4))},
      {"a scale of 0", Code::kOk, ScaleHolding(0)},
      {"the largest scale", Code::kOk, ScaleHolding(std::numeric_limits<float>::max())},
      {"the smallest scale", Code::kOk, ScaleHolding(std::numeric_limits<float>::denorm_min())},
  };
  for (const Case& c : kCases) {
    const Result<ModelFile> file = ModelFile::Parse(c.file);
    EXPECT_TRUE(file.ok()) << c.name << ": " << file.status().message;
  }
}

// The scales' shape would give most of these away too: here the error must be about the group.
TEST(HostileModelFile, GroupsThatDoNotFitAreNamed) {
  for (const char* group : {"0", "-16", "8", "24", "32", "40", "96"}) {
    const Bytes file =
        Manifest(R"({"w":{"bits":8,"shape":[2,48],"groupSize":)" + std::string(group) + "}}");
    const Status status = ModelFile::Parse(file).status();
    EXPECT_EQ(status.code, Code::kModelShape);
    EXPECT_EQ(std::string(status.message).find("tensors.\"w\".groupSize is " + std::string(group)),
              0u)
        << status.message;
  }
}

// Runs `work` in a process of its own, whose peak starts at what it holds when it is forked; true
// if it took more than `limit` bytes or ended badly.
template <typename Work>
bool TakesMoreThan(size_t limit, Work&& work) {
#if defined(__GLIBC__)
  malloc_trim(0);  // memory freed earlier would hide what `work` takes
#endif
  const pid_t child = fork();
  if (child == 0) _exit(PeakGrowth(work) > limit ? 1 : 0);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

TEST(HostileModelFile, NoneCostsMuchMemory) {
#if defined(__SANITIZE_ADDRESS__)
  constexpr size_t kLimit = 256 << 20;  // freed memory is held back by the sanitizer
#else
  constexpr size_t kLimit = 16 << 20;
#endif
  EXPECT_TRUE(TakesMoreThan(kLimit, [] { Bytes(kLimit + (1 << 20), 1).back() = 2; }))
      << "the measurement sees nothing";
  for (const Case& c : AllCases()) {
    EXPECT_FALSE(TakesMoreThan(kLimit, [&c] { (void)ModelFile::Parse(c.file); })) << c.name;
  }
}

}  // namespace
}  // namespace parrotlet
