// Error codes and the value every fallible function returns. The list of codes is closed and is the
// same in lib/errors.ts (a test compares them).
#pragma once

#include <cstdarg>
#include <cstdio>
#include <utility>

namespace parrotlet {

enum class Code : int {
  kOk = 0,
  kInvalidArgument,    // an argument is outside its documented range
  kPcmNonFinite,       // audio holds NaN or infinity
  kModelTruncated,     // the file ends before its header says
  kModelMalformed,     // the header is not the JSON it must be
  kModelVersion,       // a format version this build does not read
  kModelChecksum,      // the bytes are not those that were written
  kModelShape,         // a tensor is missing, superfluous, overlapping or of the wrong shape
  kModelUnsupported,   // a well-formed model asks for what this build does not have
  kModelTooLarge,      // a count or size is above its cap
  kTargetUnavailable,  // PARROTLET_TARGET names a target this build or CPU lacks
  kIoError,            // the operating system refused a read
  kOutOfMemory,
  kSessionFinished,  // audio after the end of input; reset() starts over
  kInternal,         // a defect of this library
};

// The code's name as JavaScript sees it, for example "MODEL_TRUNCATED".
inline constexpr const char* kCodeNames[] = {"OK",
                                             "INVALID_ARGUMENT",
                                             "PCM_NON_FINITE",
                                             "MODEL_TRUNCATED",
                                             "MODEL_MALFORMED",
                                             "MODEL_VERSION",
                                             "MODEL_CHECKSUM",
                                             "MODEL_SHAPE",
                                             "MODEL_UNSUPPORTED",
                                             "MODEL_TOO_LARGE",
                                             "TARGET_UNAVAILABLE",
                                             "IO_ERROR",
                                             "OUT_OF_MEMORY",
                                             "SESSION_FINISHED",
                                             "INTERNAL"};

// Success, or a code and a message that says what was expected, what came and what to do. Owns its
// text in place, so that making one never allocates.
struct [[nodiscard]] Status {
  Code code = Code::kOk;
  char message[320] = {};

  bool ok() const { return code == Code::kOk; }

  [[gnu::format(printf, 2, 3)]] static Status Error(Code code, const char* format, ...) {
    Status status;
    status.code = code;
    va_list args;
    va_start(args, format);
    std::vsnprintf(status.message, sizeof status.message, format, args);
    va_end(args);
    return status;
  }
};

// A value, or the reason there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Status status) : status_(status) {}

  bool ok() const { return status_.ok(); }
  const Status& status() const { return status_; }
  T& value() { return value_; }
  const T& value() const { return value_; }

 private:
  T value_{};
  Status status_;
};

}  // namespace parrotlet
