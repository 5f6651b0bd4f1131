#include "core/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>

namespace parrotlet {
namespace {

Json MustParse(std::string_view text) {
  Result<Json> json = Json::Parse(text);
  EXPECT_TRUE(json.ok()) << text << ": " << json.status().message;
  return json.value();
}

std::string Repeat(std::string_view text, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += text;
  return out;
}

TEST(Json, ReadsEveryTypeOfValue) {
  const Json json = MustParse(
      " {\"null\": null, \"yes\": true, \"no\": false, \"number\": -12.5e-1,\t\"text\": \"a\",\n"
      "\"list\": [1, [], {}],\r\"object\": {\"inner\": 2}} ");
  ASSERT_TRUE(json.is_object());
  ASSERT_EQ(json.members().size(), 7u);
  EXPECT_EQ(json.Find("null")->type(), Json::Type::kNull);
  EXPECT_TRUE(json.Find("yes")->is_bool());
  EXPECT_TRUE(json.Find("yes")->boolean());
  EXPECT_FALSE(json.Find("no")->boolean());
  EXPECT_EQ(json.Find("number")->number(), -1.25);
  EXPECT_EQ(json.Find("text")->string(), "a");
  ASSERT_EQ(json.Find("list")->items().size(), 3u);
  EXPECT_TRUE(json.Find("list")->items()[1].is_array());
  EXPECT_EQ(json.Find("object")->Find("inner")->number(), 2);
  EXPECT_EQ(json.Find("absent"), nullptr);
}

TEST(Json, AccessorsOfAnotherTypeAreEmpty) {
  const Json number = MustParse("7");
  EXPECT_FALSE(number.boolean());
  EXPECT_EQ(number.string(), "");
  EXPECT_TRUE(number.items().empty());
  EXPECT_TRUE(number.members().empty());
  EXPECT_EQ(number.Find("x"), nullptr);
  EXPECT_EQ(MustParse("\"7\"").number(), 0);
}

TEST(Json, ReadsNumbersAsTheNearestDouble) {
  const struct {
    const char* text;
    double value;
  } kCases[] = {{"0", 0},
                {"-0", -0.0},
                {"10", 10},
                {"0.1", 0.1},
                {"1e3", 1000},
                {"1E+3", 1000},
                {"1e-3", 0.001},
                {"9007199254740993", 9007199254740992.0},
                {"1.7976931348623157e308", 1.7976931348623157e308},
                {"5e-324", 5e-324},
                {"0.000000000000000000000000000000000000001", 1e-39}};
  for (const auto& c : kCases) {
    const Json json = MustParse(c.text);
    EXPECT_EQ(json.number(), c.value) << c.text;
    EXPECT_EQ(std::signbit(json.number()), std::signbit(c.value)) << c.text;
  }
}

TEST(Json, DecodesEscapes) {
  EXPECT_EQ(MustParse(R"("\"\\\/\b\f\n\r\t")").string(), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(MustParse(R"("\u0041\u00e9\u20AC\ud83d\ude00")").string(), "A\u00e9\u20ac\U0001F600");
  EXPECT_EQ(MustParse(R"("\u0000")").string(), std::string(1, '\0'));
}

TEST(Json, TakesWellFormedUtf8) {
  for (const char* text :
       {"\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(MustParse('"' + std::string(text) + '"').string(), text);
  }
}

TEST(Json, RefusesIllFormedUtf8) {
  for (const char* text :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf", "\xe0\xa0",
        "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xfe", "\xff"}) {
    const Result<Json> json = Json::Parse('"' + std::string(text) + '"');
    EXPECT_EQ(json.status().code, Code::kModelMalformed) << text;
  }
}

TEST(Json, RefusesWhatTheGrammarDoesNotAllow) {
  const std::string_view kCases[] = {"",
                                     " ",
                                     "nul",
                                     "nulll",
                                     "True",
                                     "undefined",
                                     "NaN",
                                     "Infinity",
                                     "-Infinity",
                                     "-",
                                     "+1",
                                     "01",
                                     "-01",
                                     "1.",
                                     ".5",
                                     "1.e5",
                                     "1e",
                                     "1e+",
                                     "1e5.5",
                                     "0x10",
                                     "1_000",
                                     "1 2",
                                     "\"",
                                     "\"abc",
                                     "'abc'",
                                     "\"\t\"",
                                     "\"\n\"",
                                     "\"\\\"",
                                     "\"\\x41\"",
                                     "\"\\u12\"",
                                     "\"\\u12g4\"",
                                     "\"\\u-123\"",
                                     "\"\\ud800\"",
                                     "\"\\udc00\"",
                                     "\"\\ud800\\n\"",
                                     "\"\\ud800\\u0041\"",
                                     "\"\\ud800\\ud800\"",
                                     "\"\\ud800\\ue000\"",
                                     "[",
                                     "]",
                                     "[1",
                                     "[1,",
                                     "[1,]",
                                     "[,1]",
                                     "[1 2]",
                                     "[1]]",
                                     "{",
                                     "}",
                                     "{\"a\"",
                                     "{\"a\":",
                                     "{\"a\":1",
                                     "{\"a\":1,",
                                     "{\"a\":1,}",
                                     "{a:1}",
                                     "{1:1}",
                                     "{\"a\" 1}",
                                     "{\"a\":1 \"b\":2}",
                                     "{\"a\":1}x",
                                     "// 1",
                                     "/**/1",
                                     "\xef\xbb\xbf{}",
                                     "1e400",
                                     "-1e400",
                                     "1e-400",
                                     std::string_view("1\0", 2),
                                     std::string_view("\0", 1)};
  for (const std::string_view text : kCases) {
    const Result<Json> json = Json::Parse(text);
    EXPECT_EQ(json.status().code, Code::kModelMalformed) << text;
    EXPECT_NE(std::string(json.status().message).find("at byte"), std::string::npos) << text;
  }
}

TEST(Json, SaysWhereTheErrorIs) {
  EXPECT_STREQ(Json::Parse("[1, x]").status().message,
               "not valid JSON: expected a value at byte 4");
  EXPECT_STREQ(Json::Parse("{\"k\": 1, \"k\": 2}").status().message,
               "not valid JSON: the key \"k\" twice, in the object at byte 16");
}

TEST(Json, RefusesDuplicateKeysInSmallAndLargeObjects) {
  for (const int count : {2, 3, 12, 13, 14, 1000}) {
    std::string text = "{";
    for (int i = 1; i < count; ++i) text += "\"k" + std::to_string(i) + "\":0,";
    EXPECT_TRUE(Json::Parse(text + "\"k\":0}").ok()) << count;
    EXPECT_EQ(Json::Parse(text + "\"k1\":0}").status().code, Code::kModelMalformed) << count;
    EXPECT_EQ(Json::Parse(text + "\"\\u006b1\":0}").status().code, Code::kModelMalformed) << count;
  }
}

TEST(Json, CapsTheDepth) {
  const size_t most = Json::kMaxDepth;
  EXPECT_TRUE(Json::Parse(Repeat("[", most) + Repeat("]", most)).ok());
  EXPECT_TRUE(Json::Parse(Repeat("{\"a\":", most) + "1" + Repeat("}", most)).ok());
  for (const size_t depth : {most + 1, size_t(100000)}) {
    for (const std::string& text : {Repeat("[", depth) + Repeat("]", depth),
                                    Repeat("{\"a\":", depth) + "1" + Repeat("}", depth)}) {
      const Result<Json> json = Json::Parse(text);
      EXPECT_EQ(json.status().code, Code::kModelMalformed);
      EXPECT_EQ(std::string(json.status().message).find("not valid JSON: nesting deeper than 32"),
                0u);
    }
  }
}

TEST(Json, CapsTheNumberOfValues) {
  const std::string most = "[" + Repeat("0,", Json::kMaxValues - 2) + "0]";
  EXPECT_TRUE(Json::Parse(most).ok());
  const Result<Json> json = Json::Parse("[0," + most.substr(1));
  EXPECT_EQ(json.status().code, Code::kModelTooLarge);
}

TEST(Json, KnowsWhereEachValueBegan) {
  const std::string text = R"({ "a" : [ "é", 12 ], "b": "x" })";
  const Json json = MustParse(text);
  EXPECT_EQ(text.substr(json.Find("a")->offset(), 1), "[");
  EXPECT_EQ(text.substr(json.Find("a")->items()[1].offset(), 2), "12");
  EXPECT_EQ(text.substr(json.Find("b")->offset(), 3), "\"x\"");
}

TEST(Json, WritesWhatItReads) {
  const char* text =
      R"({"a":[1,-2.5,1e+300,100000,0.1,true,false,null],"":"\"\\\u0000\u001f","é":{},"l":[]})";
  EXPECT_EQ(MustParse(text).Dump(), text);
  EXPECT_EQ(MustParse("\"\\/\\n\"").Dump(), "\"/\\u000a\"");
}

TEST(Json, QuotesUntrustedTextForMessages) {
  EXPECT_EQ(Quoted("plain"), "\"plain\"");
  EXPECT_EQ(Quoted("a\nb\x1b\xff"), "\"a?b??\"");
  EXPECT_EQ(Quoted(std::string(100, 'x')), '"' + std::string(60, 'x') + "\"...");
}

// Damaged texts must be refused or mean something that writes and reads back alike.
TEST(Json, SurvivesRandomDamage) {
  const std::string text =
      R"({"a":[1,-2.5,1e30,true,null,"\u00e9\ud83d\ude00é"],"b":{"c":{"d":[[],[{}]]}},"e":"x"})";
  std::mt19937 random(1);
  for (int i = 0; i < 50000; ++i) {
    std::string damaged = text;
    for (unsigned n = random() % 4; n < 4; ++n) {
      const size_t at = random() % damaged.size();
      switch (random() % 3) {
        case 0:
          damaged[at] = char(random());
          break;
        case 1:
          damaged.erase(at, 1 + random() % 4);
          break;
        default:
          damaged.insert(at, damaged, random() % damaged.size(), random() % 8);
          break;
      }
      if (damaged.empty()) damaged = text;
    }
    const Result<Json> json = Json::Parse(damaged);
    if (!json.ok()) continue;
    const std::string written = json.value().Dump();
    EXPECT_EQ(MustParse(written).Dump(), written) << damaged;
  }
}

}  // namespace
}  // namespace parrotlet
