#include "decode/tokenizer.h"

#include <gtest/gtest.h>

#include <string>

namespace parrotlet {
namespace {

#define MARK "\xE2\x96\x81"

std::vector<uint8_t> Table(const std::vector<std::string>& pieces) {
  std::vector<uint8_t> table;
  for (const std::string& piece : pieces) {
    table.push_back(uint8_t(piece.size()));
    table.insert(table.end(), piece.begin(), piece.end());
  }
  return table;
}

struct Made {
  explicit Made(const std::vector<std::string>& pieces, std::vector<int> special = {})
      : table(Table(pieces)) {
    Result<Tokenizer> result = Tokenizer::Make(table, int(pieces.size()), special);
    EXPECT_TRUE(result.ok()) << result.status().message;
    tokenizer = std::move(result.value());
  }

  std::string Text(const std::vector<int>& ids, int capacity = 64) const {
    std::string bytes(size_t(capacity), '\0');
    TextBuffer text{bytes.data(), capacity, 0};
    for (const int id : ids) tokenizer.AppendText(id, text);
    MakeValidUtf8(bytes.data(), 0, text.size);
    return bytes.substr(0, size_t(text.size));
  }

  std::vector<uint8_t> table;
  Tokenizer tokenizer;
};

std::string Valid(std::string bytes) {
  MakeValidUtf8(bytes.data(), 0, int(bytes.size()));
  return bytes;
}

TEST(Tokenizer, WordMarksBecomeSpacesBetweenWords) {
  const Made made({MARK "hel", "lo", MARK "world", MARK, "!", MARK MARK "a" MARK "b"});
  EXPECT_EQ(made.Text({0, 1, 2, 4}), "hello world!");
  EXPECT_EQ(made.Text({1, 0}), "lo hel");
  EXPECT_EQ(made.Text({3, 1}), "lo");
  EXPECT_EQ(made.Text({1, 3, 1}), "lo lo");
  EXPECT_EQ(made.Text({1, 3, 0}), "lo hel");  // never two in a row
  EXPECT_EQ(made.Text({5, 5}), "a b a b");
}

TEST(Tokenizer, BytePiecesAppendTheirByte) {
  const Made made({"<0xC3>", "<0xa9>", "<0x41>", "<0x4>", "<0xG1>", "<0x41", "<0x411>", "<0x00>"});
  EXPECT_EQ(made.Text({0, 1}), "\xC3\xA9");
  EXPECT_EQ(made.Text({2}), "A");
  EXPECT_EQ(made.Text({3, 4, 5, 6}), "<0x4><0xG1><0x41<0x411>");  // no bytes: text
  EXPECT_EQ(made.Text({0, 2, 1}), "?A?");                         // halves of a character
  EXPECT_EQ(made.Text({2, 7, 2}), "A?A");  // a zero byte would end a C string
}

TEST(Tokenizer, SpecialTokensHaveNoText) {
  const Made made({"<s>", MARK "a", "</s>"}, {0, 2});
  EXPECT_EQ(made.Text({0, 1, 2, 1}), "a a");
  EXPECT_TRUE(made.tokenizer.IsSpecial(2));
  EXPECT_FALSE(made.tokenizer.IsSpecial(1));
}

TEST(Tokenizer, TellsBeginningsAndSpokenPieces) {
  const Made made({MARK "a", "b", MARK, MARK ",", "...", "\xC3\xA9", "<0x41>", "<0x2C>", "", "7"});
  const bool begins[] = {true, false, true, true, false, false, false, false, false, false};
  const bool spoken[] = {true, true, false, false, false, true, true, false, false, true};
  for (int id = 0; id < made.tokenizer.vocabulary(); ++id) {
    EXPECT_EQ(made.tokenizer.BeginsWord(id), begins[id]) << id;
    EXPECT_EQ(made.tokenizer.IsSpoken(id), spoken[id]) << id;
  }
  EXPECT_EQ(made.tokenizer.max_piece_bytes(), 6);
}

TEST(Tokenizer, TextThatDoesNotFitIsDropped) {
  const Made made({"abcdef"});
  EXPECT_EQ(made.Text({0, 0}, 8), "abcdefab");
  EXPECT_EQ(made.Text({0}, 0), "");
}

TEST(Tokenizer, RefusesMalformedTables) {
  std::vector<uint8_t> cut = Table({"ab", "cde"});
  cut.pop_back();
  const auto refused = [](const std::vector<uint8_t>& table, int vocabulary, const char* text) {
    const Status status = Tokenizer::Make(table, vocabulary, {}).status();
    EXPECT_EQ(status.code, Code::kModelShape);
    EXPECT_NE(std::string(status.message).find(text), std::string::npos) << status.message;
  };
  refused(cut, 2, "ends inside piece 1");
  refused({5}, 1, "ends inside piece 0");
  refused(Table({"a"}), 2, "holds 1 pieces, the output has 2 tokens");
  refused(Table({"a", "b", ""}), 2, "holds 3 pieces");
  refused({}, 2, "holds 0 pieces");
}

TEST(MakeValidUtf8, KeepsWhatIsWellFormed) {
  for (const char* text :
       {"", "plain", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
        "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "a\xC3\xA9z\xE2\x96\x81"}) {
    EXPECT_EQ(Valid(text), text);
  }
}

TEST(MakeValidUtf8, ReplacesEveryOtherByte) {
  const struct {
    const char *bytes, *valid;
  } cases[] = {
      {"\x80", "?"},
      {"a\xFFz", "a?z"},
      {"\xC3", "?"},
      {"\xC3z", "?z"},
      {"\xC0\xAF", "??"},  // overlong
      {"\xE0\x9F\xBF", "???"},
      {"\xED\xA0\x80", "???"},  // overlong, surrogate
      {"\xE2\x96", "??"},
      {"\xE2\x96z", "??z"},
      {"\xF0\x8F\xBF\xBF", "????"},
      {"\xF4\x90\x80\x80", "????"},
      {"\xF5\x80\x80\x80", "????"},
      {"\xF0\x9F\x98", "???"},
  };
  for (const auto& c : cases) EXPECT_EQ(Valid(c.bytes), c.valid);
}

TEST(MakeValidUtf8, TouchesNothingOutsideItsRange) {
  std::string bytes = "\xC3\xA9\xC3\xA9";
  MakeValidUtf8(bytes.data(), 1, 3);  // cuts both characters
  EXPECT_EQ(bytes, "\xC3??\xA9");
}

}  // namespace
}  // namespace parrotlet
