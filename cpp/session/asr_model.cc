#include "session/asr_model.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace parrotlet {
namespace {

// Appends ,"key":value to a JSON object under construction.
void Put(std::string& json, const char* key, const std::string& value) {
  json += ",\"";
  json += key;
  json += "\":";
  json += value;
}

std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", value);
  return text;
}

}  // namespace

Result<std::shared_ptr<const AsrModel>> AsrModel::Make(const ModelFile& file) {
  Result<Config> config = Config::FromDocument(file.document());
  if (!config.ok()) return config.status();
  const Result<const Kernels*> kernels = ChooseKernels();
  if (!kernels.ok()) return kernels.status();

  auto model = std::make_shared<AsrModel>();
  model->config_ = std::move(config.value());
  model->kernels_ = kernels.value();
  Status status;
  for (const bool counting : {true, false}) {
    Weights weights(file, model->arena_, model->kernels_->strip, counting);
    model->Load(weights);
    status = weights.Finish();
    if (status.ok() && counting) status = model->arena_.Allocate();
    if (!status.ok()) return status;
    model->matrices_ = weights.matrices();
  }

  const int vocabulary = model->config_.output == OutputStage::kCtc
                             ? model->config_.ctc.vocabulary
                             : model->config_.decoder.vocabulary;
  Result<Tokenizer> tokenizer =
      Tokenizer::Make(model->pieces_, vocabulary, model->config_.tokenizer.special);
  if (!tokenizer.ok()) return tokenizer.status();
  model->tokenizer_ = std::move(tokenizer.value());
  const Result<EncoderPlan> plan = model->encoder_.Plan(0, 0, model->config_.max_segment_seconds);
  if (!plan.ok()) return plan.status();
  model->Describe(file, plan.value());
  return std::shared_ptr<const AsrModel>(std::move(model));
}

void AsrModel::Load(Weights& weights) {
  encoder_.Load(weights, config_);
  if (config_.output == OutputStage::kCtc) {
    ctc_.Load(weights, config_.ctc, config_.encoder.dim);
  } else {
    decoder_.Load(weights, config_.decoder, config_.encoder.dim);
  }
  pieces_ = weights.Bytes("tokenizer.pieces");
}

void AsrModel::Describe(const ModelFile& file, const EncoderPlan& plan) {
  std::map<int, size_t> bits;
  size_t parameters = 0;
  for (const Tensor& tensor : file.tensors()) {
    if (tensor.is_bytes) continue;
    parameters += tensor.elements();
    bits[tensor.format.bits] += tensor.elements();
  }
  std::string by_bits = "{";
  for (const auto& [width, count] : bits) {
    if (by_bits.size() > 1) by_bits += ",";
    by_bits += JsonString(std::to_string(width));
    by_bits += ":";
    by_bits += std::to_string(count);
  }
  by_bits += "}";

  const double frame_ms = encoder_.frame_seconds() * 1000;
  std::string chunks = "[";
  for (const int frames : config_.encoder.chunk_choices) {
    if (chunks.size() > 1) chunks += ",";
    chunks += Number(frames * frame_ms);
  }
  chunks += "]";

  description_ = "{\"fileBytes\":" + std::to_string(file.file_bytes());
  Put(description_, "weightBytes", std::to_string(weight_bytes()));
  Put(description_, "parameters", std::to_string(parameters));
  Put(description_, "bits", by_bits);
  Put(description_, "target", JsonString(kernels_->target));
  Put(description_, "frameSeconds", Number(encoder_.frame_seconds()));
  Put(description_, "algorithmicDelayMs", Number(plan.delay_seconds * 1000));
  Put(description_, "chunkMs", chunks);
  Put(description_, "defaultChunkMs",
      Number(config_.encoder.span == AttentionSpan::kChunk ? config_.encoder.chunk_frames * frame_ms
                                                           : 0));
  Put(description_, "defaultLookAheadMs", Number(plan.lookahead_frames * frame_ms));
  const bool whole = encoder_.Plan(-1, 0, config_.max_segment_seconds).ok();
  Put(description_, "wholeSegments", whole ? "true" : "false");
  for (const auto& [key, value] : file.document().members()) {
    if (key != "tensors") Put(description_, key.c_str(), value.Dump());
  }
  description_ += "}";
}

}  // namespace parrotlet
