#include "model/config.h"

#include <gtest/gtest.h>

#include <string>

#include "model/model_writer.h"

namespace parrotlet {
namespace {

std::string Complete(std::string document) {
  return document.insert(document.find('{') + 1, "\"tensors\":{},");
}

const std::string kDocument = Complete(std::string(kTinyDocument));

// kDocument with the first `from` replaced; `from` must be there.
std::string With(const std::string& from, const std::string& to,
                 const std::string& document = kDocument) {
  const size_t at = document.find(from);
  EXPECT_NE(at, document.npos) << from;
  std::string changed = document;
  return at == document.npos ? changed : changed.replace(at, from.size(), to);
}

Result<Config> Read(const std::string& text) {
  const Result<Json> json = Json::Parse(text);
  EXPECT_TRUE(json.ok()) << json.status().message;
  return Config::FromDocument(json.value());
}

std::string MessageOf(const std::string& text) { return Read(text).status().message; }

const std::string kConvs = kDocument.substr(
    kDocument.find("\"convs\""), kDocument.find("\"norm\"") - kDocument.find("\"convs\""));
const std::string kFrontEnd = kDocument.substr(
    kDocument.find("\"frontEnd\""), kDocument.find("\"encoder\"") - kDocument.find("\"frontEnd\""));
const std::string kDecoder = kDocument.substr(
    kDocument.find("\"decoder\""), kDocument.find("\"tokenizer\"") - kDocument.find("\"decoder\""));
const std::string kLogMel =
    R"("frontEnd": {"kind": "logMel", "window": 400, "hop": 160, "fft": 512, "melBins": 80,
       "lowHz": 125, "highHz": 7600, "preEmphasis": 0.97, "logFloor": 1e-5}, )";
const std::string kCtc = R"("ctc": {"vocabulary": 40, "blank": 0}, )";

std::string LogMelDocument() { return With(kFrontEnd, kLogMel); }
std::string CtcDocument() { return With(kDecoder, kCtc, With("\"attentionDecoder\"", "\"ctc\"")); }
std::string FramesDocument() {
  return With(
      "{\"kind\": \"block\"}", "{\"kind\": \"block\", \"lookahead\": 3}",
      With(R"("span": "chunk", "leftFrames": 8, "chunkFrames": 4, "chunkChoices": [2, 4, 8])",
           R"("span": "frames", "leftFrames": 8)"));
}

std::string LookAheadDocument() {
  return With("\"chunkFrames\": 4", "\"chunkFrames\": 4, \"lookaheadFrames\": 3");
}

TEST(Config, ReadsEveryField) {
  const Result<Config> result = Read(kDocument);
  ASSERT_TRUE(result.ok()) << result.status().message;
  const Config& config = result.value();
  EXPECT_EQ(config.name, "tiny");
  EXPECT_EQ(config.sample_rate, 16000);
  EXPECT_EQ(config.max_segment_seconds, 20);

  const FrontEndConfig& front_end = config.front_end;
  EXPECT_EQ(front_end.kind, FrontEndConfig::Kind::kWaveform);
  ASSERT_EQ(front_end.convs.size(), 2u);
  EXPECT_EQ(front_end.convs[0].in_channels, 1);
  EXPECT_EQ(front_end.convs[0].out_channels, 8);
  EXPECT_EQ(front_end.convs[0].kernel, 7);
  EXPECT_EQ(front_end.convs[0].stride, 4);
  EXPECT_EQ(front_end.convs[0].activation, Activation::kTanh);
  EXPECT_EQ(front_end.convs[1].activation, Activation::kGelu);
  EXPECT_EQ(front_end.norm, NormKind::kRunning);
  EXPECT_EQ(front_end.norm_epsilon, 1e-5f);
  EXPECT_EQ(front_end.prior_frames, 64);
  EXPECT_EQ(front_end.prior_mean, 0);
  EXPECT_EQ(front_end.prior_variance, 0.01f);

  const EncoderConfig& encoder = config.encoder;
  EXPECT_EQ(encoder.dim, 16);
  EXPECT_EQ(encoder.heads, 2);
  EXPECT_EQ(encoder.feed_forward, 32);
  EXPECT_EQ(encoder.activation, Activation::kGelu);
  EXPECT_FALSE(encoder.half_step_feed_forward);
  EXPECT_FALSE(encoder.block_norm);
  EXPECT_EQ(encoder.conv_kernel, 3);
  EXPECT_EQ(encoder.norm_epsilon, 1e-5f);
  EXPECT_EQ(encoder.span, AttentionSpan::kChunk);
  EXPECT_EQ(encoder.left_frames, 8);
  EXPECT_EQ(encoder.chunk_frames, 4);
  EXPECT_EQ(encoder.chunk_choices, (std::vector<int>{2, 4, 8}));
  EXPECT_EQ(encoder.lookahead_frames, 0);
  EXPECT_EQ(encoder.positions, Positions::kRotary);
  EXPECT_EQ(encoder.rotary_dims, 6);
  EXPECT_EQ(encoder.rotary_theta, 10000);
  EXPECT_EQ(encoder.memory_position_scale, 0);
  ASSERT_EQ(encoder.layers.size(), 2u);
  EXPECT_EQ(encoder.layers[0].kind, EncoderLayerConfig::Kind::kBlock);
  EXPECT_EQ(encoder.layers[0].lookahead, 0);
  EXPECT_EQ(encoder.layers[1].kind, EncoderLayerConfig::Kind::kStacker);
  EXPECT_EQ(encoder.layers[1].past, 1);
  EXPECT_EQ(encoder.layers[1].future, 0);
  EXPECT_EQ(encoder.layers[1].stride, 2);

  EXPECT_EQ(config.output, OutputStage::kAttentionDecoder);
  const DecoderConfig& decoder = config.decoder;
  EXPECT_EQ(decoder.dim, 16);
  EXPECT_EQ(decoder.heads, 2);
  EXPECT_EQ(decoder.feed_forward, 32);
  EXPECT_EQ(decoder.layers, 1);
  EXPECT_EQ(decoder.rotary_dims, 6);
  EXPECT_EQ(decoder.rotary_theta, 10000);
  EXPECT_EQ(decoder.vocabulary, 40);
  EXPECT_EQ(decoder.start_token, 1);
  EXPECT_EQ(decoder.end_token, 2);
  EXPECT_EQ(decoder.tokens_per_second, 6.5f);
  ASSERT_EQ(decoder.alignment_heads.size(), 1u);
  EXPECT_EQ(decoder.alignment_heads[0].layer, 0);
  EXPECT_EQ(decoder.alignment_heads[0].head, 1);
  EXPECT_EQ(config.tokenizer.special, (std::vector<int>{0, 1, 2}));
}

TEST(Config, ReadsTheOtherChoices) {
  const std::string ahead = LookAheadDocument();
  ASSERT_TRUE(Read(ahead).ok()) << MessageOf(ahead);
  EXPECT_EQ(Read(ahead).value().encoder.lookahead_frames, 3);

  const Result<Config> mel = Read(LogMelDocument());
  ASSERT_TRUE(mel.ok()) << mel.status().message;
  EXPECT_EQ(mel.value().front_end.kind, FrontEndConfig::Kind::kLogMel);
  EXPECT_EQ(mel.value().front_end.window, 400);
  EXPECT_EQ(mel.value().front_end.mel_bins, 80);
  EXPECT_EQ(mel.value().front_end.high_hz, 7600);

  const Result<Config> ctc = Read(CtcDocument());
  ASSERT_TRUE(ctc.ok()) << ctc.status().message;
  EXPECT_EQ(ctc.value().output, OutputStage::kCtc);
  EXPECT_EQ(ctc.value().ctc.vocabulary, 40);

  const Result<Config> frames = Read(FramesDocument());
  ASSERT_TRUE(frames.ok()) << frames.status().message;
  EXPECT_EQ(frames.value().encoder.span, AttentionSpan::kFrames);
  EXPECT_EQ(frames.value().encoder.layers[0].lookahead, 3);

  const std::string prior = R"(, "priorFrames": 64, "priorMean": 0, "priorVariance": 0.01)";
  const Result<Config> utterance = Read(With("\"running\"", "\"utterance\"", With(prior, "")));
  ASSERT_TRUE(utterance.ok()) << utterance.status().message;
  EXPECT_EQ(utterance.value().front_end.norm, NormKind::kUtterance);
}

TEST(Config, LeavesOutWhatHasADefault) {
  const std::string card = kDocument.substr(kDocument.rfind(",\n  \"card\""));
  for (const std::string& document : {With(card, "}"), With(", \"memoryPositionScale\": 0", "")}) {
    const Result<Config> config = Read(document);
    EXPECT_TRUE(config.ok()) << config.status().message;
  }
}

TEST(Config, ReadsTheCalibrationOfConfidences) {
  const auto with = [](const char* fields) {
    return With("\"tokenizer\"", std::string("\"confidence\": {") + fields + "}, \"tokenizer\"");
  };
  EXPECT_EQ(Read(kDocument).value().confidence.scale, 1);
  EXPECT_EQ(Read(kDocument).value().confidence.bias, 0);
  EXPECT_EQ(Read(kDocument).value().confidence.least, 0);
  const Result<Config> read = Read(with(R"("scale": 0.75, "bias": -0.5, "least": 0.25)"));
  ASSERT_TRUE(read.ok()) << read.status().message;
  EXPECT_EQ(read.value().confidence.scale, 0.75f);
  EXPECT_EQ(read.value().confidence.bias, -0.5f);
  EXPECT_EQ(read.value().confidence.least, 0.25f);
  EXPECT_TRUE(Read(with(R"("scale": 1, "bias": 0)")).ok());
  EXPECT_EQ(Read(with(R"("scale": 1)")).status().code, Code::kModelMalformed);
  EXPECT_EQ(Read(with(R"("scale": 1, "bias": 0, "more": 0)")).status().code, Code::kModelMalformed);
  for (const char* wrong : {R"("scale": 0, "bias": 0)", R"("scale": 101, "bias": 0)",
                            R"("scale": 1, "bias": 101)", R"("scale": 1, "bias": 0, "least": 2)"}) {
    EXPECT_EQ(Read(with(wrong)).status().code, Code::kModelShape) << wrong;
  }
}

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

TEST(Config, CardMayHoldAnything) {
  EXPECT_TRUE(Read(With("\"licence\"", "\"dim\": [[[]]], \"licence\"")).ok());
}

}  // namespace
}  // namespace parrotlet
