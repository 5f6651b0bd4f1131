// What is read from documents of models.
#include <gtest/gtest.h>

#include "model/config_documents.h"

namespace parrotlet {
namespace {

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

TEST(Config, CardMayHoldAnything) {
  EXPECT_TRUE(Read(With("\"licence\"", "\"dim\": [[[]]], \"licence\"")).ok());
}

}  // namespace
}  // namespace parrotlet
