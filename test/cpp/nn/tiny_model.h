// Small random models in memory, one of every architecture that the engine knows.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nn/tiny_writer.h"
#include "session/asr_model.h"

namespace parrotlet {

inline EncoderLayerConfig Block(int lookahead = 0) {
  EncoderLayerConfig layer;
  layer.lookahead = lookahead;
  return layer;
}

inline EncoderLayerConfig Stacker(int past, int future, int stride) {
  EncoderLayerConfig layer;
  layer.kind = EncoderLayerConfig::Kind::kStacker;
  layer.past = past;
  layer.future = future;
  layer.stride = stride;
  return layer;
}

inline Config TinyBase(const char* name) {
  Config config;
  config.name = name;
  config.max_segment_seconds = 4;
  config.encoder.dim = 48;  // heads of 12 and 16: with and without whole vectors
  config.encoder.heads = 4;
  config.encoder.feed_forward = 64;
  config.encoder.layers = {Block(), Block()};
  config.decoder.dim = 32;
  config.decoder.heads = 2;
  config.decoder.feed_forward = 48;
  config.decoder.layers = 2;
  config.decoder.rotary_dims = 6;
  config.decoder.vocabulary = config.ctc.vocabulary = 40;
  config.decoder.start_token = 1;
  config.decoder.end_token = 2;
  config.decoder.alignment_heads = {{0, 1}, {1, 0}};
  config.ctc.blank = 0;
  config.tokenizer.special = {0, 1, 2};
  return config;
}

inline void UseWaveform(Config& config, NormKind norm, int width) {
  FrontEndConfig& front_end = config.front_end;
  front_end.kind = FrontEndConfig::Kind::kWaveform;
  front_end.convs = {{1, 16, 60, 40, Activation::kTanh},
                     {16, 24, 5, 4, Activation::kGelu},
                     {24, width, 3, 2, Activation::kSilu}};
  front_end.norm = norm;
  front_end.prior_frames = norm == NormKind::kRunning ? 16 : 0;
  front_end.prior_variance = norm == NormKind::kRunning ? 0.01f : 0;
}

inline void UseLogMel(Config& config) {
  config.front_end.kind = FrontEndConfig::Kind::kLogMel;
  config.front_end.mel_bins = 40;
}

inline void UseChunks(Config& config, int left) {
  config.encoder.span = AttentionSpan::kChunk;
  config.encoder.left_frames = left;
  config.encoder.chunk_frames = 4;
  config.encoder.chunk_choices = {2, 4, 9};
}

inline void UseFrames(Config& config, int left) {
  config.encoder.span = AttentionSpan::kFrames;
  config.encoder.left_frames = left;
}

inline void UseRotary(Config& config) {
  config.encoder.positions = Positions::kRotary;
  config.encoder.rotary_dims = 6;
}

// Waveform, running norm, chunks, rotary, convolution module, attention decoder: Moonshine made
// streaming.
inline Config StreamingWaveform() {
  Config config = TinyBase("streaming-waveform");
  UseWaveform(config, NormKind::kRunning, 48);
  UseChunks(config, 10);
  UseRotary(config);
  config.encoder.activation = Activation::kGelu;
  config.encoder.conv_kernel = 5;
  config.encoder.memory_position_scale = 0.5f;
  return config;
}

// Waveform, norm over the whole segment, full attention: Moonshine as it was.
inline Config OfflineWaveform() {
  Config config = TinyBase("offline-waveform");
  UseWaveform(config, NormKind::kUtterance, 32);
  UseRotary(config);
  config.encoder.activation = Activation::kGelu;
  return config;
}

// Log-mel, a Conformer with relative positions, stackers and look-ahead, CTC: Parrotron's encoder.
inline Config StackedConformer() {
  Config config = TinyBase("stacked-conformer");
  UseLogMel(config);
  UseFrames(config, 12);
  EncoderConfig& encoder = config.encoder;
  encoder.positions = Positions::kRelativeBias;
  encoder.half_step_feed_forward = encoder.block_norm = true;
  encoder.conv_kernel = 4;
  encoder.layers = {Block(1), Stacker(1, 0, 2), Block(3), Stacker(0, 3, 2), Block(0)};
  config.output = OutputStage::kCtc;
  return config;
}

inline Config SinusoidalConformer() {
  Config config = TinyBase("sinusoidal-conformer");
  UseLogMel(config);
  UseFrames(config, 7);
  config.encoder.positions = Positions::kSinusoidal;
  config.encoder.half_step_feed_forward = true;
  config.encoder.layers = {Stacker(2, 1, 3), Block(2), Block(0)};
  return config;
}

inline Config ChunkedConformer() {
  Config config = TinyBase("chunked-conformer");
  UseLogMel(config);
  UseChunks(config, 6);
  config.encoder.positions = Positions::kRelativeBias;
  config.encoder.block_norm = true;
  config.encoder.conv_kernel = 3;
  config.encoder.layers = {Stacker(1, 1, 2), Stacker(1, 0, 2), Block(), Block()};
  config.output = OutputStage::kCtc;
  return config;
}

// Chunks whose last frames are encoded again beside the next, in front of an attention decoder.
inline Config LookAheadConformer() {
  Config config = TinyBase("look-ahead-conformer");
  UseLogMel(config);
  UseChunks(config, 7);
  config.encoder.lookahead_frames = 3;
  config.encoder.positions = Positions::kSinusoidal;
  config.encoder.half_step_feed_forward = config.encoder.block_norm = true;
  config.encoder.conv_kernel = 4;
  config.encoder.memory_position_scale = 0.25f;
  config.encoder.layers = {Stacker(1, 1, 2), Block(), Block()};
  return config;
}

// Stackers with look-ahead between blocks of full attention, one with a stride beyond its kernel.
inline Config FullConformer() {
  Config config = TinyBase("full-conformer");
  UseLogMel(config);
  config.encoder.conv_kernel = 3;
  config.encoder.layers = {Stacker(0, 0, 2), Block(), Stacker(1, 3, 1), Block(), Stacker(0, 1, 3)};
  config.output = OutputStage::kCtc;
  return config;
}

// Norm over the whole segment before attention that sees a few frames.
inline Config OfflineFrames() {
  Config config = TinyBase("offline-frames");
  UseWaveform(config, NormKind::kUtterance, 48);
  UseFrames(config, 5);
  UseRotary(config);
  config.encoder.activation = Activation::kTanh;
  config.encoder.layers = {Block(2)};
  config.decoder.alignment_heads = {};
  return config;
}

inline const std::vector<Config>& TinyConfigs() {
  static const std::vector<Config> configs = {
      StreamingWaveform(), OfflineWaveform(), StackedConformer(), SinusoidalConformer(),
      ChunkedConformer(),  FullConformer(),   OfflineFrames(),    LookAheadConformer()};
  return configs;
}

// Group size 0 stands for one scale per channel.
inline constexpr WeightFormat kTinyFormats[] = {
    {32, 0},
    {8, 0},
    {4, 0},
    {4, 16},
    {2, 0},
    {2, 16},
    {4, 16, Scheme::kAffine},
    {2, 16, Scheme::kMidRise, 4},
    {2, 0, Scheme::kAffine, 32},
};

inline std::vector<uint8_t> WriteTiny(const Config& config, WeightFormat format = {},
                                      uint32_t seed = 1, Edit edit = {}) {
  return TinyWriter(config, format, seed, std::move(edit)).Write();
}

inline std::shared_ptr<const AsrModel> MakeTiny(const Config& config, WeightFormat format = {},
                                                uint32_t seed = 1, Edit edit = {}) {
  const Result<ModelFile> file = ModelFile::Parse(WriteTiny(config, format, seed, std::move(edit)));
  EXPECT_TRUE(file.ok()) << file.status().message;
  const Result<std::shared_ptr<const AsrModel>> model = AsrModel::Make(file.value());
  EXPECT_TRUE(model.ok()) << config.name << ": " << model.status().message;
  return model.value();
}

}  // namespace parrotlet
