// Fills a Config with random tensors, in any weight format: a whole model file in memory.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "kernels/kernel_cases.h"
#include "model/model_writer.h"
#include "nn/tiny_document.h"

namespace parrotlet {

// Changes a tensor's values before they are written, for models that must behave in some way.
using Edit = std::function<void(const std::string& name, std::vector<float>& values)>;

// The pieces of every tiny model: special tokens, then words, endings, punctuation and bytes.
inline std::vector<std::string> TinyPieces(int vocabulary) {
  std::vector<std::string> pieces = {"<unk>", "<s>",    "</s>",   "\xE2\x96\x81",
                                     ",",     "<0xC3>", "<0xA9>", "\xE2\x96\x81\xC3\xA9"};
  while (int(pieces.size()) < vocabulary) {
    const size_t id = pieces.size();
    const std::string syllable = {"bdgklmnprstvz"[id % 13], "aeiou"[id % 5]};
    pieces.push_back((id % 3 == 0 ? "" : "\xE2\x96\x81") + syllable);
  }
  pieces.resize(vocabulary);
  return pieces;
}

// Writes random tensors in the given format; every value depends on the seed alone.
class TinyWriter {
 public:
  TinyWriter(const Config& config, WeightFormat format, uint32_t seed, Edit edit)
      : config_(config),
        format_(format),
        random_(seed),
        edit_(std::move(edit)),
        writer_(DocumentText(config)) {}

  std::vector<uint8_t> Write() {
    FrontEnd();
    for (size_t i = 0; i < config_.encoder.layers.size(); ++i) {
      Layer("encoder.layers." + std::to_string(i), config_.encoder.layers[i]);
    }
    Norm("encoder.norm", config_.encoder.dim);
    if (config_.output == OutputStage::kCtc) {
      Linear("ctc", config_.ctc.vocabulary, config_.encoder.dim);
      Pieces(config_.ctc.vocabulary);
    } else {
      Decoder();
      Pieces(config_.decoder.vocabulary);
    }
    return writer_.Write();
  }

 private:
  std::vector<float> Values(const std::string& name, size_t count, float low, float high) {
    std::vector<float> values = random_.Floats(count, low, high);
    if (edit_) edit_(name, values);
    return values;
  }

  void Matrix(const std::string& name, int cols, int depth) {
    const float range = 2 / std::sqrt(float(depth));
    const std::vector<float> values = Values(name, size_t(cols) * depth, -range, range);
    if (format_.bits == 32) {
      writer_.Floats(name, {cols, depth}, values);
      return;
    }
    WeightFormat format = format_;
    if (format.group_size == 0 || depth % format.group_size != 0) format.group_size = depth;
    const int high = (1 << (format.bits - 1)) - 1;
    const float offset = format.scheme == Scheme::kMidRise  ? -0.5f
                         : format.scheme == Scheme::kAffine ? -0.3f
                                                            : 0.0f;
    std::vector<int8_t> codes(values.size());
    std::vector<float> scales(values.size() / format.group_size), zeros;
    for (size_t group = 0; group < scales.size(); ++group) {
      const size_t begin = group * format.group_size;
      float peak = 0;
      for (int i = 0; i < format.group_size; ++i) {
        peak = std::max(peak, std::abs(values[begin + i]));
      }
      scales[group] = peak / (float(high) + 0.5f);
      if (format.scheme == Scheme::kAffine) zeros.push_back(offset * scales[group]);
      for (int i = 0; i < format.group_size && peak > 0; ++i) {
        const float code = std::nearbyint(values[begin + i] / scales[group] + offset);
        codes[begin + i] = int8_t(std::clamp(code, float(-high - 1), float(high)));
      }
    }
    writer_.Quantized(name, format, cols, depth, codes, scales, zeros);
  }

  void Linear(const std::string& name, int outputs, int inputs) {
    Matrix(name + ".weight", outputs, inputs);
    writer_.Floats(name + ".bias", {outputs}, Values(name + ".bias", outputs, -0.2f, 0.2f));
  }

  void Norm(const std::string& name, int dim) {
    // Of both signs before a tied output: it would otherwise only repeat the token that went in.
    const float low = name == "decoder.norm" ? -1.5f : 0.8f;
    const float high = name == "decoder.norm" ? 1.5f : 1.2f;
    writer_.Floats(name + ".weight", {dim}, Values(name + ".weight", dim, low, high));
    writer_.Floats(name + ".bias", {dim}, Values(name + ".bias", dim, -0.2f, 0.2f));
  }

  void FeedForward(const std::string& name, int dim, int width, bool gated) {
    Norm(name + ".norm", dim);
    Linear(name + ".in", gated ? 2 * width : width, dim);
    Linear(name + ".out", dim, width);
  }

  void FrontEnd() {
    const FrontEndConfig& front_end = config_.front_end;
    int width = front_end.mel_bins;
    if (front_end.kind == FrontEndConfig::Kind::kLogMel) {
      writer_.Floats("frontend.mel.mean", {width}, Values("frontend.mel.mean", width, -6, -2));
      writer_.Floats("frontend.mel.scale", {width},
                     Values("frontend.mel.scale", width, 0.2f, 0.4f));
    } else {
      for (size_t i = 0; i < front_end.convs.size(); ++i) {
        const ConvConfig& conv = front_end.convs[i];
        Linear("frontend.conv." + std::to_string(i), conv.out_channels,
               conv.kernel * conv.in_channels);
      }
      Norm("frontend.norm", front_end.convs[0].out_channels);
      width = front_end.convs.back().out_channels;
    }
    if (width != config_.encoder.dim) Linear("encoder.input", config_.encoder.dim, width);
  }

  void Layer(const std::string& name, const EncoderLayerConfig& layer) {
    const EncoderConfig& encoder = config_.encoder;
    const int dim = encoder.dim;
    if (layer.kind == EncoderLayerConfig::Kind::kStacker) {
      Linear(name + ".stack", dim, (layer.past + 1 + layer.future) * dim);
      return;
    }
    if (encoder.half_step_feed_forward)
      FeedForward(name + ".ff1", dim, encoder.feed_forward, false);
    Norm(name + ".attention.norm", dim);
    Linear(name + ".attention.qkv", 3 * dim, dim);
    Linear(name + ".attention.out", dim, dim);
    if (encoder.positions == Positions::kRelativeBias) {
      const int ahead = encoder.span == AttentionSpan::kChunk ? encoder.chunk_choices.back() - 1
                                                              : layer.lookahead;
      const int cols = encoder.left_frames + 1 + ahead;
      const std::string bias = name + ".attention.relative_bias";
      writer_.Floats(bias, {encoder.heads, cols},
                     Values(bias, size_t(encoder.heads) * cols, -1.5f, 1.5f));
    }
    if (encoder.conv_kernel > 0) {
      Norm(name + ".conv.norm", dim);
      Linear(name + ".conv.in", 2 * dim, dim);
      const std::string depthwise = name + ".conv.depthwise.weight";
      writer_.Floats(depthwise, {encoder.conv_kernel, dim},
                     Values(depthwise, size_t(encoder.conv_kernel) * dim, -0.8f, 0.8f));
      Norm(name + ".conv.depthwise_norm", dim);
      Linear(name + ".conv.out", dim, dim);
    }
    FeedForward(name + ".ff", dim, encoder.feed_forward, false);
    if (encoder.block_norm) Norm(name + ".norm", dim);
  }

  void Decoder() {
    const DecoderConfig& decoder = config_.decoder;
    const int dim = decoder.dim;
    Matrix("decoder.embedding.weight", decoder.vocabulary, dim);
    Norm("decoder.norm", dim);
    for (int i = 0; i < decoder.layers; ++i) {
      const std::string name = "decoder.layers." + std::to_string(i);
      Norm(name + ".self.norm", dim);
      Linear(name + ".self.qkv", 3 * dim, dim);
      Linear(name + ".self.out", dim, dim);
      Norm(name + ".cross.norm", dim);
      Linear(name + ".cross.query", dim, dim);
      Linear(name + ".cross.key_value", 2 * dim, config_.encoder.dim);
      Linear(name + ".cross.out", dim, dim);
      FeedForward(name + ".ff", dim, decoder.feed_forward, true);
    }
  }

  void Pieces(int vocabulary) {
    std::vector<uint8_t> bytes;
    for (const std::string& piece : TinyPieces(vocabulary)) {
      bytes.push_back(uint8_t(piece.size()));
      bytes.insert(bytes.end(), piece.begin(), piece.end());
    }
    writer_.Bytes("tokenizer.pieces", bytes);
  }

  const Config& config_;
  WeightFormat format_;
  Random random_;
  Edit edit_;
  ModelWriter writer_;
};

}  // namespace parrotlet
