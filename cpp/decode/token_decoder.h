// What turns the encoder's memory of one segment into tokens: an attention decoder's search, or
// CTC.
#pragma once

#include <span>

#include "core/arena.h"
#include "nn/workspace.h"

namespace parrotlet {

// One token of a segment; when it was spoken, in seconds from the segment's start; and the log of
// the probability that the decoder gave it, of what it knew when the token became stable.
struct Token {
  int id = 0;
  float begin = 0, end = 0;
  float log_probability = 0;
};

class TokenDecoder {
 public:
  virtual ~TokenDecoder() = default;

  virtual void AddNeeds(WorkspaceNeeds& needs) const = 0;
  virtual void Bind(Arena& arena) = 0;

  // A new segment begins.
  virtual void Reset() = 0;

  // Adds frames [count][dim] to the memory.
  virtual void Extend(Workspace& work, const float* memory, int count) = 0;

  // Forgets all but the first `frames` frames.
  virtual void Truncate(int frames) = 0;

  // Brings the tokens up to date with the memory. Once `final`, all of them are stable.
  virtual void Update(Workspace& work, bool final) = 0;

  // The tokens after the last Update; the first stable() of them will not change any more.
  virtual std::span<const Token> tokens() const = 0;
  virtual int stable() const = 0;

  // Whether tokens carry times; where not, a word can only be placed somewhere in its segment.
  virtual bool timed() const = 0;

  // Most tokens that one segment can have.
  virtual int max_tokens() const = 0;
};

}  // namespace parrotlet
