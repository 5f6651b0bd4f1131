// A small strict JSON reader (RFC 8259) for model headers: bounded depth and size, duplicate keys
// refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/status.h"

namespace parrotlet {

class Json {
 public:
  // In the order of `value_`'s alternatives.
  enum class Type { kNull, kBool, kNumber, kString, kArray, kObject };
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;

  // What keeps a hostile text of a few bytes from costing much: deeper nesting is kModelMalformed,
  // more values are kModelTooLarge.
  static constexpr int kMaxDepth = 32;
  static constexpr size_t kMaxValues = 65536;

  // Parses a whole text; anything but white space after the value is an error. Invalid UTF-8, lone
  // surrogates, duplicate keys and numbers outside the range of a double are kModelMalformed, with
  // the byte offset in the message.
  static Result<Json> Parse(std::string_view text);

  Type type() const { return Type(value_.index()); }
  bool is_object() const { return type() == Type::kObject; }
  bool is_array() const { return type() == Type::kArray; }
  bool is_string() const { return type() == Type::kString; }
  bool is_number() const { return type() == Type::kNumber; }
  bool is_bool() const { return type() == Type::kBool; }

  // The value of that type; false, 0 or empty when it is of another.
  bool boolean() const { return Get<bool>(); }
  double number() const { return Get<double>(); }
  const std::string& string() const { return Get<std::string>(); }
  const Array& items() const { return Get<Array>(); }
  const Object& members() const { return Get<Object>(); }

  // The member of that name, or null when absent or when this is no object.
  const Json* Find(std::string_view key) const;

  // Where the value began in the parsed text, in bytes.
  size_t offset() const { return offset_; }

  // The text this value was parsed from is not kept; this writes it again, compactly.
  std::string Dump() const;

 private:
  friend class JsonParser;

  template <typename T>
  const T& Get() const {
    static const T kNone{};
    const T* value = std::get_if<T>(&value_);
    return value == nullptr ? kNone : *value;
  }

  std::variant<std::monostate, bool, double, std::string, Array, Object> value_;
  uint32_t offset_ = 0;
};

// Untrusted text as error messages show it: in quotes, printable ASCII, cut after 60 characters.
std::string Quoted(std::string_view text);

// `text` as a JSON string, quotes included.
std::string JsonString(std::string_view text);

}  // namespace parrotlet
