#include "decode/tokenizer.h"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace parrotlet {
namespace {

constexpr std::string_view kWordMark = "\xE2\x96\x81";  // U+2581

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// The byte that "<0xHH>" stands for, or -1.
int ByteOf(std::string_view piece) {
  if (piece.size() != 6 || piece.substr(0, 3) != "<0x" || piece[5] != '>') return -1;
  const int high = HexDigit(piece[3]), low = HexDigit(piece[4]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// Any byte beyond ASCII counts as a letter, once the word mark is gone.
bool HasLetterOrDigit(std::string_view piece) {
  if (piece.starts_with(kWordMark)) piece.remove_prefix(kWordMark.size());
  if (const int byte = ByteOf(piece); byte >= 0) return byte >= 0x80 || std::isalnum(byte);
  return std::any_of(piece.begin(), piece.end(),
                     [](char c) { return uint8_t(c) >= 0x80 || std::isalnum(uint8_t(c)); });
}

// Bytes of the well-formed sequence that starts at `p`, or 0 (Unicode 15, table 3-7).
int SequenceLength(const uint8_t* p, const uint8_t* end) {
  const uint8_t lead = p[0];
  if (lead < 0x80) return 1;
  int length = 0;
  uint8_t low = 0x80, high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  }
  if (length == 0 || end - p < length || p[1] < low || p[1] > high) return 0;
  for (int i = 2; i < length; ++i) {
    if (p[i] < 0x80 || p[i] > 0xBF) return 0;
  }
  return length;
}

}  // namespace

void TextBuffer::Append(std::string_view text) {
  const int taken = std::min(int(text.size()), capacity - size);
  std::memcpy(bytes + size, text.data(), taken);
  size += taken;
}

Result<Tokenizer> Tokenizer::Make(std::span<const uint8_t> pieces, int vocabulary,
                                  std::span<const int> special) {
  Tokenizer tokenizer;
  size_t at = 0;
  while (at < pieces.size()) {
    const size_t length = pieces[at];
    if (at + 1 + length > pieces.size()) {
      return Status::Error(Code::kModelShape, "tensor 'tokenizer.pieces' ends inside piece %zu",
                           tokenizer.pieces_.size());
    }
    tokenizer.pieces_.emplace_back(reinterpret_cast<const char*>(pieces.data()) + at + 1, length);
    tokenizer.max_piece_bytes_ = std::max(tokenizer.max_piece_bytes_, int(length));
    at += 1 + length;
  }
  if (tokenizer.vocabulary() != vocabulary) {
    return Status::Error(Code::kModelShape,
                         "tensor 'tokenizer.pieces' holds %d pieces, the output has %d tokens",
                         tokenizer.vocabulary(), vocabulary);
  }
  for (std::string_view piece : tokenizer.pieces_) {
    tokenizer.spoken_.push_back(HasLetterOrDigit(piece));
  }
  tokenizer.special_.assign(vocabulary, false);
  for (const int id : special) tokenizer.special_[id] = true;
  return tokenizer;
}

bool Tokenizer::BeginsWord(int id) const { return pieces_[id].starts_with(kWordMark); }

void Tokenizer::AppendText(int id, TextBuffer& text) const {
  if (special_[id]) return;
  std::string_view piece = pieces_[id];
  if (const int byte = ByteOf(piece); byte >= 0) {
    const char c = char(byte);
    text.Append({&c, 1});
    return;
  }
  while (!piece.empty()) {
    if (piece.starts_with(kWordMark)) {
      if (text.size > 0 && text.bytes[text.size - 1] != ' ') text.Append(" ");
      piece.remove_prefix(kWordMark.size());
    } else {
      const size_t next = std::min(piece.find(kWordMark), piece.size());
      text.Append(piece.substr(0, next));
      piece.remove_prefix(next);
    }
  }
}

void MakeValidUtf8(char* bytes, int begin, int end) {
  auto* p = reinterpret_cast<uint8_t*>(bytes);
  for (int i = begin; i < end;) {
    const int length = SequenceLength(p + i, p + end);
    // A zero byte would end the text early for callers that read it as a C string.
    if (length == 0 || p[i] == 0) {
      p[i++] = '?';
    } else {
      i += length;
    }
  }
}

}  // namespace parrotlet
