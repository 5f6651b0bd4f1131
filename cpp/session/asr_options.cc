#include "session/asr_options.h"

#include <algorithm>

#include "decode/attention_search.h"

namespace parrotlet {
namespace {

constexpr double kLeastPauseSeconds = 0.15;
constexpr double kMinSpeechSeconds = 0.1;
constexpr double kShortestLimitSeconds = 2;  // of maxSegmentSeconds

Status CheckRange(const char* name, double value, double low, double high) {
  if (value >= low && value <= high) return {};
  return Status::Error(Code::kInvalidArgument, "%s should be from %g to %g, not %g", name, low,
                       high, value);
}

void Default(double& option, double value) {
  if (option == 0) option = value;
  if (option == -1) option = 0;
}

}  // namespace

Status AsrOptions::Resolve(const Config& config) {
  const double longest = config.max_segment_seconds;
  const double shortest = std::min(kShortestLimitSeconds, longest);
  if (sample_rate == 0) sample_rate = config.sample_rate;
  if (max_segment_seconds == 0) max_segment_seconds = config.max_segment_seconds;
  if (least_pause_seconds == 0) least_pause_seconds = std::min(kLeastPauseSeconds, pause_seconds);
  Default(min_speech_seconds, kMinSpeechSeconds);
  Default(min_confidence, config.confidence.least);
  for (const Status& status :
       {CheckRange("beam", beam == 0 ? 1 : beam, 1, kMaxBeam),
        CheckRange("pauseSeconds", pause_seconds, 0.1, 10),
        CheckRange("leastPauseSeconds", least_pause_seconds, 0.05, pause_seconds),
        CheckRange("maxSegmentSeconds", max_segment_seconds, shortest, longest),
        CheckRange("minSpeechSeconds", min_speech_seconds, 0, std::min(5.0, max_segment_seconds)),
        CheckRange("minConfidence", min_confidence, 0, 1)}) {
    if (!status.ok()) return status;
  }
  return {};
}

}  // namespace parrotlet
