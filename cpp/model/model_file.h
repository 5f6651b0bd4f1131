// Reads a parrotlet model file (docs/model-format.md): checks everything, trusts nothing.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/status.h"
#include "quant/weight_format.h"

namespace parrotlet {

// One tensor of the file, checked: its bytes lie inside the file and match its shape, floats are
// finite, scales also not negative, zeros 0 where their scale is, and no sum over a group can leave
// int32.
struct Tensor {
  std::string name;
  WeightFormat format;     // bits 32 unless the manifest says the tensor is quantized
  std::vector<int> shape;  // logical: [cols][depth] for a quantized matrix; rank 1 to 4
  // Little-endian; memory is the ModelFile's. Floats are float32 and aligned to 4 bytes, also those
  // that the file holds as float16.
  std::span<const uint8_t> bytes;  // float32 values, codes (quant/pack.h) or raw bytes
  std::span<const uint8_t> scale;  // float32 [cols][groups]; empty unless quantized
  std::span<const uint8_t> zero;   // the same; empty unless affine
  bool is_bytes = false;           // a U8 tensor that the manifest does not name: raw bytes

  size_t elements() const;  // of the logical shape
};

class ModelFile {
 public:
  ModelFile() = default;
  ModelFile(const ModelFile&) = delete;  // tensors point into the bytes
  ModelFile& operator=(const ModelFile&) = delete;
  ModelFile(ModelFile&&) = default;
  ModelFile& operator=(ModelFile&&) = default;

  // Takes the whole file. Errors: kModelTruncated, kModelMalformed, kModelVersion, kModelChecksum,
  // kModelShape, kModelUnsupported, kModelTooLarge; the message names the tensor or field.
  static Result<ModelFile> Parse(std::vector<uint8_t> bytes);

  // Reads the file at `path` (UTF-8) into memory and parses it. Also kIoError. The file is not
  // mapped: one that shrinks while it is in use would end the process.
  static Result<ModelFile> Read(const char* path, size_t max_bytes);

  // The document of docs/model-format.md, an object.
  const Json& document() const { return document_; }

  std::span<const Tensor> tensors() const { return tensors_; }

  // The tensor of that name, or null.
  const Tensor* Find(std::string_view name) const;

  size_t file_bytes() const { return bytes_.size(); }

 private:
  std::vector<uint8_t> bytes_;
  std::vector<float> widened_;  // what the file holds as F16
  Json document_;
  std::vector<Tensor> tensors_;  // sorted by name
};

}  // namespace parrotlet
