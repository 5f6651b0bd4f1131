// What a model is, read from the document of a model file (docs/model-format.md). Plain values;
// every one is checked against its range when read, so that later code may trust them.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"
#include "core/status.h"
#include "kernels/epilogue.h"

namespace parrotlet {

// The most frames of a chunk's end that may be encoded again with the next chunk.
inline constexpr int kMaxLookahead = 256;

enum class NormKind { kRunning, kUtterance };  // over the past so far / over the whole segment
enum class AttentionSpan { kFull, kChunk, kFrames };
enum class Positions { kNone, kRotary, kRelativeBias, kSinusoidal };
enum class OutputStage { kAttentionDecoder, kCtc };

// One strided convolution over the waveform, no padding.
struct ConvConfig {
  int in_channels = 0, out_channels = 0, kernel = 0, stride = 0;
  Activation activation = Activation::kNone;
};

struct FrontEndConfig {
  enum class Kind { kWaveform, kLogMel } kind = Kind::kWaveform;

  // kWaveform: convolutions; the norm stands after the activation of the first.
  std::vector<ConvConfig> convs;
  NormKind norm = NormKind::kRunning;
  float norm_epsilon = 1e-5f;
  float prior_frames = 0, prior_mean = 0, prior_variance = 0;  // kRunning only

  // kLogMel (PAPERS: Praxis front end): causal log-mel frames, then the encoder's stackers.
  int window = 400, hop = 160, fft = 512, mel_bins = 80;  // samples
  float low_hz = 125, high_hz = 7600, pre_emphasis = 0.97f, log_floor = 1e-5f;
};

// One entry of the encoder's stack, in order.
struct EncoderLayerConfig {
  enum class Kind { kBlock, kStacker } kind = Kind::kBlock;
  // kStacker: concatenates past + 1 + future frames, projects to `dim`, keeps one in `stride`.
  int past = 0, future = 0, stride = 1;
  // kBlock under AttentionSpan::kFrames: frames of look-ahead of this block.
  int lookahead = 0;
};

struct EncoderConfig {
  int dim = 0, heads = 0, feed_forward = 0;
  Activation activation = Activation::kSilu;
  bool half_step_feed_forward = false;  // macaron halves around attention and convolution
  bool block_norm = false;              // layer norm at the end of every block
  int conv_kernel = 0;                  // 0: no convolution module
  float norm_epsilon = 1e-5f;
  AttentionSpan span = AttentionSpan::kFull;
  int left_frames = 0;             // past frames a frame sees; not for kFull
  int chunk_frames = 0;            // kChunk: the default
  std::vector<int> chunk_choices;  // kChunk: what a session may ask for
  int lookahead_frames = 0;        // kChunk: at a chunk's end, encoded again with the next; default
  Positions positions = Positions::kNone;
  int rotary_dims = 0;  // of each head, interleaved pairs
  float rotary_theta = 10000;
  float memory_position_scale = 0;  // x sinusoidal position added to the output; 0: none
  std::vector<EncoderLayerConfig> layers;
};

struct DecoderConfig {
  int dim = 0, heads = 0, feed_forward = 0, layers = 0;
  int rotary_dims = 0;
  float rotary_theta = 10000;
  float norm_epsilon = 1e-5f;
  int vocabulary = 0, start_token = 0, end_token = 0;
  float tokens_per_second = 6.5f;  // the makers' limit against loops
  struct Head {
    int layer = 0, head = 0;
  };
  std::vector<Head> alignment_heads;  // cross-attention heads that follow time; may be empty
};

struct CtcConfig {
  int vocabulary = 0, blank = 0;
};

// Log-odds of a word's confidence = scale x log-odds of its tokens' probability + bias; text whose
// words have a mean confidence below `least` is taken for sounds other than speech.
struct ConfidenceConfig {
  float scale = 1, bias = 0, least = 0;
};

struct TokenizerConfig {
  std::vector<int> special;  // ids that stand for no text, ascending
};

struct Config {
  std::string name;
  int sample_rate = 16000;
  double max_segment_seconds = 20;  // the longest segment the model was made for
  FrontEndConfig front_end;
  EncoderConfig encoder;
  OutputStage output = OutputStage::kAttentionDecoder;
  DecoderConfig decoder;  // kAttentionDecoder
  CtcConfig ctc;          // kCtc
  TokenizerConfig tokenizer;
  ConfidenceConfig confidence;

  // Errors: kModelMalformed (a field is missing, unknown or of the wrong type), kModelShape (out of
  // range, or at odds with another field), kModelUnsupported (an unknown choice); the message names
  // the field. A field that belongs to another choice counts as unknown.
  static Result<Config> FromDocument(const Json& document);
};

}  // namespace parrotlet
