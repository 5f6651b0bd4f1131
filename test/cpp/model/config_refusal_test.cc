// Documents of models that are refused, and what is said of them.
#include <gtest/gtest.h>

#include "model/config_documents.h"

namespace parrotlet {
namespace {

TEST(Config, RefusesWhatIsOutOfRange) {
  const struct {
    const char *from, *to, *field;
  } kCases[] = {
      {"\"sampleRate\": 16000", "\"sampleRate\": 7999", "sampleRate"},
      {"\"sampleRate\": 16000", "\"sampleRate\": 48001", "sampleRate"},
      {"\"maxSegmentSeconds\": 20", "\"maxSegmentSeconds\": 0", "maxSegmentSeconds"},
      {"\"maxSegmentSeconds\": 20", "\"maxSegmentSeconds\": 1e300", "maxSegmentSeconds"},
      {"\"version\": 1", "\"version\": 2", "version"},
      {"\"inChannels\": 1", "\"inChannels\": 2", "frontEnd.convs[0].inChannels"},
      {"\"inChannels\": 8", "\"inChannels\": 9", "frontEnd.convs[1].inChannels"},
      {"\"outChannels\": 16", "\"outChannels\": 0", "frontEnd.convs[1].outChannels"},
      {"\"outChannels\": 16", "\"outChannels\": 8193", "frontEnd.convs[1].outChannels"},
      {"\"kernel\": 7", "\"kernel\": 0", "frontEnd.convs[0].kernel"},
      {"\"kernel\": 7", "\"kernel\": 4097", "frontEnd.convs[0].kernel"},
      {"\"stride\": 4", "\"stride\": 0", "frontEnd.convs[0].stride"},
      {"\"stride\": 4", "\"stride\": 8", "frontEnd.convs[0].stride"},
      {"\"epsilon\": 1e-5", "\"epsilon\": 0", "frontEnd.norm.epsilon"},
      {"\"priorFrames\": 64", "\"priorFrames\": -1", "frontEnd.norm.priorFrames"},
      {"\"priorVariance\": 0.01", "\"priorVariance\": -0.01", "frontEnd.norm.priorVariance"},
      {"\"dim\": 16", "\"dim\": 0", "encoder.dim"},
      {"\"dim\": 16", "\"dim\": 8194", "encoder.dim"},
      {"\"dim\": 16", "\"dim\": 1e9", "encoder.dim"},
      {"\"heads\": 2", "\"heads\": 3", "encoder.heads"},
      {"\"heads\": 2", "\"heads\": 0", "encoder.heads"},
      {"\"feedForward\": 32", "\"feedForward\": 32769", "encoder.feedForward"},
      {"\"convKernel\": 3", "\"convKernel\": -1", "encoder.convKernel"},
      {"\"normEpsilon\": 1e-5", "\"normEpsilon\": -1e-5", "encoder.normEpsilon"},
      {"\"leftFrames\": 8", "\"leftFrames\": -1", "encoder.leftFrames"},
      {"\"leftFrames\": 8", "\"leftFrames\": 4097", "encoder.leftFrames"},
      {"\"chunkFrames\": 4", "\"chunkFrames\": 0", "encoder.chunkFrames"},
      {"\"chunkFrames\": 4", "\"chunkFrames\": 5", "encoder.chunkFrames"},
      {"\"chunkFrames\": 4", "\"chunkFrames\": 4, \"lookaheadFrames\": -1",
       "encoder.lookaheadFrames"},
      {"\"chunkFrames\": 4", "\"chunkFrames\": 4, \"lookaheadFrames\": 257",
       "encoder.lookaheadFrames"},
      {"[2, 4, 8]", "[]", "encoder.chunkChoices"},
      {"[2, 4, 8]", "[4, 2, 8]", "encoder.chunkChoices"},
      {"[2, 4, 8]", "[4, 4]", "encoder.chunkChoices"},
      {"[2, 4, 8]", "[0, 4]", "encoder.chunkChoices[0]"},
      {"[2, 4, 8]", "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]", "encoder.chunkChoices"},
      {"\"rotaryDims\": 6", "\"rotaryDims\": 5", "encoder.rotaryDims"},
      {"\"rotaryDims\": 6", "\"rotaryDims\": 10", "encoder.rotaryDims"},
      {"\"rotaryDims\": 6", "\"rotaryDims\": 0", "encoder.rotaryDims"},
      {"\"rotaryTheta\": 10000", "\"rotaryTheta\": 0", "encoder.rotaryTheta"},
      {"{\"kind\": \"block\"}", "{\"kind\": \"block\", \"lookahead\": 1}",
       "encoder.layers[0].lookahead"},
      {"\"past\": 1", "\"past\": -1", "encoder.layers[1].past"},
      {"\"past\": 1", "\"past\": 17", "encoder.layers[1].past"},
      {"\"future\": 0, \"stride\": 2", "\"future\": 0, \"stride\": 65", "encoder.layers[1].stride"},
      {"\"layers\": 1", "\"layers\": 65", "decoder.layers"},
      {"\"layers\": 1", "\"layers\": 0", "decoder.layers"},
      {"\"vocabulary\": 40", "\"vocabulary\": 1", "decoder.vocabulary"},
      {"\"vocabulary\": 40", "\"vocabulary\": 1048577", "decoder.vocabulary"},
      {"\"startToken\": 1", "\"startToken\": 40", "decoder.startToken"},
      {"\"endToken\": 2", "\"endToken\": -1", "decoder.endToken"},
      {"\"tokensPerSecond\": 6.5", "\"tokensPerSecond\": 0", "decoder.tokensPerSecond"},
      {"[[0, 1]]", "[[1, 0]]", "decoder.alignmentHeads[0]"},
      {"[[0, 1]]", "[[0, 0], [0, 2]]", "decoder.alignmentHeads[1]"},
      {"[0, 1, 2]}", "[0, 40]}", "tokenizer.special[1]"},
  };
  for (const auto& c : kCases) {
    const Status status = Read(With(c.from, c.to)).status();
    EXPECT_EQ(status.code, Code::kModelShape) << c.to << ": " << status.message;
    EXPECT_EQ(std::string(status.message).find(std::string(c.field) + " is "), 0u)
        << c.to << ": " << status.message;
  }
}

TEST(Config, RefusesLogMelAndCtcFieldsOutOfRange) {
  const struct {
    std::string document;
    const char* field;
  } kCases[] = {
      {With("\"hop\": 160", "\"hop\": 401", LogMelDocument()), "frontEnd.hop"},
      {With("\"fft\": 512", "\"fft\": 256", LogMelDocument()), "frontEnd.fft"},
      {With("\"fft\": 512", "\"fft\": 500", LogMelDocument()), "frontEnd.fft"},
      {With("\"melBins\": 80", "\"melBins\": 257", LogMelDocument()), "frontEnd.melBins"},
      {With("\"highHz\": 7600", "\"highHz\": 8001", LogMelDocument()), "frontEnd.highHz"},
      {With("\"highHz\": 7600", "\"highHz\": 125", LogMelDocument()), "frontEnd.highHz"},
      {With("0.97", "1.5", LogMelDocument()), "frontEnd.preEmphasis"},
      {With("\"logFloor\": 1e-5", "\"logFloor\": 0", LogMelDocument()), "frontEnd.logFloor"},
      {With("\"blank\": 0", "\"blank\": 40", CtcDocument()), "ctc.blank"},
  };
  for (const auto& c : kCases) {
    const Status status = Read(c.document).status();
    EXPECT_EQ(status.code, Code::kModelShape) << c.field << ": " << status.message;
    EXPECT_EQ(std::string(status.message).find(std::string(c.field) + " is "), 0u)
        << status.message;
  }
}

TEST(Config, BoundsTheProductOfStrides) {
  const std::string conv =
      R"({"inChannels": 1, "outChannels": 1, "kernel": 4096, "stride": 4096, "activation": "none"})";
  const Status convs = Read(With(kConvs, "\"convs\": [" + conv + "," + conv + "], ")).status();
  EXPECT_EQ(convs.code, Code::kModelShape);
  EXPECT_STREQ(convs.message,
               "frontEnd.convs[1].stride is 4096; expected a whole number from 1 to 4");
  const std::string stacker = R"({"kind": "stacker", "past": 0, "future": 0, "stride": 8})";
  const Status stackers = Read(With("{\"kind\": \"block\"}", stacker + "," + stacker)).status();
  EXPECT_EQ(stackers.code, Code::kModelShape);
  EXPECT_STREQ(stackers.message,
               "encoder.layers[2].stride is 2; expected a whole number from 1 to 1");
}

TEST(Config, RefusesUnknownChoicesAndNamesTheKnownOnes) {
  EXPECT_EQ(MessageOf(With("\"span\": \"chunk\"", "\"span\": \"window\"")),
            "encoder.span is \"window\"; expected one of \"full\", \"chunk\", \"frames\"");
  const struct {
    const char *from, *to;
  } kCases[] = {
      {"\"waveform\"", "\"mfcc\""},
      {"\"tanh\"", "\"relu\""},
      {"\"running\"", "\"batch\""},
      {"\"activation\": \"gelu\",\n    \"half", "\"activation\": \"GELU\",\n    \"half"},
      {"\"rotary\"", "\"alibi\""},
      {"\"kind\": \"block\"", "\"kind\": \"lstm\""},
      {"\"attentionDecoder\"", "\"transducer\""},
      {"\"pieces\"", "\"bpe\""},
  };
  for (const auto& c : kCases) {
    const Status status = Read(With(c.from, c.to)).status();
    EXPECT_EQ(status.code, Code::kModelUnsupported) << c.to << ": " << status.message;
  }
  const std::string full =
      With(", \"leftFrames\": 8, \"chunkFrames\": 4, \"chunkChoices\": [2, 4, 8]", "",
           With("\"span\": \"chunk\"", "\"span\": \"full\""));
  EXPECT_TRUE(Read(full).ok()) << MessageOf(full);
  const std::string rotary = "\"rotary\", \"rotaryDims\": 6, \"rotaryTheta\": 10000";
  EXPECT_TRUE(Read(With(rotary, "\"relativeBias\"")).ok());
  EXPECT_EQ(Read(With(rotary, "\"relativeBias\"", full)).status().code, Code::kModelUnsupported);
  const std::string ahead = LookAheadDocument();
  EXPECT_EQ(Read(With(rotary, "\"relativeBias\"", ahead)).status().code, Code::kModelUnsupported);
  EXPECT_EQ(
      Read(With(kDecoder, kCtc, With("\"attentionDecoder\"", "\"ctc\"", ahead))).status().code,
      Code::kModelUnsupported);
}

TEST(Config, RefusesMissingFieldsOfEveryObject) {
  // Each field of the document and of its objects is taken out once.
  const Json document = Json::Parse(kDocument).value();
  int checked = 0;
  const auto without = [&](const std::string& object, const std::string& key) {
    if (key == "card" || key == "memoryPositionScale") return;
    std::string text = "{";
    for (const auto& [name, value] : document.members()) {
      if (object.empty() && name == key) continue;
      std::string dump = value.Dump();
      if (name == object) {
        dump = "{";
        for (const auto& [inner, inner_value] : value.members()) {
          if (inner == key) continue;
          dump += (dump.size() > 1 ? "," : "") + JsonString(inner) + ":" + inner_value.Dump();
        }
        dump += "}";
      }
      text += (text.size() > 1 ? "," : "") + JsonString(name) + ":" + dump;
    }
    const Status status = Read(text + "}").status();
    EXPECT_EQ(status.code, Code::kModelMalformed) << object << "." << key;
    const std::string start = (object.empty() ? "" : object + ".") + key + " is missing; expected ";
    EXPECT_EQ(std::string(status.message).find(start), 0u) << status.message;
    ++checked;
  };
  for (const auto& [name, value] : document.members()) {
    without("", name);
    if (name == "card" || name == "tensors") continue;
    for (const auto& [inner, unused] : value.members()) without(name, inner);
  }
  EXPECT_GT(checked, 40);
}

TEST(Config, RefusesFieldsItDoesNotKnow) {
  const struct {
    const char *from, *message;
  } kCases[] = {
      {"\"name\"", "\"surprise\" is not a field of the document"},
      {"\"inChannels\"", "\"surprise\" is not a field of frontEnd.convs[0]"},
      {"\"epsilon\"", "\"surprise\" is not a field of frontEnd.norm"},
      {"\"convs\"", "\"surprise\" is not a field of frontEnd"},
      {"\"dim\"", "\"surprise\" is not a field of encoder"},
      {"\"past\"", "\"surprise\" is not a field of encoder.layers[1]"},
      {"\"vocabulary\"", "\"surprise\" is not a field of decoder"},
      {"\"special\"", "\"surprise\" is not a field of tokenizer"},
  };
  for (const auto& c : kCases) {
    const Status status = Read(With(c.from, "\"surprise\": 1, " + std::string(c.from))).status();
    EXPECT_EQ(status.code, Code::kModelMalformed);
    EXPECT_STREQ(status.message, c.message);
  }
  // Known, but not to this choice.
  EXPECT_EQ(MessageOf(With("\"span\": \"chunk\"", "\"span\": \"frames\"")),
            "\"chunkFrames\" is not a field of encoder");
  EXPECT_EQ(MessageOf(With("\"tokenizer\"", kCtc + "\"tokenizer\"")),
            "\"ctc\" is not a field of the document");
}

TEST(Config, RefusesFieldsOfAnotherType) {
  const struct {
    const char *from, *to, *message;
  } kCases[] = {
      {"\"dim\": 16", "\"dim\": \"16\"", "encoder.dim is \"16\"; expected a whole number"},
      {"\"dim\": 16", "\"dim\": 16.5",
       "encoder.dim is 16.5; expected a whole number from 1 to 8192"},
      {"\"dim\": 16", "\"dim\": null", "encoder.dim is null; expected a whole number"},
      {"\"blockNorm\": false", "\"blockNorm\": 0",
       "encoder.blockNorm is 0; expected true or false"},
      {"[2, 4, 8]", "4", "encoder.chunkChoices is 4; expected a list"},
      {"[2, 4, 8]", "[2, \"4\"]",
       "encoder.chunkChoices[1] is \"4\"; expected a whole number from 1 to 4096"},
      {"\"epsilon\": 1e-5", "\"epsilon\": true",
       "frontEnd.norm.epsilon is true; expected a number"},
      {"\"span\": \"chunk\"", "\"span\": 1", "encoder.span is 1; expected a string"},
      {"{\"kind\": \"block\"}", "\"block\"", "encoder.layers[0] is \"block\"; expected an object"},
      {"[[0, 1]]", "[0, 1]",
       "decoder.alignmentHeads is a list of 2; expected a list of pairs [layer, head]"},
      {"\"name\": \"tiny\"", "\"name\": \"\"", "name is \"\"; expected a string of 1 to 128 bytes"},
  };
  for (const auto& c : kCases) {
    const Status status = Read(With(c.from, c.to)).status();
    EXPECT_EQ(status.code, Code::kModelMalformed) << c.to;
    EXPECT_STREQ(status.message, c.message);
  }
  EXPECT_EQ(MessageOf("[]"), "the document is a list of 0; expected an object");
}

}  // namespace
}  // namespace parrotlet
