// Beam search of AttentionSearch: keeps the most probable hypotheses and compares ended ones by
// their mean log probability per token.
#include <algorithm>
#include <cmath>
#include <limits>

#include "decode/attention_search.h"

namespace parrotlet {

void AttentionSearch::Beam(Workspace& work, int limit) {
  const int prefix = hypotheses_[0].count;
  for (Hypothesis& hypothesis : std::span(hypotheses_, beam_)) hypothesis.live = false;
  hypotheses_[0].live = true;
  Predict(work, 0, 0);
  EndStableWord(hypotheses_[0].logits);
  // Hypotheses are compared by their probabilities among what may follow the stable tokens.
  const int vocabulary = decoder_.config().vocabulary;
  hypotheses_[0].score =
      double(hypotheses_[0].total) - work.kernels->log_sum_exp(hypotheses_[0].logits, vocabulary);

  int ended = 0;
  finished_.score = -std::numeric_limits<double>::infinity();
  finished_.count = prefix;  // should no continuation be a number
  finished_.CopyText(hypotheses_[0], prefix);
  for (int count = prefix; ended < beam_; ++count) {
    const int candidates = Candidates(work);
    ended += KeepEnded(candidates, count, prefix, count >= limit);
    if (count >= limit || !Advance(work, candidates, count)) break;
  }

  Hypothesis& best = hypotheses_[0];
  best.CopyText(finished_, finished_.count);
  best.count = prefix;
  while (best.count < finished_.count) {
    ++best.count;
    if (CutLoop(best)) break;
  }
  // Once more, for the winner's alignment.
  decoder_.Run(state_, work, best.ids, best.count + 1, 0, 0, nullptr);
}

// The best continuations of every live hypothesis, best first; returns how many.
int AttentionSearch::Candidates(Workspace& work) {
  const int vocabulary = decoder_.config().vocabulary;
  int count = 0;
  for (int slot = 0; slot < beam_; ++slot) {
    Hypothesis& hypothesis = hypotheses_[slot];
    if (!hypothesis.live) continue;
    // One more than the beam: the end token may be among them.
    for (int i = 0; i <= beam_; ++i) {
      const int token = work.kernels->argmax(hypothesis.logits, vocabulary);
      const float log_probability = hypothesis.logits[token] - hypothesis.total;
      const double score = hypothesis.score + log_probability;
      // A small vocabulary is used up, or the network's numbers are out of range: NaN would upset
      // the order below.
      if (!std::isfinite(score)) break;
      candidates_[count++] = {slot, token, score, log_probability};
      hypothesis.logits[token] = -std::numeric_limits<float>::infinity();
    }
  }
  // std::sort, because a stable sort would allocate; ties are settled by place.
  std::sort(candidates_, candidates_ + count, [](const Candidate& a, const Candidate& b) {
    if (a.score != b.score) return a.score > b.score;
    return a.parent != b.parent ? a.parent < b.parent : a.token < b.token;
  });
  return count;
}

// Remembers the best hypothesis that ends here; returns how many did. `all`: every one ends,
// because no more tokens are allowed.
int AttentionSearch::KeepEnded(int candidates, int count, int prefix, bool all) {
  int ended = 0;
  for (int i = 0; i < std::min(candidates, beam_); ++i) {
    const Candidate& candidate = candidates_[i];
    if (!all && candidate.token != decoder_.config().end_token) continue;
    ++ended;
    const double score = candidate.score / (count - prefix + 1);
    if (score <= finished_.score) continue;
    const Hypothesis& parent = hypotheses_[candidate.parent];
    finished_.score = score;
    finished_.count = count;
    finished_.CopyText(parent, count);
  }
  return ended;
}

// Makes the best candidates that go on the new live hypotheses and runs them one token further.
bool AttentionSearch::Advance(Workspace& work, int candidates, int count) {
  Candidate chosen[kMaxBeam];
  int chosen_count = 0;
  for (int i = 0; i < candidates && chosen_count < beam_; ++i) {
    if (candidates_[i].token != decoder_.config().end_token)
      chosen[chosen_count++] = candidates_[i];
  }

  // A parent's first child takes its place; the others move into places that died or are free.
  bool taken[kMaxBeam] = {};
  int slot_of[kMaxBeam];
  for (int i = 0; i < chosen_count; ++i) {
    const bool first = !taken[chosen[i].parent];
    slot_of[i] = first ? chosen[i].parent : -1;
    if (first) taken[chosen[i].parent] = true;
  }
  for (int i = 0; i < chosen_count; ++i) {
    if (slot_of[i] >= 0) continue;
    const int slot = int(std::find(taken, taken + beam_, false) - taken);
    taken[slot] = true;
    slot_of[i] = slot;
    const Hypothesis& parent = hypotheses_[chosen[i].parent];
    hypotheses_[slot].CopyText(parent, count);
    decoder_.CopyHypothesis(state_, chosen[i].parent, slot, count + 1);
  }
  for (int slot = 0; slot < beam_; ++slot) hypotheses_[slot].live = taken[slot];
  for (int i = 0; i < chosen_count; ++i) {
    Hypothesis& hypothesis = hypotheses_[slot_of[i]];
    hypothesis.count = count;
    hypothesis.Append(chosen[i].token, chosen[i].log_probability);
    hypothesis.score = chosen[i].score;
    Predict(work, count + 1, slot_of[i]);
  }
  return chosen_count > 0;
}

}  // namespace parrotlet
