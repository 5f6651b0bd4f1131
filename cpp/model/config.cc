// Reads and checks every field of a model's document.
#include "model/config.h"

#include <algorithm>

#include "model/fields.h"

namespace parrotlet {

namespace {

// Caps: far above any real model, low enough that no product of a few of them overflows size_t, and
// none of two overflows int.
constexpr int kMaxDim = 8192;
constexpr int kMaxFeedForward = 32768;
constexpr int kMaxHeads = 128;
constexpr int kMaxLayers = 64;
constexpr int kMaxKernel = 4096;
constexpr int kMaxFrames = 4096;  // of attention, in either direction
constexpr int kMaxVocabulary = 1 << 20;
constexpr int kMaxFrameSamples = 16384;  // from one frame of the front end to the next
constexpr int kMaxFrameStride = 64;      // front end frames from one encoder frame to the next
constexpr double kLeastPositive = 1e-12;

constexpr Choice<Activation> kActivations[] = {{"none", Activation::kNone},
                                               {"gelu", Activation::kGelu},
                                               {"silu", Activation::kSilu},
                                               {"tanh", Activation::kTanh}};
constexpr Choice<NormKind> kNormKinds[] = {{"running", NormKind::kRunning},
                                           {"utterance", NormKind::kUtterance}};
constexpr Choice<AttentionSpan> kSpans[] = {{"full", AttentionSpan::kFull},
                                            {"chunk", AttentionSpan::kChunk},
                                            {"frames", AttentionSpan::kFrames}};
constexpr Choice<Positions> kPositions[] = {{"none", Positions::kNone},
                                            {"rotary", Positions::kRotary},
                                            {"relativeBias", Positions::kRelativeBias},
                                            {"sinusoidal", Positions::kSinusoidal}};
constexpr Choice<OutputStage> kOutputs[] = {{"attentionDecoder", OutputStage::kAttentionDecoder},
                                            {"ctc", OutputStage::kCtc}};
constexpr Choice<FrontEndConfig::Kind> kFrontEnds[] = {
    {"waveform", FrontEndConfig::Kind::kWaveform}, {"logMel", FrontEndConfig::Kind::kLogMel}};
constexpr Choice<EncoderLayerConfig::Kind> kLayerKinds[] = {
    {"block", EncoderLayerConfig::Kind::kBlock}, {"stacker", EncoderLayerConfig::Kind::kStacker}};
constexpr Choice<int> kTokenizers[] = {{"pieces", 0}};

std::string At(const Fields& fields, const char* key, size_t index) {
  return fields.PathOf(key) + "[" + std::to_string(index) + "]";
}

float Epsilon(Fields& fields, const char* key) { return fields.Number(key, kLeastPositive, 1); }

// Heads and the rotated part of each; `dim` has been read.
void ReadHeads(Fields& fields, int dim, int* heads) {
  *heads = fields.Integer("heads", 1, kMaxHeads);
  if (dim % *heads != 0) {
    fields.Fail(Code::kModelShape, "heads", "a divisor of dim, " + std::to_string(dim));
  }
}

// `least` is 0 where a model may do without rotation.
void ReadRotary(Fields& fields, int dim, int heads, int least, int* dims, float* theta) {
  *dims = fields.Integer("rotaryDims", least, dim / heads);
  if (*dims % 2 != 0) fields.Fail(Code::kModelShape, "rotaryDims", "an even number");
  *theta = fields.Number("rotaryTheta", 1, 1e9);
}

void ReadConvs(Fields& front_end, FrontEndConfig* config) {
  constexpr size_t kMaxConvs = 8;
  int channels = 1;  // the waveform's
  int frame_samples = 1;
  for (const Json& item : front_end.List("convs", 1, kMaxConvs)) {
    Fields fields = front_end.Item(item, At(front_end, "convs", config->convs.size()));
    ConvConfig conv;
    conv.in_channels = fields.Integer("inChannels", 1, kMaxDim);
    conv.out_channels = fields.Integer("outChannels", 1, kMaxDim);
    conv.kernel = fields.Integer("kernel", 1, kMaxKernel);
    conv.stride = fields.Integer("stride", 1, kMaxFrameSamples / frame_samples);
    conv.activation = fields.OneOf("activation", kActivations);
    if (conv.in_channels != channels) {
      fields.Fail(Code::kModelShape, "inChannels",
                  std::to_string(channels) + ", the channels that come in");
    }
    if (conv.stride > conv.kernel) {
      fields.Fail(Code::kModelShape, "stride", "at most kernel, " + std::to_string(conv.kernel));
    }
    fields.Finish();
    channels = conv.out_channels;
    frame_samples *= conv.stride;
    config->convs.push_back(conv);
  }
}

void ReadNorm(Fields fields, FrontEndConfig* config) {
  config->norm = fields.OneOf("kind", kNormKinds);
  config->norm_epsilon = Epsilon(fields, "epsilon");
  if (config->norm == NormKind::kRunning) {
    config->prior_frames = fields.Number("priorFrames", 0, 1e6);
    config->prior_mean = fields.Number("priorMean", -1e6, 1e6);
    config->prior_variance = fields.Number("priorVariance", 0, 1e6);
  }
  fields.Finish();
}

void ReadLogMel(Fields& fields, int sample_rate, FrontEndConfig* config) {
  constexpr int kMaxFft = 16384;
  config->window = fields.Integer("window", 1, kMaxFft);
  config->hop = fields.Integer("hop", 1, config->window);
  config->fft = fields.Integer("fft", 2, kMaxFft);
  if (config->fft < config->window || (config->fft & (config->fft - 1)) != 0) {
    fields.Fail(Code::kModelShape, "fft",
                "a power of two, at least window, " + std::to_string(config->window));
  }
  config->mel_bins = fields.Integer("melBins", 1, std::max(1, config->fft / 2));
  config->low_hz = fields.Number("lowHz", 0, sample_rate / 2.0);
  config->high_hz = fields.Number("highHz", 0, sample_rate / 2.0);
  if (config->high_hz <= config->low_hz) {
    fields.Fail(Code::kModelShape, "highHz", "more than lowHz");
  }
  config->pre_emphasis = fields.Number("preEmphasis", 0, 1);
  config->log_floor = fields.Number("logFloor", kLeastPositive, 1);
}

void ReadFrontEnd(Fields fields, int sample_rate, FrontEndConfig* config) {
  config->kind = fields.OneOf("kind", kFrontEnds);
  if (config->kind == FrontEndConfig::Kind::kWaveform) {
    ReadConvs(fields, config);
    ReadNorm(fields.Object("norm"), config);
  } else {
    ReadLogMel(fields, sample_rate, config);
  }
  fields.Finish();
}

void ReadChunks(Fields& fields, EncoderConfig* config) {
  constexpr size_t kMaxChoices = 16;
  config->chunk_frames = fields.Integer("chunkFrames", 1, kMaxFrames);
  config->chunk_choices = fields.Integers("chunkChoices", 1, kMaxChoices, 1, kMaxFrames);
  config->lookahead_frames = fields.Integer("lookaheadFrames", 0, kMaxLookahead, /*absent=*/0);
  const std::vector<int>& choices = config->chunk_choices;
  const auto not_ascending = [](int a, int b) { return a >= b; };
  if (std::adjacent_find(choices.begin(), choices.end(), not_ascending) != choices.end()) {
    fields.Fail(Code::kModelShape, "chunkChoices", "whole numbers in ascending order");
  }
  if (std::find(choices.begin(), choices.end(), config->chunk_frames) == choices.end()) {
    fields.Fail(Code::kModelShape, "chunkFrames", "one of chunkChoices");
  }
}

void ReadLayers(Fields& encoder, EncoderConfig* config) {
  constexpr int kMaxStacked = 16;
  int frame_stride = 1;
  for (const Json& item : encoder.List("layers", 1, kMaxLayers)) {
    Fields fields = encoder.Item(item, At(encoder, "layers", config->layers.size()));
    EncoderLayerConfig layer;
    layer.kind = fields.OneOf("kind", kLayerKinds);
    if (layer.kind == EncoderLayerConfig::Kind::kStacker) {
      layer.past = fields.Integer("past", 0, kMaxStacked);
      layer.future = fields.Integer("future", 0, kMaxStacked);
      layer.stride = fields.Integer("stride", 1, kMaxFrameStride / frame_stride);
      frame_stride *= layer.stride;
    } else {
      const int most = config->span == AttentionSpan::kFrames ? kMaxFrames : 0;
      layer.lookahead = fields.Integer("lookahead", 0, most, /*absent=*/0);
    }
    fields.Finish();
    config->layers.push_back(layer);
  }
}

void ReadEncoder(Fields fields, EncoderConfig* config) {
  config->dim = fields.Integer("dim", 1, kMaxDim);
  ReadHeads(fields, config->dim, &config->heads);
  config->feed_forward = fields.Integer("feedForward", 1, kMaxFeedForward);
  config->activation = fields.OneOf("activation", kActivations);
  config->half_step_feed_forward = fields.Bool("halfStepFeedForward");
  config->block_norm = fields.Bool("blockNorm");
  config->conv_kernel = fields.Integer("convKernel", 0, kMaxKernel);
  config->norm_epsilon = Epsilon(fields, "normEpsilon");
  config->span = fields.OneOf("span", kSpans);
  if (config->span != AttentionSpan::kFull) {
    config->left_frames = fields.Integer("leftFrames", 0, kMaxFrames);
  }
  if (config->span == AttentionSpan::kChunk) ReadChunks(fields, config);
  config->positions = fields.OneOf("positions", kPositions);
  if (config->positions == Positions::kRotary) {
    ReadRotary(fields, config->dim, config->heads, 2, &config->rotary_dims, &config->rotary_theta);
  }
  if (config->positions == Positions::kRelativeBias && config->span == AttentionSpan::kFull) {
    fields.Fail(Code::kModelUnsupported, "positions",
                "another choice: a relative bias needs a limited span");
  }
  if (config->positions == Positions::kRelativeBias && config->lookahead_frames > 0) {
    fields.Fail(Code::kModelUnsupported, "lookaheadFrames",
                "0: a relative bias ends with its chunks");
  }
  config->memory_position_scale = fields.Number("memoryPositionScale", -1e3, 1e3, /*absent=*/0);
  ReadLayers(fields, config);
  fields.Finish();
}

void ReadAlignmentHeads(Fields& decoder, DecoderConfig* config) {
  constexpr size_t kMaxAlignmentHeads = 256;
  for (const Json& pair : decoder.List("alignmentHeads", 0, kMaxAlignmentHeads)) {
    const std::string path = At(decoder, "alignmentHeads", config->alignment_heads.size());
    const auto part = [&](size_t index, int count) {
      return decoder.WholeNumber(pair.items()[index], path, 0, count - 1);
    };
    if (pair.items().size() != 2) {
      decoder.Fail(Code::kModelMalformed, "alignmentHeads", "a list of pairs [layer, head]");
      return;
    }
    config->alignment_heads.push_back({part(0, config->layers), part(1, config->heads)});
  }
}

void ReadDecoder(Fields fields, DecoderConfig* config) {
  config->dim = fields.Integer("dim", 1, kMaxDim);
  ReadHeads(fields, config->dim, &config->heads);
  config->feed_forward = fields.Integer("feedForward", 1, kMaxFeedForward);
  config->layers = fields.Integer("layers", 1, kMaxLayers);
  ReadRotary(fields, config->dim, config->heads, 0, &config->rotary_dims, &config->rotary_theta);
  config->norm_epsilon = Epsilon(fields, "normEpsilon");
  config->vocabulary = fields.Integer("vocabulary", 2, kMaxVocabulary);
  config->start_token = fields.Integer("startToken", 0, config->vocabulary - 1);
  config->end_token = fields.Integer("endToken", 0, config->vocabulary - 1);
  config->tokens_per_second = fields.Number("tokensPerSecond", 0.1, 100);
  ReadAlignmentHeads(fields, config);
  fields.Finish();
}

void ReadCtc(Fields fields, CtcConfig* config) {
  config->vocabulary = fields.Integer("vocabulary", 2, kMaxVocabulary);
  config->blank = fields.Integer("blank", 0, config->vocabulary - 1);
  fields.Finish();
}

void ReadTokenizer(Fields fields, int vocabulary, TokenizerConfig* config) {
  constexpr size_t kMaxSpecial = 4096;
  fields.OneOf("kind", kTokenizers);
  config->special = fields.Integers("special", 0, kMaxSpecial, 0, vocabulary - 1);
  std::sort(config->special.begin(), config->special.end());
  fields.Finish();
}

void ReadConfidence(Fields fields, ConfidenceConfig* config) {
  config->scale = fields.Number("scale", 0.01, 100);
  config->bias = fields.Number("bias", -100, 100);
  config->least = fields.Number("least", 0, 1, /*absent=*/0);
  fields.Finish();
}

}  // namespace

Result<Config> Config::FromDocument(const Json& document) {
  constexpr int kVersion = 1;  // ModelFile has refused any other
  constexpr size_t kMaxName = 128;
  Config config;
  Status status;
  Fields fields(document, "", &status);
  fields.Integer("version", kVersion, kVersion);
  config.name = fields.Text("name", kMaxName);
  config.sample_rate = fields.Integer("sampleRate", 8000, 48000);
  config.max_segment_seconds = fields.Number("maxSegmentSeconds", 0.1, 3600);
  ReadFrontEnd(fields.Object("frontEnd"), config.sample_rate, &config.front_end);
  ReadEncoder(fields.Object("encoder"), &config.encoder);
  config.output = fields.OneOf("output", kOutputs);
  int vocabulary = 0;
  if (config.output == OutputStage::kAttentionDecoder) {
    ReadDecoder(fields.Object("decoder"), &config.decoder);
    vocabulary = config.decoder.vocabulary;
  } else {
    ReadCtc(fields.Object("ctc"), &config.ctc);
    vocabulary = config.ctc.vocabulary;
    if (config.encoder.lookahead_frames > 0) {
      fields.Fail(Code::kModelUnsupported, "output",
                  "an attention decoder where encoder.lookaheadFrames is above 0");
    }
  }
  ReadTokenizer(fields.Object("tokenizer"), vocabulary, &config.tokenizer);
  if (fields.Has("confidence")) ReadConfidence(fields.Object("confidence"), &config.confidence);
  fields.Object("tensors");                       // read by ModelFile
  if (fields.Has("card")) fields.Object("card");  // free-form
  fields.Finish();
  if (!status.ok()) return status;
  return config;
}

}  // namespace parrotlet
