// Sizes come from the file, so all arithmetic on them is checked; nothing is read from a place that
// has not been found to lie inside the file.
#include "model/safetensors.h"

#include <algorithm>
#include <cstring>

#include "model/fields.h"

namespace parrotlet {

namespace {

constexpr size_t kMaxNameBytes = 256;
constexpr uint64_t kMaxOffset = uint64_t(1) << 53;  // doubles are exact up to here

// A tensor and its place in the data.
struct Entry {
  StoredTensor tensor;
  uint64_t begin = 0, end = 0;
};

bool IsName(std::string_view text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= kMaxNameBytes &&
         std::all_of(text.begin(), text.end(), plain);
}

constexpr size_t BytesOf(StoredType type) {
  switch (type) {
    case StoredType::kF32:
      return 4;
    case StoredType::kF16:
      return 2;
    case StoredType::kU8:
      break;
  }
  return 1;
}

// Bytes of the tensor by its type and shape; false when they overflow.
bool ByteCount(const StoredTensor& tensor, uint64_t* bytes) {
  *bytes = BytesOf(tensor.type);
  for (const int size : tensor.shape) {
    if (__builtin_mul_overflow(*bytes, uint64_t(size), bytes)) return false;
  }
  return true;
}

bool ReadOffset(const Json& value, uint64_t* offset) {
  const double number = value.number();
  if (!value.is_number() || !(number >= 0 && number < double(kMaxOffset))) return false;
  *offset = uint64_t(number);
  return double(*offset) == number;
}

// `path` is the tensor's name as errors show it.
Status ReadEntry(const Json& value, const std::string& path, Entry* entry) {
  static constexpr Choice<StoredType> kTypes[] = {
      {"F32", StoredType::kF32}, {"F16", StoredType::kF16}, {"U8", StoredType::kU8}};
  Status status;
  Fields fields(value, path, &status);
  entry->tensor.type = fields.OneOf("dtype", kTypes);
  entry->tensor.shape = fields.Integers("shape", 1, kMaxRank, 1, kMaxDimension);
  const std::span<const Json> offsets = fields.List("data_offsets", 2, 2);
  fields.Finish();
  if (!status.ok()) return status;
  if (!ReadOffset(offsets[0], &entry->begin) || !ReadOffset(offsets[1], &entry->end)) {
    fields.Fail(Code::kModelMalformed, "data_offsets", "two whole numbers below 2^53");
    return status;
  }
  uint64_t bytes;
  if (!ByteCount(entry->tensor, &bytes) || entry->end < entry->begin ||
      entry->end - entry->begin != bytes) {
    return Status::Error(Code::kModelShape,
                         "%s has offsets %.0f to %.0f, which do not match its shape %s",
                         path.c_str(), offsets[0].number(), offsets[1].number(),
                         ShapeText(entry->tensor.shape).c_str());
  }
  return {};
}

// Tensors must lie end to end, from the first byte of the data to the last; `entries` are in the
// order of their offsets, `data_begin` is the data's place in the file.
Status CheckCoverage(std::span<const Entry> entries, size_t data_begin, size_t data_bytes) {
  uint64_t covered = 0;
  for (const Entry& entry : entries) {
    const std::string name = "tensor " + Quoted(entry.tensor.name);
    if (entry.begin != covered) {
      return Status::Error(Code::kModelShape,
                           "%s begins at byte %.0f of the data but the one before ends at %.0f: %s",
                           name.c_str(), double(entry.begin), double(covered),
                           entry.begin < covered ? "they overlap" : "there is a hole");
    }
    if (entry.tensor.type == StoredType::kF32 && (data_begin + entry.begin) % sizeof(float) != 0) {
      return Status::Error(Code::kModelShape,
                           "%s begins at byte %.0f of the file; F32 begins at a multiple of 4",
                           name.c_str(), double(data_begin + entry.begin));
    }
    covered = entry.end;
  }
  if (covered == data_bytes) return {};
  return Status::Error(Code::kModelShape,
                       "the tensors end at byte %.0f of the data but the file goes on to %zu",
                       double(covered), data_bytes);
}

}  // namespace

std::string ShapeText(std::span<const int> shape) {
  std::string text = "[";
  for (const int size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

Result<SafetensorsHeader> ReadSafetensorsHeader(std::span<const uint8_t> file) {
  if (file.size() < kSafetensorsLengthBytes) {
    return Status::Error(Code::kModelTruncated,
                         "the file has %zu bytes; a model begins with a length of 8", file.size());
  }
  uint64_t length;
  std::memcpy(&length, file.data(), sizeof length);
  const size_t rest = file.size() - kSafetensorsLengthBytes;
  if (length > kMaxHeaderBytes) {
    return Status::Error(
        Code::kModelTooLarge,
        "the header claims %.0f bytes; at most %.0f are read: is this a model file?",
        double(length), double(kMaxHeaderBytes));
  }
  if (length > rest) {
    return Status::Error(Code::kModelTruncated,
                         "the header has %.0f bytes but the file ends after %zu of them: copy or "
                         "download it again",
                         double(length), rest);
  }
  SafetensorsHeader header;
  header.text = {reinterpret_cast<const char*>(file.data()) + kSafetensorsLengthBytes,
                 size_t(length)};
  header.data = file.subspan(kSafetensorsLengthBytes + header.text.size());
  if (!header.text.starts_with('{')) {
    return Status::Error(Code::kModelMalformed,
                         "the header does not begin with '{': this is no model file");
  }
  Result<Json> json = Json::Parse(header.text);
  if (!json.ok()) {
    return Status::Error(json.status().code, "the header is %s", json.status().message);
  }
  header.json = std::move(json.value());
  return header;
}

Result<std::vector<StoredTensor>> ReadStoredTensors(const SafetensorsHeader& header) {
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.json.members()) {
    if (name == kSafetensorsMetadata) continue;
    if (entries.size() == kMaxTensors) {
      return Status::Error(Code::kModelTooLarge, "the file has more than %zu tensors", kMaxTensors);
    }
    if (!IsName(name)) {
      return Status::Error(Code::kModelMalformed,
                           "the tensor name %s is not 1 to %zu letters, digits, '.', '_', '-'",
                           Quoted(name).c_str(), kMaxNameBytes);
    }
    Entry entry;
    const Status status = ReadEntry(value, "tensor " + Quoted(name), &entry);
    if (!status.ok()) return status;
    entry.tensor.name = name;
    entries.push_back(std::move(entry));
  }

  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.begin < b.begin; });
  if (!entries.empty() && entries.back().end > header.data.size()) {
    return Status::Error(Code::kModelTruncated,
                         "tensor %s ends at byte %.0f of the data but the file has %zu: copy or "
                         "download it again",
                         Quoted(entries.back().tensor.name).c_str(), double(entries.back().end),
                         header.data.size());
  }
  const size_t data_begin = kSafetensorsLengthBytes + header.text.size();
  const Status status = CheckCoverage(entries, data_begin, header.data.size());
  if (!status.ok()) return status;

  std::vector<StoredTensor> tensors;
  tensors.reserve(entries.size());
  for (Entry& entry : entries) {
    entry.tensor.bytes = header.data.subspan(entry.begin, entry.end - entry.begin);
    tensors.push_back(std::move(entry.tensor));
  }
  std::sort(tensors.begin(), tensors.end(),
            [](const StoredTensor& a, const StoredTensor& b) { return a.name < b.name; });
  return tensors;
}

}  // namespace parrotlet
