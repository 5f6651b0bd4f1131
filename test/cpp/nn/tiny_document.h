// A Config written as the document of a model file: the way back from Config::FromDocument.
#pragma once

#include <cstdio>
#include <string>

#include "core/json.h"
#include "model/config.h"

namespace parrotlet {

inline std::string NumberText(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

template <typename List, typename Text>
std::string ListText(const List& list, Text text) {
  std::string all;
  for (const auto& item : list) all += (all.empty() ? "" : ",") + text(item);
  return "[" + all + "]";
}

inline std::string FrontEndText(const FrontEndConfig& f) {
  if (f.kind == FrontEndConfig::Kind::kLogMel) {
    return "{\"kind\":\"logMel\",\"window\":" + std::to_string(f.window) +
           ",\"hop\":" + std::to_string(f.hop) + ",\"fft\":" + std::to_string(f.fft) +
           ",\"melBins\":" + std::to_string(f.mel_bins) + ",\"lowHz\":" + NumberText(f.low_hz) +
           ",\"highHz\":" + NumberText(f.high_hz) +
           ",\"preEmphasis\":" + NumberText(f.pre_emphasis) +
           ",\"logFloor\":" + NumberText(f.log_floor) + "}";
  }
  constexpr const char* kActivations[] = {"none", "gelu", "silu", "tanh"};
  const std::string convs = ListText(f.convs, [&](const ConvConfig& conv) {
    return "{\"inChannels\":" + std::to_string(conv.in_channels) +
           ",\"outChannels\":" + std::to_string(conv.out_channels) +
           ",\"kernel\":" + std::to_string(conv.kernel) +
           ",\"stride\":" + std::to_string(conv.stride) + ",\"activation\":\"" +
           kActivations[int(conv.activation)] + "\"}";
  });
  std::string norm = "{\"kind\":\"utterance\"";
  if (f.norm == NormKind::kRunning) {
    norm = "{\"kind\":\"running\",\"priorFrames\":" + NumberText(f.prior_frames) +
           ",\"priorMean\":" + NumberText(f.prior_mean) +
           ",\"priorVariance\":" + NumberText(f.prior_variance);
  }
  norm += ",\"epsilon\":" + NumberText(f.norm_epsilon) + "}";
  return "{\"kind\":\"waveform\",\"convs\":" + convs + ",\"norm\":" + norm + "}";
}

inline std::string LayerText(const EncoderLayerConfig& layer) {
  if (layer.kind == EncoderLayerConfig::Kind::kBlock) {
    return "{\"kind\":\"block\",\"lookahead\":" + std::to_string(layer.lookahead) + "}";
  }
  return "{\"kind\":\"stacker\",\"past\":" + std::to_string(layer.past) +
         ",\"future\":" + std::to_string(layer.future) +
         ",\"stride\":" + std::to_string(layer.stride) + "}";
}

inline std::string EncoderText(const EncoderConfig& e) {
  constexpr const char* kActivations[] = {"none", "gelu", "silu", "tanh"};
  constexpr const char* kSpans[] = {"full", "chunk", "frames"};
  constexpr const char* kPositions[] = {"none", "rotary", "relativeBias", "sinusoidal"};
  const auto whole = [](int value) { return std::to_string(value); };
  const auto boolean = [](bool value) { return std::string(value ? "true" : "false"); };
  std::string text = "{\"dim\":" + whole(e.dim) + ",\"heads\":" + whole(e.heads) +
                     ",\"feedForward\":" + whole(e.feed_forward) + ",\"activation\":\"" +
                     kActivations[int(e.activation)] +
                     "\",\"halfStepFeedForward\":" + boolean(e.half_step_feed_forward) +
                     ",\"blockNorm\":" + boolean(e.block_norm) +
                     ",\"convKernel\":" + whole(e.conv_kernel) +
                     ",\"normEpsilon\":" + NumberText(e.norm_epsilon) + ",\"span\":\"" +
                     kSpans[int(e.span)] + "\",\"positions\":\"" + kPositions[int(e.positions)] +
                     "\",\"memoryPositionScale\":" + NumberText(e.memory_position_scale) +
                     ",\"layers\":" + ListText(e.layers, LayerText);
  if (e.span != AttentionSpan::kFull) text += ",\"leftFrames\":" + whole(e.left_frames);
  if (e.span == AttentionSpan::kChunk) {
    text += ",\"chunkFrames\":" + whole(e.chunk_frames) +
            ",\"chunkChoices\":" + ListText(e.chunk_choices, whole);
    if (e.lookahead_frames > 0) text += ",\"lookaheadFrames\":" + whole(e.lookahead_frames);
  }
  if (e.positions == Positions::kRotary) {
    text += ",\"rotaryDims\":" + whole(e.rotary_dims) +
            ",\"rotaryTheta\":" + NumberText(e.rotary_theta);
  }
  return text + "}";
}

inline std::string DecoderText(const DecoderConfig& d) {
  return "{\"dim\":" + std::to_string(d.dim) + ",\"heads\":" + std::to_string(d.heads) +
         ",\"feedForward\":" + std::to_string(d.feed_forward) +
         ",\"layers\":" + std::to_string(d.layers) +
         ",\"rotaryDims\":" + std::to_string(d.rotary_dims) +
         ",\"rotaryTheta\":" + NumberText(d.rotary_theta) +
         ",\"normEpsilon\":" + NumberText(d.norm_epsilon) +
         ",\"vocabulary\":" + std::to_string(d.vocabulary) +
         ",\"startToken\":" + std::to_string(d.start_token) +
         ",\"endToken\":" + std::to_string(d.end_token) +
         ",\"tokensPerSecond\":" + NumberText(d.tokens_per_second) + ",\"alignmentHeads\":" +
         ListText(d.alignment_heads,
                  [](const DecoderConfig::Head& head) {
                    return "[" + std::to_string(head.layer) + "," + std::to_string(head.head) + "]";
                  }) +
         "}";
}

// The document without "tensors", which ModelWriter adds.
inline std::string DocumentText(const Config& config) {
  const bool ctc = config.output == OutputStage::kCtc;
  return "{\"version\":1,\"name\":" + JsonString(config.name) +
         ",\"sampleRate\":" + std::to_string(config.sample_rate) +
         ",\"maxSegmentSeconds\":" + NumberText(config.max_segment_seconds) +
         ",\"frontEnd\":" + FrontEndText(config.front_end) +
         ",\"encoder\":" + EncoderText(config.encoder) +
         (ctc ? ",\"output\":\"ctc\",\"ctc\":{\"vocabulary\":" +
                    std::to_string(config.ctc.vocabulary) +
                    ",\"blank\":" + std::to_string(config.ctc.blank) + "}"
              : ",\"output\":\"attentionDecoder\",\"decoder\":" + DecoderText(config.decoder)) +
         ",\"tokenizer\":{\"kind\":\"pieces\",\"special\":" +
         ListText(config.tokenizer.special, [](int id) { return std::to_string(id); }) + "}}";
}

}  // namespace parrotlet
