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

#include "model/model_file.h"
#include "model/model_writer.h"

namespace parrotlet {
namespace {

using Bytes = std::vector<uint8_t>;

struct Case {
  const char* name;
  Code code;
  Bytes file;
};

const std::string kDocument = R"({"version":1,"tensors":{}})";

std::string Repeat(std::string_view text, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += text;
  return out;
}

Bytes Zeros(size_t count) { return Bytes(count); }

Bytes Floats(const std::vector<float>& values) {
  Bytes bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

Bytes Join(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// A file whose length field is whatever is claimed.
Bytes Claiming(uint64_t length, const std::string& rest) {
  Bytes file = Container(rest, {}, 1);
  std::memcpy(file.data(), &length, sizeof length);
  return file;
}

// A file of that header text, sealed.
Bytes Header(const std::string& text, const Bytes& data = {}) {
  Bytes file = Container(text, data);
  Seal(&file);
  return file;
}

// `members` stand between the braces of __metadata__.
Bytes Metadata(const std::string& members) {
  return Header("{\"__metadata__\":{" + members + "}}");
}

const std::string kFormat = R"("format":"parrotlet")";
const std::string kSha256 = "\"sha256\":\"" + kZeroDigits + "\"";

std::string DocumentMember(const std::string& text) { return "\"document\":" + JsonString(text); }

Bytes Document(const std::string& text) {
  return Metadata(kFormat + "," + kSha256 + "," + DocumentMember(text));
}

// `tensors` are header members; sealed.
Bytes Tensors(const std::string& tensors, const Bytes& data,
              const std::string& document = kDocument) {
  return Header("{\"__metadata__\":{" + kFormat + "," + kSha256 + "," + DocumentMember(document) +
                    "}," + tensors + "}",
                data);
}

std::string Entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
         ",\"data_offsets\":" + offsets + "}";
}

// One F32 tensor "t" of that shape and those offsets, over `bytes` bytes of data.
Bytes OneTensor(const std::string& shape, const std::string& offsets, size_t bytes) {
  return Tensors(Entry("t", "F32", shape, offsets), Zeros(bytes));
}

// A matrix "w" of 8-bit codes [2][48] with scales [2][3], and that entry of the manifest.
Bytes Manifest(const std::string& entry, const Bytes& scales = Floats({1, 1, 1, 1, 1, 1})) {
  return Tensors(
      Entry("w.scale", "F32", "[2,3]", "[0,24]") + "," + Entry("w", "U8", "[2,48]", "[24,120]"),
      Join(scales, Zeros(96)), "{\"version\":1,\"tensors\":" + entry + "}");
}

const char* kGoodEntry = R"({"w":{"bits":8,"shape":[2,48],"groupSize":16}})";

Bytes ScaleHolding(float value) { return Manifest(kGoodEntry, Floats({1, 1, 1, 1, 1, value})); }

// An affine matrix "w" of 8-bit codes [1][32] with scales [1][2], and a tensor "w.zero" of two
// floats with that dtype and shape.
Bytes Affine(const Bytes& zeros, const std::string& dtype = "F32",
             const std::string& shape = "[1,2]", const Bytes& scales = Floats({0, 1})) {
  return Tensors(Entry("w.scale", "F32", "[1,2]", "[0,8]") + "," +
                     Entry("w.zero", dtype, shape, "[8,16]") + "," +
                     Entry("w", "U8", "[1,32]", "[16,48]"),
                 Join(Join(scales, zeros), Zeros(32)),
                 R"({"version":1,"tensors":{"w":{"bits":8,"shape":[1,32],"groupSize":16,)"
                 R"("scheme":"affine"}}})");
}

// One row of `depth` 8-bit codes that share a scale.
Bytes OneRow(int depth) {
  const std::string size = std::to_string(depth), end = std::to_string(depth + 4);
  return Tensors(Entry("w.scale", "F32", "[1,1]", "[0,4]") + "," +
                     Entry("w", "U8", "[1," + size + "]", "[4," + end + "]"),
                 Join(Floats({1}), Zeros(depth)),
                 R"({"version":1,"tensors":{"w":{"bits":8,"shape":[1,)" + size +
                     R"(],"groupSize":)" + size + "}}}");
}

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
      {"F16", Code::kModelUnsupported, Tensors(Entry("t", "F16", "[2]", "[0,4]"), Zeros(4))},
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
  };
}

std::vector<Case> ManifestCases() {
  const auto entry = [](const char* members) {
    return Manifest(R"({"w":{)" + std::string(members) + "}}");
  };
  const auto format = [](const char* members) {
    return Manifest(R"({"w":{"bits":8,"shape":[2,48],"groupSize":16,)" + std::string(members) +
                    "}}");
  };
  const std::string w_only = Entry("w", "U8", "[1,16]", "[0,16]");
  const std::string manifest =
      R"({"version":1,"tensors":{"w":{"bits":8,"shape":[1,16],"groupSize":16}}})";
  return {
      {"no manifest", Code::kModelMalformed, Document(R"({"version":1})")},
      {"the manifest as a list", Code::kModelMalformed, Manifest("[]")},
      {"an entry that is a number", Code::kModelMalformed, Manifest(R"({"w":8})")},
      {"a tensor that is not there", Code::kModelShape,
       Manifest(R"({"v":{"bits":8,"shape":[2,48],"groupSize":16}})")},
      {"a tensor of floats", Code::kModelShape,
       Manifest(R"({"w.scale":{"bits":8,"shape":[2,3],"groupSize":3}})")},
      {"no scale", Code::kModelShape, Tensors(w_only, Zeros(16), manifest)},
      {"a scale of bytes", Code::kModelShape,
       Tensors(w_only + "," + Entry("w.scale", "U8", "[1,1]", "[16,17]"), Zeros(17), manifest)},
      {"a scale of another shape", Code::kModelShape,
       entry(R"("bits":8,"shape":[2,48],"groupSize":48)")},
      {"no bits", Code::kModelMalformed, entry(R"("shape":[2,48],"groupSize":16)")},
      {"bits as a string", Code::kModelMalformed,
       entry(R"("bits":"8","shape":[2,48],"groupSize":16)")},
      {"3 bits", Code::kModelUnsupported, entry(R"("bits":3,"shape":[2,48],"groupSize":16)")},
      {"16 bits", Code::kModelUnsupported, entry(R"("bits":16,"shape":[2,48],"groupSize":16)")},
      {"32 bits", Code::kModelUnsupported, entry(R"("bits":32,"shape":[2,48],"groupSize":16)")},
      {"-8 bits", Code::kModelUnsupported, entry(R"("bits":-8,"shape":[2,48],"groupSize":16)")},
      {"4 bits of 8-bit codes", Code::kModelShape,
       entry(R"("bits":4,"shape":[2,48],"groupSize":16)")},
      {"a shape of rank 1", Code::kModelShape, entry(R"("bits":8,"shape":[96],"groupSize":16)")},
      {"a shape of rank 3", Code::kModelShape,
       entry(R"("bits":8,"shape":[2,3,16],"groupSize":16)")},
      {"a shape of more rows", Code::kModelShape,
       entry(R"("bits":8,"shape":[3,48],"groupSize":16)")},
      {"a shape of shorter rows", Code::kModelShape,
       entry(R"("bits":8,"shape":[2,32],"groupSize":16)")},
      {"no group size", Code::kModelMalformed, entry(R"("bits":8,"shape":[2,48])")},
      {"groups of 0", Code::kModelShape, entry(R"("bits":8,"shape":[2,48],"groupSize":0)")},
      {"groups of -16", Code::kModelShape, entry(R"("bits":8,"shape":[2,48],"groupSize":-16)")},
      {"groups of 24, no multiple of 16", Code::kModelShape,
       entry(R"("bits":8,"shape":[2,48],"groupSize":24)")},
      {"groups of 32, no divisor of 48", Code::kModelShape,
       entry(R"("bits":8,"shape":[2,48],"groupSize":32)")},
      {"groups of 96, beyond the depth", Code::kModelShape,
       entry(R"("bits":8,"shape":[2,48],"groupSize":96)")},
      {"groups whose sums leave int32", Code::kModelTooLarge, OneRow(65537)},
      {"an unknown scheme", Code::kModelUnsupported, format(R"("scheme":"log")")},
      {"a scheme in capitals", Code::kModelUnsupported, format(R"("scheme":"Affine")")},
      {"a scheme that is a number", Code::kModelMalformed, format(R"("scheme":1)")},
      {"a scheme of null", Code::kModelMalformed, format(R"("scheme":null)")},
      {"activations of 2 bits", Code::kModelUnsupported, format(R"("activations":2)")},
      {"activations of 16 bits", Code::kModelUnsupported, format(R"("activations":16)")},
      {"activations of -8 bits", Code::kModelUnsupported, format(R"("activations":-8)")},
      {"activations of 8.5 bits", Code::kModelMalformed, format(R"("activations":8.5)")},
      {"activations as a string", Code::kModelMalformed, format(R"("activations":"8")")},
      {"an affine matrix without zeros", Code::kModelShape, format(R"("scheme":"affine")")},
      {"zeros of bytes", Code::kModelShape, Affine(Zeros(8), "U8", "[1,8]")},
      {"zeros of another shape", Code::kModelShape, Affine(Zeros(8), "F32", "[2,1]")},
      {"zeros of another rank", Code::kModelShape, Affine(Zeros(8), "F32", "[2]")},
      {"a zero of NaN", Code::kModelShape, Affine(Floats({0, std::nanf("")}))},
      {"a zero of infinity", Code::kModelShape, Affine(Floats({0, INFINITY}))},
      {"a zero of -infinity", Code::kModelShape, Affine(Floats({0, -INFINITY}))},
      {"a zero beside a scale of 0", Code::kModelShape, Affine(Floats({1, 1}))},
      {"the smallest zero beside a scale of 0", Code::kModelShape,
       Affine(Floats({-std::numeric_limits<float>::denorm_min(), 1}))},
      {"a negative scale beside a zero", Code::kModelShape,
       Affine(Zeros(8), "F32", "[1,2]", Floats({0, -1}))},
      {"an unknown field", Code::kModelMalformed,
       entry(R"("bits":8,"shape":[2,48],"groupSize":16,"zeroPoint":0)")},
      {"a scale of NaN", Code::kModelShape, ScaleHolding(std::nanf(""))},
      {"a scale of -NaN", Code::kModelShape, ScaleHolding(-std::nanf(""))},
      {"a scale of infinity", Code::kModelShape, ScaleHolding(INFINITY)},
      {"a negative scale", Code::kModelShape, ScaleHolding(-1)},
      {"a scale of -0", Code::kModelShape, ScaleHolding(-0.0f)},
      {"a negative scale too small to be normal", Code::kModelShape,
       ScaleHolding(-std::numeric_limits<float>::denorm_min())},
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
