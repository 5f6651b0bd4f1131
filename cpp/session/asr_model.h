// A speech recognition model in memory: weights packed for this CPU, shared by all its sessions and
// never changed.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/arena.h"
#include "decode/ctc_greedy.h"
#include "decode/tokenizer.h"
#include "kernels/kernels.h"
#include "model/config.h"
#include "model/model_file.h"
#include "nn/attention_decoder.h"
#include "nn/encoder.h"

namespace parrotlet {

class AsrModel {
 public:
  // Packs the weights of a parsed file. Errors: those of Config, kModelShape, kTargetUnavailable,
  // kOutOfMemory.
  static Result<std::shared_ptr<const AsrModel>> Make(const ModelFile& file);

  const Config& config() const { return config_; }
  const Kernels& kernels() const { return *kernels_; }
  const Encoder& encoder() const { return encoder_; }
  const Tokenizer& tokenizer() const { return *tokenizer_; }
  const AttentionDecoder& decoder() const { return decoder_; }  // kAttentionDecoder
  const CtcOutput& ctc() const { return ctc_; }                 // kCtc

  // Every weight matrix, by the name it has in the file.
  const std::vector<NamedMatrix>& matrices() const { return matrices_; }

  // Memory of the packed weights.
  size_t weight_bytes() const { return arena_.bytes(); }

  // JSON for users; pl_model_describe says what it holds.
  const std::string& description() const { return description_; }

 private:
  void Load(Weights& weights);
  void Describe(const ModelFile& file, const EncoderPlan& plan);

  Config config_;
  const Kernels* kernels_ = nullptr;
  Arena arena_;
  Encoder encoder_;
  AttentionDecoder decoder_;
  CtcOutput ctc_;
  std::vector<NamedMatrix> matrices_;
  std::span<const uint8_t> pieces_;
  std::optional<Tokenizer> tokenizer_;
  std::string description_;
};

}  // namespace parrotlet
