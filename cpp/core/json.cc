// The JSON parser: recursive descent with a depth cap, one pass, no look-behind.
#include "core/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace parrotlet {

namespace {

// Length in bytes of the UTF-8 sequence at `at`, or 0 if it is not well-formed (RFC 3629: shortest
// form, no surrogates, nothing above U+10FFFF).
size_t Utf8Length(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return at + i < text.size() ? uint8_t(text[at + i]) : 0u; };
  const auto tail = [&](size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return byte(i) >= low && byte(i) <= high;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool second = tail(1, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF);
    return second && tail(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool second = tail(1, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF);
    return second && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

void AppendUtf8(uint32_t point, std::string* out) {
  const auto tail = [&](int shift) { out->push_back(char(0x80 | ((point >> shift) & 0x3F))); };
  if (point < 0x80) {
    out->push_back(char(point));
  } else if (point < 0x800) {
    out->push_back(char(0xC0 | (point >> 6)));
    tail(0);
  } else if (point < 0x10000) {
    out->push_back(char(0xE0 | (point >> 12)));
    tail(6);
    tail(0);
  } else {
    out->push_back(char(0xF0 | (point >> 18)));
    tail(12);
    tail(6);
    tail(0);
  }
}

// A key that occurs twice, or null. Small objects are compared pairwise, large ones sorted.
const std::string* DuplicateKey(const Json::Object& members) {
  constexpr size_t kPairwise = 12;
  if (members.size() <= kPairwise) {
    for (size_t i = 1; i < members.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        if (members[i].first == members[j].first) return &members[i].first;
      }
    }
    return nullptr;
  }
  std::vector<const std::string*> keys;
  keys.reserve(members.size());
  for (const auto& member : members) keys.push_back(&member.first);
  std::sort(keys.begin(), keys.end(), [](auto* a, auto* b) { return *a < *b; });
  const auto twice =
      std::adjacent_find(keys.begin(), keys.end(), [](auto* a, auto* b) { return *a == *b; });
  return twice == keys.end() ? nullptr : *twice;
}

}  // namespace

class JsonParser {
 public:
  explicit JsonParser(std::string_view text) : text_(text) {}

  Status ParseText(Json* out) {
    if (text_.size() > UINT32_MAX) {
      return Status::Error(Code::kModelTooLarge, "JSON text of %zu bytes; at most 4 GiB are read",
                           text_.size());
    }
    if (!ParseValue(out, 0)) return status_;
    SkipSpace();
    if (at_ != text_.size()) Fail("expected the end of the text");
    return status_;
  }

 private:
  // Keeps the first error; false, so that callers can return it.
  bool Fail(const char* what) {
    if (status_.ok()) {
      status_ = Status::Error(Code::kModelMalformed, "not valid JSON: %s at byte %zu", what, at_);
    }
    return false;
  }

  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool Accept(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void SkipSpace() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
      ++at_;
    }
  }

  bool ParseValue(Json* out, int depth) {
    SkipSpace();
    if (++values_ > Json::kMaxValues) {
      status_ = Status::Error(Code::kModelTooLarge, "JSON with more than %zu values at byte %zu",
                              Json::kMaxValues, at_);
      return false;
    }
    out->offset_ = uint32_t(at_);
    switch (Peek()) {
      case '{':
        return ParseObject(out, depth);
      case '[':
        return ParseArray(out, depth);
      case '"':
        return ParseString(&out->value_.emplace<std::string>());
      case 't':
        out->value_ = true;
        return ParseWord("true");
      case 'f':
        out->value_ = false;
        return ParseWord("false");
      case 'n':
        return ParseWord("null");
      default:
        return ParseNumber(&out->value_.emplace<double>());
    }
  }

  bool ParseWord(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return Fail("expected a value");
    at_ += word.size();
    return true;
  }

  bool ParseArray(Json* out, int depth) {
    if (depth == Json::kMaxDepth) return Fail("nesting deeper than 32");
    Json::Array& items = out->value_.emplace<Json::Array>();
    ++at_;
    SkipSpace();
    if (Accept(']')) return true;
    do {
      if (!ParseValue(&items.emplace_back(), depth + 1)) return false;
      SkipSpace();
    } while (Accept(','));
    return Accept(']') || Fail("expected ',' or ']'");
  }

  bool ParseObject(Json* out, int depth) {
    if (depth == Json::kMaxDepth) return Fail("nesting deeper than 32");
    Json::Object& members = out->value_.emplace<Json::Object>();
    ++at_;
    SkipSpace();
    if (Accept('}')) return true;
    do {
      SkipSpace();
      if (Peek() != '"') return Fail("expected a key in quotes");
      auto& [key, value] = members.emplace_back();
      if (!ParseString(&key)) return false;
      SkipSpace();
      if (!Accept(':')) return Fail("expected ':'");
      if (!ParseValue(&value, depth + 1)) return false;
      SkipSpace();
    } while (Accept(','));
    if (!Accept('}')) return Fail("expected ',' or '}'");
    const std::string* twice = DuplicateKey(members);
    return twice == nullptr ||
           Fail(("the key " + Quoted(*twice) + " twice, in the object").c_str());
  }

  bool ParseString(std::string* out) {
    ++at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return true;
      }
      if (uint8_t(c) < 0x20) return Fail("a control character in a string");
      if (c == '\\') {
        if (!ParseEscape(out)) return false;
        continue;
      }
      const size_t length = Utf8Length(text_, at_);
      if (length == 0) return Fail("invalid UTF-8");
      out->append(text_, at_, length);
      at_ += length;
    }
    return Fail("a string without an end");
  }

  bool ParseEscape(std::string* out) {
    static constexpr std::string_view kLetters = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
    ++at_;
    const char letter = Peek();
    if (letter == 'u') {
      ++at_;
      return ParseUnicodeEscape(out);
    }
    const size_t index = kLetters.find(letter);
    if (index == kLetters.npos) return Fail("an unknown escape");
    out->push_back(kMeanings[index]);
    ++at_;
    return true;
  }

  bool ParseUnicodeEscape(std::string* out) {
    uint32_t point = 0, low = 0;
    if (!ParseHex4(&point)) return false;
    if (point >= 0xDC00 && point <= 0xDFFF) return Fail("a lone surrogate");
    if (point >= 0xD800 && point <= 0xDBFF) {
      if (!Accept('\\') || !Accept('u')) return Fail("a lone surrogate");
      if (!ParseHex4(&low)) return false;
      if (low < 0xDC00 || low > 0xDFFF) return Fail("a lone surrogate");
      point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    AppendUtf8(point, out);
    return true;
  }

  bool ParseHex4(uint32_t* out) {
    if (text_.size() - at_ < 4) return Fail("an escape cut short");
    const char* begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, begin + 4, *out, 16);
    if (error != std::errc() || end != begin + 4) return Fail("expected four hexadecimal digits");
    at_ += 4;
    return true;
  }

  size_t SkipDigits() {
    const size_t begin = at_;
    while (Peek() >= '0' && Peek() <= '9') ++at_;
    return at_ - begin;
  }

  // Walks the grammar of RFC 8259 first: from_chars alone would take "01", "1." and "inf".
  bool ParseNumber(double* out) {
    const size_t begin = at_;
    Accept('-');
    if (!Accept('0') && SkipDigits() == 0) {
      at_ = begin;
      return Fail("expected a value");
    }
    if (Accept('.') && SkipDigits() == 0) return Fail("expected a digit after '.'");
    if (Accept('e') || Accept('E')) {
      if (!Accept('+')) Accept('-');
      if (SkipDigits() == 0) return Fail("expected a digit in the exponent");
    }
    const char* end = text_.data() + at_;
    if (std::from_chars(text_.data() + begin, end, *out).ec != std::errc()) {
      at_ = begin;
      return Fail("a number outside the range of a double");
    }
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t values_ = 0;
  Status status_;
};

Result<Json> Json::Parse(std::string_view text) {
  Json value;
  const Status status = JsonParser(text).ParseText(&value);
  if (!status.ok()) return status;
  return value;
}

const Json* Json::Find(std::string_view key) const {
  for (const auto& [name, value] : members()) {
    if (name == key) return &value;
  }
  return nullptr;
}

namespace {

void AppendNumber(double value, std::string* out) {
  constexpr double kExactIntegers = 9007199254740992.0;  // 2^53
  char digits[32];
  const bool integer = std::abs(value) < kExactIntegers && std::trunc(value) == value;
  const auto end = integer ? std::to_chars(digits, digits + sizeof digits, int64_t(value))
                           : std::to_chars(digits, digits + sizeof digits, value);
  out->append(digits, end.ptr);
}

void Append(const Json& value, std::string* out) {
  char separator = 0;
  const auto separate = [&] {
    if (separator != 0) out->push_back(separator);
    separator = ',';
  };
  switch (value.type()) {
    case Json::Type::kNull:
      *out += "null";
      break;
    case Json::Type::kBool:
      *out += value.boolean() ? "true" : "false";
      break;
    case Json::Type::kNumber:
      AppendNumber(value.number(), out);
      break;
    case Json::Type::kString:
      *out += JsonString(value.string());
      break;
    case Json::Type::kArray:
      out->push_back('[');
      for (const Json& item : value.items()) {
        separate();
        Append(item, out);
      }
      out->push_back(']');
      break;
    case Json::Type::kObject:
      out->push_back('{');
      for (const auto& [key, member] : value.members()) {
        separate();
        *out += JsonString(key) + ':';
        Append(member, out);
      }
      out->push_back('}');
      break;
  }
}

}  // namespace

std::string Json::Dump() const {
  std::string out;
  Append(*this, &out);
  return out;
}

std::string Quoted(std::string_view text) {
  constexpr size_t kShown = 60;
  std::string out = "\"";
  for (const char c : text.substr(0, kShown)) out.push_back(c >= ' ' && c <= '~' ? c : '?');
  return out + (text.size() > kShown ? "\"..." : "\"");
}

std::string JsonString(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (uint8_t(c) < 0x20) {
      out += {'\\', 'u', '0', '0', kHex[c >> 4], kHex[c & 15]};
    } else {
      out.push_back(c);
    }
  }
  return out + '"';
}

}  // namespace parrotlet
