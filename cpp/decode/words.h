// Tokens with times made into text and words.
#pragma once

#include <span>

#include "core/arena.h"
#include "decode/confidence.h"
#include "decode/token_decoder.h"
#include "decode/tokenizer.h"

namespace parrotlet {

struct Word {
  int text_begin = 0, text_bytes = 0;  // within the text, punctuation included
  double begin = 0, end = 0;           // seconds
  bool stable = false;
  float confidence = 0;  // of its spoken tokens
};

// The text of one segment, in memory laid out once.
class WordBuilder {
 public:
  void Bind(Arena& arena, int max_tokens, int max_piece_bytes);

  // Builds text and words of the decoder's tokens. Times are moved by `offset` seconds and kept
  // inside [offset, offset + length], in order, each word at least 20 ms long (the last ones even
  // where that passes the end); words of a decoder that knows no times all have the whole of that
  // span.
  void Build(const Tokenizer& tokenizer, const Confidence& confidence, const TokenDecoder& decoder,
             double offset, double length);

  std::string_view text() const { return {text_.bytes, size_t(text_.size)}; }
  int stable_bytes() const { return stable_bytes_; }
  std::span<const Word> words() const { return {words_, size_t(count_)}; }

  // Of all words; 0 where there are none.
  float MeanConfidence() const;

 private:
  bool AddWord(const Tokenizer& tokenizer, const Confidence& confidence,
               std::span<const Token> tokens, double offset);
  void PutInOrder(double offset, double length);

  TextBuffer text_;
  Word* words_ = nullptr;
  int count_ = 0, stable_bytes_ = 0;
};

}  // namespace parrotlet
