#include "decode/words.h"

#include <algorithm>

namespace parrotlet {
namespace {

constexpr double kShortestWord = 0.02;  // seconds

}  // namespace

void WordBuilder::Bind(Arena& arena, int max_tokens, int max_piece_bytes) {
  text_.capacity = max_tokens * (max_piece_bytes + 1);
  text_.bytes = arena.Take<char>(text_.capacity + 1);
  words_ = arena.Take<Word>(max_tokens);
}

void WordBuilder::Build(const Tokenizer& tokenizer, const Confidence& confidence,
                        const TokenDecoder& decoder, double offset, double length) {
  text_.size = count_ = stable_bytes_ = 0;
  const std::span<const Token> tokens = decoder.tokens();
  for (size_t begin = 0; begin < tokens.size();) {
    size_t end = begin + 1;
    while (end < tokens.size() && !tokenizer.BeginsWord(tokens[end].id)) ++end;
    if (AddWord(tokenizer, confidence, tokens.subspan(begin, end - begin), offset) &&
        int(end) <= decoder.stable()) {
      words_[count_ - 1].stable = true;
      stable_bytes_ = text_.size;
    }
    begin = end;
  }
  text_.bytes[text_.size] = '\0';
  if (decoder.timed()) {
    PutInOrder(offset, length);
    return;
  }
  for (int i = 0; i < count_; ++i) {
    words_[i].begin = offset;
    words_[i].end = offset + length;
  }
}

void WordBuilder::PutInOrder(double offset, double length) {
  double earliest = offset;
  const double latest = offset + length;
  for (int i = 0; i < count_; ++i) {
    Word& word = words_[i];
    word.begin = std::max(earliest, std::min(word.begin, latest));
    const double limit = i + 1 < count_ ? std::min(latest, words_[i + 1].begin) : latest;
    word.end = std::max(std::min(word.end, limit), word.begin + kShortestWord);
    earliest = word.end;
  }
}

// Whether the tokens have any text.
bool WordBuilder::AddWord(const Tokenizer& tokenizer, const Confidence& confidence,
                          std::span<const Token> tokens, double offset) {
  const int before = text_.size;
  for (const Token& token : tokens) tokenizer.AppendText(token.id, text_);
  const int begin = before + (before < text_.size && before > 0 && text_.bytes[before] == ' ');
  MakeValidUtf8(text_.bytes, begin, text_.size);
  if (begin == text_.size) {  // nothing but a word mark or special tokens
    text_.size = before;
    return false;
  }
  const auto spoken = [&](const Token& token) {
    return tokenizer.IsSpoken(token.id) && !tokenizer.IsSpecial(token.id);
  };
  auto first = std::find_if(tokens.begin(), tokens.end(), spoken);
  if (first == tokens.end()) first = tokens.begin();
  auto last = std::find_if(tokens.rbegin(), tokens.rend(), spoken);
  if (last == tokens.rend()) last = tokens.rbegin();
  float log_probability = 0;
  for (auto token = first; token != last.base(); ++token) log_probability += token->log_probability;

  Word& word = words_[count_++];
  word.text_begin = begin;
  word.text_bytes = text_.size - begin;
  word.begin = offset + first->begin;
  word.end = offset + last->end;
  word.stable = false;
  word.confidence = confidence.Of(log_probability);
  return true;
}

float WordBuilder::MeanConfidence() const {
  float sum = 0;
  for (const Word& word : words()) sum += word.confidence;
  return count_ == 0 ? 0 : sum / float(count_);
}

}  // namespace parrotlet
