// A small strict JSON reader (RFC 8259) for model headers: bounded depth and size, no recursion on
// untrusted input beyond the cap, duplicate keys refused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/status.h"

namespace parrotlet {

class Json {
 public:
  enum class Type { kNull, kBool, kNumber, kString, kArray, kObject };

  // Parses a whole text; anything but white space after the value is an error. Nesting deeper than
  // 32, invalid UTF-8, lone surrogates, duplicate keys and numbers that are not finite doubles are
  // kModelMalformed, with the byte offset in the message.
  static Result<Json> Parse(std::string_view text);

  Type type() const { return type_; }
  bool is_object() const { return type_ == Type::kObject; }
  bool is_array() const { return type_ == Type::kArray; }
  bool is_string() const { return type_ == Type::kString; }
  bool is_number() const { return type_ == Type::kNumber; }
  bool is_bool() const { return type_ == Type::kBool; }

  bool boolean() const { return number_ != 0; }
  double number() const { return number_; }
  const std::string& string() const { return string_; }
  const std::vector<Json>& items() const { return items_; }                         // array
  const std::vector<std::pair<std::string, Json>>& members() const { return members_; }  // object

  // The member of that name, or null when absent or when this is no object.
  const Json* Find(std::string_view key) const;

  // The text this value was parsed from is not kept; this writes it again, compactly.
  std::string Dump() const;

 private:
  friend class JsonParser;
  Type type_ = Type::kNull;
  double number_ = 0;
  std::string string_;
  std::vector<Json> items_;
  std::vector<std::pair<std::string, Json>> members_;
};

}  // namespace parrotlet
