// Makes model files byte by byte, however wrong, sealed with a right checksum where one could be.
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "core/status.h"
#include "model/model_writer.h"

namespace parrotlet::hostile {

using Bytes = std::vector<uint8_t>;

struct Case {
  const char* name;
  Code code;
  Bytes file;
};

inline const std::string kDocument = R"({"version":1,"tensors":{}})";

inline std::string Repeat(std::string_view text, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += text;
  return out;
}

inline Bytes Zeros(size_t count) { return Bytes(count); }

inline Bytes Floats(const std::vector<float>& values) {
  Bytes bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

inline Bytes Join(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// A file whose length field is whatever is claimed.
inline Bytes Claiming(uint64_t length, const std::string& rest) {
  Bytes file = Container(rest, {}, 1);
  std::memcpy(file.data(), &length, sizeof length);
  return file;
}

// A file of that header text, sealed.
inline Bytes Header(const std::string& text, const Bytes& data = {}) {
  Bytes file = Container(text, data);
  Seal(&file);
  return file;
}

// `members` stand between the braces of __metadata__.
inline Bytes Metadata(const std::string& members) {
  return Header("{\"__metadata__\":{" + members + "}}");
}

inline const std::string kFormat = R"("format":"parrotlet")";
inline const std::string kSha256 = "\"sha256\":\"" + kZeroDigits + "\"";

inline std::string DocumentMember(const std::string& text) {
  return "\"document\":" + JsonString(text);
}

inline Bytes Document(const std::string& text) {
  return Metadata(kFormat + "," + kSha256 + "," + DocumentMember(text));
}

// `tensors` are header members; sealed.
inline Bytes Tensors(const std::string& tensors, const Bytes& data,
                     const std::string& document = kDocument) {
  return Header("{\"__metadata__\":{" + kFormat + "," + kSha256 + "," + DocumentMember(document) +
                    "}," + tensors + "}",
                data);
}

inline std::string Entry(const std::string& name, const std::string& dtype,
                         const std::string& shape, const std::string& offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
         ",\"data_offsets\":" + offsets + "}";
}

// One F32 tensor "t" of that shape and those offsets, over `bytes` bytes of data.
inline Bytes OneTensor(const std::string& shape, const std::string& offsets, size_t bytes) {
  return Tensors(Entry("t", "F32", shape, offsets), Zeros(bytes));
}

}  // namespace parrotlet::hostile
