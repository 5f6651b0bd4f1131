// Token ids to text, for vocabularies in the style of SentencePiece BPE with byte fallback.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/status.h"

namespace parrotlet {

// Text of bounded length in memory that its owner provides; what does not fit is dropped.
struct TextBuffer {
  char* bytes = nullptr;
  int capacity = 0;
  int size = 0;

  void Append(std::string_view text);
};

class Tokenizer {
 public:
  // `pieces` as in docs/model-format.md; must outlive this. `special` are ids below `vocabulary`.
  // kModelShape when there are not exactly `vocabulary` well-formed pieces.
  static Result<Tokenizer> Make(std::span<const uint8_t> pieces, int vocabulary,
                                std::span<const int> special);

  int vocabulary() const { return int(pieces_.size()); }
  bool IsSpecial(int id) const { return special_[id]; }

  // Whether the token begins a word (its piece starts with the word mark U+2581).
  bool BeginsWord(int id) const;

  // Whether the token has a letter or digit; those without (punctuation) take no time to say.
  bool IsSpoken(int id) const { return spoken_[id]; }

  // Appends the token's text; a word mark becomes a space unless `text` is empty or ends in one. A
  // byte token appends its byte; MakeValidUtf8 mends what such bytes may leave.
  void AppendText(int id, TextBuffer& text) const;

  int max_piece_bytes() const { return max_piece_bytes_; }

 private:
  std::vector<std::string_view> pieces_;
  std::vector<bool> special_;
  std::vector<bool> spoken_;
  int max_piece_bytes_ = 0;
};

// Replaces every byte of bytes[begin, end) that is not part of well-formed UTF-8 by '?'.
void MakeValidUtf8(char* bytes, int begin, int end);

}  // namespace parrotlet
