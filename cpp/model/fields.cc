// Reading with one shared status; see fields.h.
#include "model/fields.h"

#include <algorithm>
#include <cmath>

namespace parrotlet {

namespace {

// A number as messages show it, without trailing zeros.
std::string NumberText(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

// A value as messages show it.
std::string ValueText(const Json* value) {
  if (value == nullptr) return "missing";
  switch (value->type()) {
    case Json::Type::kString:
      return Quoted(value->string());
    case Json::Type::kNumber:
      return NumberText(value->number());
    case Json::Type::kBool:
      return value->boolean() ? "true" : "false";
    case Json::Type::kNull:
      return "null";
    case Json::Type::kArray:
      return "a list of " + std::to_string(value->items().size());
    case Json::Type::kObject:
      return "an object";
  }
  return "";
}

Status Mismatch(Code code, const std::string& path, const Json* value,
                const std::string& expected) {
  return Status::Error(code, "%s is %s; expected %s", path.c_str(), ValueText(value).c_str(),
                       expected.c_str());
}

std::string RangeText(const char* what, double low, double high) {
  return what + NumberText(low) + " to " + NumberText(high);
}

const Json& EmptyObject() {
  static const Json kEmpty;
  return kEmpty;
}

}  // namespace

Fields::Fields(const Json& object, std::string path, Status* status)
    : object_(object), path_(std::move(path)), status_(status) {
  if (ok() && !object.is_object()) {
    *status_ = Mismatch(Code::kModelMalformed, path_.empty() ? "the document" : path_, &object,
                        "an object");
  }
}

std::string Fields::PathOf(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

void Fields::Fail(Code code, std::string_view key, const std::string& expected) {
  if (ok()) *status_ = Mismatch(code, PathOf(key), object_.Find(key), expected);
}

bool Fields::Has(std::string_view key) {
  known_.push_back(key);
  return object_.Find(key) != nullptr;
}

const Json* Fields::Get(std::string_view key, Json::Type type, const char* expected) {
  known_.push_back(key);
  if (!ok()) return nullptr;
  const Json* value = object_.Find(key);
  if (value != nullptr && value->type() == type) return value;
  Fail(Code::kModelMalformed, key, expected);
  return nullptr;
}

int Fields::WholeNumber(const Json& item, const std::string& path, int low, int high) {
  const double number = item.number();
  const bool whole = item.is_number() && std::trunc(number) == number;
  if (whole && number >= low && number <= high) return int(number);
  if (ok()) {
    *status_ = Mismatch(whole ? Code::kModelShape : Code::kModelMalformed, path, &item,
                        RangeText("a whole number from ", low, high));
  }
  return low;
}

int Fields::Integer(std::string_view key, int low, int high) {
  const Json* value = Get(key, Json::Type::kNumber, "a whole number");
  return value == nullptr ? low : WholeNumber(*value, PathOf(key), low, high);
}

int Fields::Integer(std::string_view key, int low, int high, int absent) {
  return Has(key) ? Integer(key, low, high) : absent;
}

float Fields::Number(std::string_view key, double low, double high) {
  const Json* value = Get(key, Json::Type::kNumber, "a number");
  if (value == nullptr) return float(low);
  const double number = value->number();
  if (number >= low && number <= high) return float(number);
  Fail(Code::kModelShape, key, RangeText("a number from ", low, high));
  return float(low);
}

float Fields::Number(std::string_view key, double low, double high, float absent) {
  return Has(key) ? Number(key, low, high) : absent;
}

bool Fields::Bool(std::string_view key) {
  const Json* value = Get(key, Json::Type::kBool, "true or false");
  return value != nullptr && value->boolean();
}

std::string Fields::Text(std::string_view key, size_t max_bytes) {
  const Json* value = Get(key, Json::Type::kString, "a string");
  if (value == nullptr) return "";
  const size_t bytes = value->string().size();
  if (bytes >= 1 && bytes <= max_bytes) return value->string();
  Fail(Code::kModelMalformed, key, "a string of 1 to " + std::to_string(max_bytes) + " bytes");
  return "";
}

std::span<const Json> Fields::List(std::string_view key, size_t min, size_t max) {
  const Json* value = Get(key, Json::Type::kArray, "a list");
  if (value == nullptr) return {};
  const size_t size = value->items().size();
  if (size >= min && size <= max) return value->items();
  Fail(Code::kModelShape, key,
       "a list of " + std::to_string(min) + " to " + std::to_string(max) + " entries");
  return {};
}

std::vector<int> Fields::Integers(std::string_view key, size_t min, size_t max, int low, int high) {
  std::vector<int> numbers;
  for (const Json& item : List(key, min, max)) {
    const std::string path = PathOf(key) + "[" + std::to_string(numbers.size()) + "]";
    numbers.push_back(WholeNumber(item, path, low, high));
  }
  return numbers;
}

Fields Fields::Object(std::string_view key) {
  const Json* value = Get(key, Json::Type::kObject, "an object");
  return Fields(value == nullptr ? EmptyObject() : *value, PathOf(key), status_);
}

size_t Fields::IndexOf(std::string_view key, std::span<const char* const> texts) {
  const Json* value = Get(key, Json::Type::kString, "a string");
  if (value == nullptr) return 0;
  std::string expected;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (value->string() == texts[i]) return i;
    expected += std::string(i == 0 ? "\"" : ", \"") + texts[i] + "\"";
  }
  Fail(Code::kModelUnsupported, key, "one of " + expected);
  return 0;
}

void Fields::Finish() {
  if (!ok()) return;
  for (const auto& [key, value] : object_.members()) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    *status_ = Status::Error(Code::kModelMalformed, "%s is not a field of %s", Quoted(key).c_str(),
                             path_.empty() ? "the document" : path_.c_str());
    return;
  }
}

}  // namespace parrotlet
