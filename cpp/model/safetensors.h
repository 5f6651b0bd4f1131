// The container of a model file: a safetensors header and the tensors it describes. Knows nothing
// of what they mean.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/status.h"

namespace parrotlet {

inline constexpr const char* kSafetensorsMetadata = "__metadata__";
inline constexpr size_t kSafetensorsLengthBytes = 8;
inline constexpr uint64_t kMaxHeaderBytes = 4 << 20;
inline constexpr size_t kMaxTensors = 4096;
inline constexpr size_t kMaxRank = 4;
inline constexpr int kMaxDimension = 1 << 24;

// A file cut into its parts; views into its bytes.
struct SafetensorsHeader {
  std::string_view text;  // begins kSafetensorsLengthBytes into the file
  Json json;              // an object
  std::span<const uint8_t> data;
};

// What values a stored tensor holds; F32 is aligned to 4 bytes of the file.
enum class StoredType : uint8_t { kF32, kF16, kU8 };

// A tensor as it stands in the file.
struct StoredTensor {
  std::string name;  // letters, digits, '.', '_', '-'
  StoredType type = StoredType::kU8;
  std::vector<int> shape;
  std::span<const uint8_t> bytes;
};

// Cuts a file and parses its header. Errors: kModelTruncated, kModelTooLarge, kModelMalformed.
Result<SafetensorsHeader> ReadSafetensorsHeader(std::span<const uint8_t> file);

// Every tensor, sorted by name; together they cover the data without holes or overlap. Errors:
// kModelTruncated, kModelMalformed, kModelShape, kModelUnsupported (a dtype), kModelTooLarge.
Result<std::vector<StoredTensor>> ReadStoredTensors(const SafetensorsHeader& header);

// "[2, 3]".
std::string ShapeText(std::span<const int> shape);

}  // namespace parrotlet
