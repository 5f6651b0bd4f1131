// Reads the fields of one JSON object of a model file: types, ranges, choices, and no field
// unknown.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/status.h"

namespace parrotlet {

// One word that a field may hold, and what it means.
template <typename E>
struct Choice {
  const char* text;
  E value;
};

// Every reader shares one status: the first error is kept and ends all further work, so that
// callers read a whole object and look at the status once. After an error a reader returns the
// lowest legal value. Errors: kModelMalformed (missing, of the wrong type, unknown), kModelShape
// (out of range), kModelUnsupported (an unknown choice); each names the field by its whole path.
class Fields {
 public:
  // `path` is what errors call the object, for example "encoder.layers[3]"; empty for the document.
  Fields(const Json& object, std::string path, Status* status);

  // Whether the field is there. Asking makes it known.
  bool Has(std::string_view key);

  // A whole number in [low, high].
  int Integer(std::string_view key, int low, int high);
  int Integer(std::string_view key, int low, int high, int absent);

  // A number in [low, high], rounded to float.
  float Number(std::string_view key, double low, double high);
  float Number(std::string_view key, double low, double high, float absent);

  bool Bool(std::string_view key);

  // A string of 1 to `max_bytes` bytes; any other is kModelMalformed.
  std::string Text(std::string_view key, size_t max_bytes);

  // A list of `min` to `max` whole numbers in [low, high].
  std::vector<int> Integers(std::string_view key, size_t min, size_t max, int low, int high);

  // A list of `min` to `max` values of any type.
  std::span<const Json> List(std::string_view key, size_t min, size_t max);

  // An object, to be read by its own Fields.
  Fields Object(std::string_view key);

  // An entry of a list, to be read by its own Fields; `path` is what errors call it.
  Fields Item(const Json& item, std::string path) { return {item, std::move(path), status_}; }

  // An entry of a list: a whole number in [low, high].
  int WholeNumber(const Json& item, const std::string& path, int low, int high);

  template <typename E, size_t N>
  E OneOf(std::string_view key, const Choice<E> (&choices)[N]) {
    const char* texts[N];
    for (size_t i = 0; i < N; ++i) texts[i] = choices[i].text;
    return choices[IndexOf(key, texts)].value;
  }

  // Records an error about `key` unless one is known already. `expected` completes "<path> is
  // <value>; expected ...".
  void Fail(Code code, std::string_view key, const std::string& expected);

  // Refuses every field that was not asked for.
  void Finish();

  bool ok() const { return status_->ok(); }

  // The path of a field: "encoder.dim".
  std::string PathOf(std::string_view key) const;

 private:
  // The value, or null and an error when it is missing or of another type.
  const Json* Get(std::string_view key, Json::Type type, const char* expected);
  size_t IndexOf(std::string_view key, std::span<const char* const> texts);

  const Json& object_;
  std::string path_;
  Status* status_;
  std::vector<std::string_view> known_;
};

}  // namespace parrotlet
