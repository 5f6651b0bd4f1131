// What a session may be asked for.
#pragma once

#include "core/status.h"
#include "model/config.h"

namespace parrotlet {

struct AsrOptions {
  double sample_rate = 0;  // Hz; 0: the model's
  int channels = 1;
  int chunk_frames = 0;            // 0: the model's; -1: the whole segment at once
  int lookahead_frames = 0;        // at a chunk's end, encoded again; 0: the model's; -1: none
  bool partials = true;            // false: decode only when a segment ends
  bool pauses = true;              // false: only a full segment or the end of input ends one
  double pause_seconds = 0.8;      // silence that ends a segment
  double least_pause_seconds = 0;  // what ends one that is nearly full; 0: 0.15
  double min_speech_seconds = 0;   // sound that makes a segment, with pauses; 0: 0.1, -1: any
  double max_segment_seconds = 0;  // 0: the model's
  double min_confidence = 0;       // of a segment's words in the mean; 0: the model's, -1: any
  int beam = 0;  // hypotheses; 0: kWholeBeam where a segment is searched as a whole, else 1
  bool keep_loops = false;
  bool second_pass = false;  // a segment that ends is encoded and decoded once more, as a whole
  bool words = true;         // false: words carry no times

  // Puts defaults in the place of 0 and -1, and checks what is not the resampler's or the encoder's
  // to check. kInvalidArgument if a number is out of its range.
  Status Resolve(const Config& config);
};

}  // namespace parrotlet
