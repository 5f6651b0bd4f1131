// An attention decoder and its search, run over a memory of random frames.
#pragma once

#include <memory>
#include <vector>

#include "decode/attention_search.h"
#include "nn/layer_weights.h"
#include "nn/tiny_model.h"

namespace parrotlet {

inline constexpr int kFrames = 120;
inline constexpr double kFrameSeconds = 0.04;
inline constexpr int kStart = 1, kEnd = 2;

inline std::shared_ptr<const AsrModel> Model(uint32_t seed, WeightFormat format = {},
                                             Edit edit = {}) {
  return MakeTiny(StreamingWaveform(), format, seed, std::move(edit));
}

inline std::vector<float> RandomMemory(const AsrModel& model, uint64_t seed, int frames = kFrames) {
  return Random(seed).Floats(size_t(frames) * model.encoder().dim(), -1.5f, 1.5f);
}

// The network alone: scores of the next token after any tokens.
class Network {
 public:
  Network(const AsrModel& model, const Kernels& kernels, const std::vector<float>& memory,
          int max_tokens)
      : decoder_(model.decoder()), memory_(kernels, Needs(max_tokens), [&](Arena& arena) {
          decoder_.Bind(arena, state, kFrames, max_tokens, 1);
          logits_ = arena.Take<float>(size_t(decoder_.padded_vocabulary()));
        }) {
    decoder_.Reset(state);
    decoder_.Extend(state, memory_.work, memory.data(), int(memory.size()) / model.encoder().dim());
  }

  // Runs tokens [from, to) of `tokens` in one piece; the scores after the last.
  std::vector<float> Run(const std::vector<int>& tokens, size_t from, size_t to) {
    decoder_.Run(state, memory_.work, tokens.data() + from, int(to - from), int(from), 0, logits_);
    return {logits_, logits_ + decoder_.config().vocabulary};
  }

  AttentionDecoder::State state;

 private:
  WorkspaceNeeds Needs(int max_tokens) const {
    WorkspaceNeeds needs;
    decoder_.AddNeeds(needs, kFrames, max_tokens);
    return needs;
  }

  const AttentionDecoder& decoder_;
  float* logits_ = nullptr;
  LayerMemory memory_;
};

class Search {
 public:
  Search(std::shared_ptr<const AsrModel> model, int beam, bool keep_loops = false)
      : model_(std::move(model)),
        search(model_->decoder(), model_->tokenizer(), Options(beam, keep_loops)),
        memory_(Fastest(), Needs(), [&](Arena& arena) { search.Bind(arena); }) {
    search.Reset();
  }

  void Extend(const std::vector<float>& memory, int begin, int end) {
    const int dim = model_->encoder().dim();
    search.Extend(memory_.work, memory.data() + size_t(begin) * dim, end - begin);
  }
  void Update(bool final) { search.Update(memory_.work, final); }

  std::vector<int> Ids() const {
    std::vector<int> ids;
    for (const Token& token : search.tokens()) ids.push_back(token.id);
    return ids;
  }

  std::vector<int> Final(const std::vector<float>& memory) {
    search.Reset();
    Extend(memory, 0, int(memory.size()) / model_->encoder().dim());
    Update(true);
    return Ids();
  }

 private:
  std::shared_ptr<const AsrModel> model_;

 public:
  AttentionSearch search;

 private:
  static SearchOptions Options(int beam, bool keep_loops) {
    SearchOptions options;
    options.beam = beam;
    options.keep_loops = keep_loops;
    options.frame_seconds = kFrameSeconds;
    options.max_frames = kFrames;
    return options;
  }
  WorkspaceNeeds Needs() const {
    WorkspaceNeeds needs;
    search.AddNeeds(needs);
    return needs;
  }

  LayerMemory memory_;
};

}  // namespace parrotlet
