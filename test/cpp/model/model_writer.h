// Makes model files for tests: valid ones from tensors, and hand-made ones whose checksum is right,
// so that later checks are reached.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/sha256.h"
#include "quant/pack.h"

namespace parrotlet {

inline const std::string kZeroDigits(64, '0');

// A document that Config accepts, without its manifest: a small streaming model.
inline constexpr std::string_view kTinyDocument = R"({
  "version": 1, "name": "tiny", "sampleRate": 16000, "maxSegmentSeconds": 20,
  "frontEnd": {
    "kind": "waveform",
    "convs": [
      {"inChannels": 1, "outChannels": 8, "kernel": 7, "stride": 4, "activation": "tanh"},
      {"inChannels": 8, "outChannels": 16, "kernel": 3, "stride": 2, "activation": "gelu"}
    ],
    "norm": {"kind": "running", "epsilon": 1e-5, "priorFrames": 64, "priorMean": 0, "priorVariance": 0.01}
  },
  "encoder": {
    "dim": 16, "heads": 2, "feedForward": 32, "activation": "gelu",
    "halfStepFeedForward": false, "blockNorm": false, "convKernel": 3, "normEpsilon": 1e-5,
    "span": "chunk", "leftFrames": 8, "chunkFrames": 4, "chunkChoices": [2, 4, 8],
    "positions": "rotary", "rotaryDims": 6, "rotaryTheta": 10000, "memoryPositionScale": 0,
    "layers": [{"kind": "block"}, {"kind": "stacker", "past": 1, "future": 0, "stride": 2}]
  },
  "output": "attentionDecoder",
  "decoder": {
    "dim": 16, "heads": 2, "feedForward": 32, "layers": 1, "rotaryDims": 6, "rotaryTheta": 10000,
    "normEpsilon": 1e-5, "vocabulary": 40, "startToken": 1, "endToken": 2, "tokensPerSecond": 6.5,
    "alignmentHeads": [[0, 1]]
  },
  "tokenizer": {"kind": "pieces", "special": [0, 1, 2]},
  "card": {"licence": "none", "anything": [1, {"goes": null}]}
})";

// The file of a header text and data: length, header padded to `alignment` bytes, data.
inline std::vector<uint8_t> Container(std::string header, std::span<const uint8_t> data,
                                      size_t alignment = 8) {
  while (header.size() % alignment != 0) header += ' ';
  const uint64_t length = header.size();
  std::vector<uint8_t> file(sizeof length + header.size() + data.size());
  std::memcpy(file.data(), &length, sizeof length);
  std::copy(header.begin(), header.end(), file.begin() + sizeof length);
  std::copy(data.begin(), data.end(), file.end() - data.size());
  return file;
}

// Puts the right digits in place of the first run of 64 zeros behind `"sha256":"`; a file without
// one stays as it is.
inline void Seal(std::vector<uint8_t>* file) {
  const std::string_view text(reinterpret_cast<const char*>(file->data()), file->size());
  const std::string key = "\"sha256\":\"";
  const size_t at = text.find(key + kZeroDigits);
  if (at == text.npos) return;
  Sha256 hash;
  hash.Update(*file);
  const std::string digits = hash.Finish();
  std::memcpy(file->data() + at + key.size(), digits.data(), digits.size());
}

class ModelWriter {
 public:
  // `document` is an object without "tensors".
  explicit ModelWriter(std::string_view document = kTinyDocument) : document_(document) {}

  ModelWriter& Floats(const std::string& name, const std::vector<int>& shape,
                      std::span<const float> values) {
    std::vector<uint16_t> halves;
    for (const float value : values) halves.push_back(HalfOf(value));
    const std::span<const std::byte> bytes =
        halves_ ? std::as_bytes(std::span(halves)) : std::as_bytes(values);
    const auto* first = reinterpret_cast<const uint8_t*>(bytes.data());
    floats_.push_back({name, halves_ ? "F16" : "F32", shape, {first, first + bytes.size()}});
    return *this;
  }

  // Every float tensor from here on, scales and zeros too, as F16: values that F16 holds, 2^-14 or
  // larger, or 0.
  ModelWriter& UseHalves() {
    halves_ = true;
    return *this;
  }

  ModelWriter& Bytes(const std::string& name, std::span<const uint8_t> bytes) {
    bytes_.push_back({name, "U8", {int(bytes.size())}, {bytes.begin(), bytes.end()}});
    return *this;
  }

  // A quantized matrix of codes [cols][depth] with scales [cols][depth / group]; affine ones also
  // with zeros.
  ModelWriter& Quantized(const std::string& name, WeightFormat format, int cols, int depth,
                         std::span<const int8_t> codes, std::span<const float> scales,
                         std::span<const float> zeros = {}) {
    const int row_bytes = int(DiskRowBytes(format.bits, depth));
    const int per_byte = 8 / format.bits;
    Part part{name, "U8", {cols, row_bytes}, std::vector<uint8_t>(size_t(cols) * row_bytes)};
    for (int n = 0; n < cols; ++n) {
      for (int k = 0; k < depth; ++k) {
        const int code = codes[size_t(n) * depth + k] & ((1 << format.bits) - 1);
        part.bytes[n * row_bytes + k / per_byte] |= code << (format.bits * (k % per_byte));
      }
    }
    bytes_.push_back(part);
    Floats(name + ".scale", {cols, depth / format.group_size}, scales);
    if (!zeros.empty()) Floats(name + ".zero", {cols, depth / format.group_size}, zeros);
    manifest_ += (manifest_.empty() ? "" : ",") + JsonString(name) +
                 ":{\"bits\":" + std::to_string(format.bits) + ",\"shape\":" + Text({cols, depth}) +
                 ",\"groupSize\":" + std::to_string(format.group_size) + Optional(format) + "}";
    return *this;
  }

  // The file: float32 tensors first, so that all of them are aligned.
  std::vector<uint8_t> Write() const {
    const std::string document =
        document_.substr(0, document_.rfind('}')) + ",\"tensors\":{" + manifest_ + "}}";
    std::string header = "{\"__metadata__\":{\"format\":\"parrotlet\",\"sha256\":\"" + kZeroDigits +
                         "\",\"document\":" + JsonString(document) + "}";
    std::vector<uint8_t> data;
    for (const std::vector<Part>* parts : {&floats_, &bytes_}) {
      for (const Part& part : *parts) {
        const size_t begin = data.size();
        data.insert(data.end(), part.bytes.begin(), part.bytes.end());
        header += "," + JsonString(part.name) + ":{\"dtype\":\"" + part.dtype +
                  "\",\"shape\":" + Text(part.shape) + ",\"data_offsets\":[" +
                  std::to_string(begin) + "," + std::to_string(data.size()) + "]}";
      }
    }
    std::vector<uint8_t> file = Container(header + "}", data);
    Seal(&file);
    return file;
  }

 private:
  struct Part {
    std::string name, dtype;
    std::vector<int> shape;
    std::vector<uint8_t> bytes;
  };

  static uint16_t HalfOf(float value) {
    const auto bits = std::bit_cast<uint32_t>(value);
    const uint32_t magnitude = bits & 0x7fffffff;
    return uint16_t(bits >> 16 & 0x8000 | (magnitude == 0 ? 0 : (magnitude >> 13) - (112 << 10)));
  }

  // The fields of the manifest that may be absent, where they are not as if they were.
  static std::string Optional(WeightFormat format) {
    const WeightFormat absent;
    std::string text;
    if (format.scheme == Scheme::kMidRise) text += ",\"scheme\":\"midRise\"";
    if (format.scheme == Scheme::kAffine) text += ",\"scheme\":\"affine\"";
    if (format.activation_bits != absent.activation_bits) {
      text += ",\"activations\":" + std::to_string(format.activation_bits);
    }
    return text;
  }

  static std::string Text(const std::vector<int>& shape) {
    std::string text = "[";
    for (const int size : shape) text += (text.size() > 1 ? "," : "") + std::to_string(size);
    return text + "]";
  }

  std::string document_, manifest_;
  bool halves_ = false;
  std::vector<Part> floats_, bytes_;
};

// A small file with every kind of tensor: floats, bytes, and matrices of 8, 4 and 2 bits.
inline std::vector<uint8_t> SmallModel() {
  std::vector<int8_t> codes(3 * 32);
  for (size_t i = 0; i < codes.size(); ++i) codes[i] = int8_t(i * 37);
  const std::vector<float> scales = {0.5f, 0.25f, 0.0f, 1e-3f, 2.0f, 0.125f};
  const std::vector<float> floats = {1.0f, -2.5f, 0.0f, 3e-5f};
  const std::vector<uint8_t> pieces = {1, 'a', 2, 'b', 'c'};
  return ModelWriter()
      .Floats("norm.weight", {2, 2}, floats)
      .Quantized("w8", {8, 32}, 3, 32, codes, std::span(scales).first(3))
      .Quantized("w4", {4, 16}, 3, 32, codes, scales)
      .Quantized("w2", {2, 19}, 3, 19, std::span(codes).first(3 * 19), std::span(scales).first(3))
      .Bytes("tokenizer.pieces", pieces)
      .Write();
}

}  // namespace parrotlet
