// Model files whose manifest of quantized matrices, or the tensors it asks for, are wrong.
#pragma once

#include <cmath>
#include <limits>

#include "model/hostile_files.h"

namespace parrotlet::hostile {

// A matrix "w" of 8-bit codes [2][48] with scales [2][3], and that entry of the manifest.
inline Bytes Manifest(const std::string& entry, const Bytes& scales = Floats({1, 1, 1, 1, 1, 1})) {
  return Tensors(
      Entry("w.scale", "F32", "[2,3]", "[0,24]") + "," + Entry("w", "U8", "[2,48]", "[24,120]"),
      Join(scales, Zeros(96)), "{\"version\":1,\"tensors\":" + entry + "}");
}

inline const std::string kGoodEntry = R"({"w":{"bits":8,"shape":[2,48],"groupSize":16}})";

inline Bytes ScaleHolding(float value) {
  return Manifest(kGoodEntry, Floats({1, 1, 1, 1, 1, value}));
}

// An affine matrix "w" of 8-bit codes [1][32] with scales [1][2], and a tensor "w.zero" of two
// floats with that dtype and shape.
inline Bytes Affine(const Bytes& zeros, const std::string& dtype = "F32",
                    const std::string& shape = "[1,2]", const Bytes& scales = Floats({0, 1})) {
  return Tensors(Entry("w.scale", "F32", "[1,2]", "[0,8]") + "," +
                     Entry("w.zero", dtype, shape, "[8,16]") + "," +
                     Entry("w", "U8", "[1,32]", "[16,48]"),
                 Join(Join(scales, zeros), Zeros(32)),
                 R"({"version":1,"tensors":{"w":{"bits":8,"shape":[1,32],"groupSize":16,)"
                 R"("scheme":"affine"}}})");
}

// One row of `depth` 8-bit codes that share a scale.
inline Bytes OneRow(int depth) {
  const std::string size = std::to_string(depth), end = std::to_string(depth + 4);
  return Tensors(Entry("w.scale", "F32", "[1,1]", "[0,4]") + "," +
                     Entry("w", "U8", "[1," + size + "]", "[4," + end + "]"),
                 Join(Floats({1}), Zeros(depth)),
                 R"({"version":1,"tensors":{"w":{"bits":8,"shape":[1,)" + size +
                     R"(],"groupSize":)" + size + "}}}");
}

inline std::vector<Case> ManifestCases() {
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

}  // namespace parrotlet::hostile
