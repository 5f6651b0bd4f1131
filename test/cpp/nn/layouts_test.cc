// The encoders of the papers, and odd ones that a model file may ask for.
#include <gtest/gtest.h>

#include "nn/encoder_run.h"
#include "nn/layer_weights.h"
#include "nn/test_audio.h"

namespace parrotlet {
namespace {

// Frames of 12.5 ms without overlap, relative positions, left context of 65 with itself.
Config Parrotron(std::vector<EncoderLayerConfig> layers) {
  Config config = TinyBase("parrotron");
  UseLogMel(config);
  config.front_end.window = config.front_end.hop = 200;
  UseFrames(config, 64);
  config.encoder.positions = Positions::kRelativeBias;
  config.encoder.dim = 16;
  config.encoder.feed_forward = 16;
  config.encoder.heads = 1;
  config.encoder.layers = std::move(layers);
  config.output = OutputStage::kCtc;
  return config;
}

std::vector<EncoderLayerConfig> Layers(
    std::initializer_list<std::pair<int, EncoderLayerConfig>> runs) {
  std::vector<EncoderLayerConfig> layers;
  for (const auto& [count, layer] : runs) layers.insert(layers.end(), size_t(count), layer);
  return layers;
}

double DelayMs(const Config& config) {
  const Result<EncoderPlan> plan = MakeTiny(config)->encoder().Plan(0, 0, 4);
  EXPECT_TRUE(plan.ok()) << plan.status().message;
  return plan.value().delay_seconds * 1000;
}

// arXiv 2210.13761: look-ahead attention, and look-ahead stackers.
TEST(Layouts, DelayOfStreamingParrotron) {
  const Config lsa1 = Parrotron(Layers({{2, Block()},
                                        {1, Stacker(1, 0, 2)},
                                        {2, Block()},
                                        {1, Stacker(1, 0, 2)},
                                        {3, Block()},
                                        {1, Block(5)},
                                        {9, Block()}}));
  EXPECT_NEAR(DelayMs(lsa1), 250, 1e-6);
  const Config ls1 = Parrotron(Layers(
      {{2, Block()}, {1, Stacker(0, 3, 2)}, {3, Block()}, {1, Stacker(0, 4, 2)}, {12, Block()}}));
  EXPECT_NEAR(DelayMs(ls1), 100, 1e-6);
}

TEST(Layouts, DelayCountsWindowChunkAndWholeSegments) {
  Config causal = Parrotron({Block()});
  causal.front_end.window = 400;
  causal.front_end.hop = 160;
  EXPECT_NEAR(DelayMs(causal), 15, 1e-6);
  // Convolutions 60/40, 5/4, 3/2: a window of 540 samples, a hop of 320; a chunk of 4.
  EXPECT_NEAR(DelayMs(StreamingWaveform()), 1000 * (220 + 3 * 320) / 16000.0, 1e-6);
  EXPECT_EQ(DelayMs(OfflineWaveform()), 4000);
  EXPECT_EQ(DelayMs(OfflineFrames()), 4000);
}

struct Size {
  const char* name;
  int blocks, dim, heads;
};

constexpr Size kConformers[] = {{"S", 16, 144, 4}, {"M", 16, 256, 4}, {"L", 17, 512, 8}};

Config Conformer(const Size& size) {
  Config config = TinyBase(size.name);
  UseLogMel(config);
  config.front_end.mel_bins = 80;
  UseFrames(config, 64);
  EncoderConfig& encoder = config.encoder;
  encoder.dim = size.dim;
  encoder.heads = size.heads;
  encoder.feed_forward = 4 * size.dim;
  encoder.half_step_feed_forward = encoder.block_norm = true;
  encoder.conv_kernel = 32;
  encoder.layers = Layers({{2, Stacker(1, 0, 2)}, {size.blocks, Block()}});
  config.output = OutputStage::kCtc;
  config.ctc.vocabulary = 1024;
  return config;
}

// A session's state is keys and values of 65 frames and the convolution's past; rounding the rings
// up to whole vectors and scratch memory may not double it.
TEST(Layouts, StateOfConformersSmallMediumLarge) {
  for (const Size& size : kConformers) {
    const Result<ModelFile> empty = ModelFile::Parse(ModelWriter().Write());
    ASSERT_TRUE(empty.ok());
    Arena unused, arena;
    Weights weights(empty.value(), unused, InStrips, /*counting=*/true);
    Encoder encoder;
    encoder.Load(weights, Conformer(size));  // without tensors: only shapes are asked for here
    const Result<EncoderPlan> plan = encoder.Plan(0, 0, 20);
    ASSERT_TRUE(plan.ok());
    Encoder::State state;
    ASSERT_TRUE(arena
                    .Build([&](Arena& a) {
                      ASSERT_TRUE(encoder.Bind(a, state, Fastest(), plan.value()).ok());
                    })
                    .ok());
    const double least = 4.0 * size.blocks * size.dim * (65 * 2 + 31);
    EXPECT_GE(double(arena.bytes()), least) << size.name;
    EXPECT_LE(double(arena.bytes()), 2 * least + (1 << 18)) << size.name;
  }
}

TEST(Layouts, ConformerSmallRunsInTwoBits) {
  const auto model = MakeTiny(Conformer(kConformers[0]), {2, 0});
  EncoderRun run(model, Fastest());
  const Audio audio = Babble(0.3);
  const std::vector<float> memory = run.Whole(audio, audio.size());
  EXPECT_EQ(run.frames(), 7);  // 28 windows, every fourth
  for (const float x : memory) ASSERT_TRUE(std::isfinite(x));
}

TEST(Layouts, AsManyConvolutionsAsAModelMayHave) {
  Config config = OfflineWaveform();
  config.front_end.convs.clear();
  for (int i = 0; i < 8; ++i) {
    config.front_end.convs.push_back({i == 0 ? 1 : 8, 8, 3, i < 6 ? 2 : 1, Activation::kTanh});
  }
  const auto model = MakeTiny(config);
  EncoderRun run(model, Fastest());
  const Audio audio = Babble(0.4);
  const std::vector<float> whole = run.Whole(audio, audio.size());
  EXPECT_GT(run.frames(), 90);
  ExpectSameBits(run.Whole(audio, 0), whole, "cut");
}

TEST(Layouts, HeadsWiderThanAnyKnownModels) {
  Config config = OfflineWaveform();
  config.encoder.dim = 320;
  config.encoder.heads = 1;
  config.encoder.rotary_dims = 320;
  config.encoder.layers = {Block()};
  EncoderRun run(MakeTiny(config), Fastest());
  const Audio audio = Babble(0.2);
  ExpectSameBits(run.Whole(audio, 0), run.Whole(audio, audio.size()), "cut");
  EXPECT_GT(run.frames(), 5);
}

TEST(Layouts, StackersAlone) {
  for (const bool full : {true, false}) {
    Config config = FullConformer();
    if (!full) UseFrames(config, 3);
    config.encoder.layers = {Stacker(2, 16, 1), Stacker(0, 3, 2)};
    EncoderRun run(MakeTiny(config), Fastest());
    const Audio audio = Babble(0.6);
    const std::vector<float> whole = run.Whole(audio, audio.size());
    EXPECT_EQ(run.frames(), 29);
    ExpectSameBits(run.Whole(audio, 0), whole, "cut");
  }
}

// More look-ahead at the end than a chunk has frames.
TEST(Layouts, StackersOfFarLookAheadBeforeShortChunks) {
  Config config = ChunkedConformer();
  config.encoder.layers = {Stacker(0, 16, 1), Stacker(16, 16, 1), Block()};
  for (const int chunk : {2, 9}) {
    EncoderRun run(MakeTiny(config), Fastest(), chunk);
    const Audio audio = Babble(0.5);
    const std::vector<float> whole = run.Whole(audio, audio.size());
    EXPECT_EQ(run.frames(), 48);
    ExpectSameBits(run.Whole(audio, 0), whole, "cut");
    ExpectSameBits(run.Whole(audio, 1), whole, "single samples");
  }
}

Status LoadStatus(const Config& config) {
  const Result<ModelFile> file = ModelFile::Parse(WriteTiny(config));
  EXPECT_TRUE(file.ok()) << file.status().message;
  return AsrModel::Make(file.value()).status();
}

TEST(Layouts, RefusesWhatItCannotRun) {
  Config config = ChunkedConformer();
  config.encoder.layers = {Block(), Stacker(1, 0, 2), Block()};
  EXPECT_EQ(LoadStatus(config).code, Code::kModelUnsupported);
  EXPECT_NE(std::string(LoadStatus(config).message).find("encoder.layers[1]"), std::string::npos);

  config = StackedConformer();
  config.front_end.fft = 8192;  // beyond the transform's tables
  EXPECT_EQ(LoadStatus(config).code, Code::kModelUnsupported);

  config = StackedConformer();
  config.front_end.hop = 1;
  config.max_segment_seconds = 60;
  EXPECT_EQ(LoadStatus(config).code, Code::kModelTooLarge);
  EXPECT_NE(std::string(LoadStatus(config).message).find("maxSegmentSeconds"), std::string::npos);
}

}  // namespace
}  // namespace parrotlet
