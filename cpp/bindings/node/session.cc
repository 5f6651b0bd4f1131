// A session as JavaScript holds it, and the functions of the addon on it.
#include "bindings/node/session.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bindings/node/errors.h"
#include "bindings/node/events.h"
#include "bindings/node/handle.h"
#include "bindings/node/job.h"
#include "bindings/node/model.h"

namespace parrotlet::node {

namespace {

struct NativeSession {
  static constexpr napi_type_tag kTag = {0x3d60b7f25e9a4811, 0xb2c4870fd9163ae5};

  explicit NativeSession(size_t channels) : channels(channels) {}
  ~NativeSession() { pl_session_close(session); }
  size_t bytes() const { return pl_session_bytes(session); }
  NativeSession(const NativeSession&) = delete;
  NativeSession& operator=(const NativeSession&) = delete;

  pl_session* session = nullptr;
  const size_t channels;
  bool busy = false;  // a job is queued or runs; touched on the environment's thread only
};

using SharedSession = std::shared_ptr<NativeSession>;

// A call into a session: takes its time and the events it made.
class SessionJob : public Job {
 public:
  explicit SessionJob(SharedSession session) : session_(std::move(session)) {
    session_->busy = true;
  }

 protected:
  virtual int Step(pl_session* session, pl_error* error) = 0;

  bool done_ = false;
  std::vector<Event> events_;

 private:
  int Execute(pl_error* error) override {
    const auto start = std::chrono::steady_clock::now();
    const int code = Step(session_->session, error);
    seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return code;
  }

  void Finished() override { session_->busy = false; }

  Napi::Value Result(Napi::Env env) override {
    Napi::Object result = Napi::Object::New(env);
    result.Set("events", ToJs(env, events_));
    result.Set("done", done_);
    result.Set("seconds", seconds_);
    return result;
  }

  const SharedSession session_;
  double seconds_ = 0;
};

class WriteJob final : public SessionJob {
 public:
  WriteJob(SharedSession session, std::vector<float> samples)
      : SessionJob(session), channels_(session->channels), samples_(std::move(samples)) {}

 private:
  int Step(pl_session* session, pl_error* error) override {
    const float* next = samples_.data();
    size_t frames = samples_.size() / channels_;
    size_t events_before;
    do {
      size_t consumed = 0;
      const int code = pl_session_write(session, next, frames, &consumed, error);
      if (code != 0) return code;
      next += consumed * channels_;
      frames -= consumed;
      events_before = events_.size();
      Drain(session, &events_);
    } while (frames > 0 || events_.size() > events_before);
    return 0;
  }

  const size_t channels_;
  const std::vector<float> samples_;
};

// Ends the segment or the input, a step at a time.
class EndJob final : public SessionJob {
 public:
  using End = int (*)(pl_session*, int* done, pl_error*);
  EndJob(SharedSession session, End end) : SessionJob(std::move(session)), end_(end) {}

 private:
  int Step(pl_session* session, pl_error* error) override {
    int done = 0;
    const int code = end_(session, &done, error);
    if (code != 0) return code;
    Drain(session, &events_);
    done_ = done != 0;
    return 0;
  }

  const End end_;
};

class ResetJob final : public SessionJob {
 public:
  using SessionJob::SessionJob;

 private:
  int Step(pl_session* session, pl_error* error) override {
    return pl_session_reset(session, error);
  }
};

// The open session in `value`; when there is none, null, and an error is pending.
SharedSession SessionFrom(Napi::Value value) {
  const auto* handle = Handle<NativeSession>::From(value);
  if (!handle) {
    Throw(value.Env(), Code::kInvalidArgument, "Expected a session of this addon.");
  } else if (!handle->object) {
    Throw(value.Env(), Code::kInvalidArgument, "Expected an open session, but it was closed.");
  }
  return handle ? handle->object : nullptr;
}

// The same, but busy sessions are refused too: the engine serves one call at a time.
SharedSession IdleSessionFrom(Napi::Value value) {
  SharedSession session = SessionFrom(value);
  if (!session || !session->busy) return session;
  Throw(value.Env(), Code::kInvalidArgument,
        "Expected a session with no call in progress. Wait for the promise of the call before.");
  return nullptr;
}

// While its worker is being terminated JavaScript gives empty values, on which nothing may be
// called (a call is fatal); an exception is pending then.
double Number(const Napi::Object& options, const char* name) {
  const Napi::Value value = options.Get(name);
  if (value.IsEmpty()) return 0;
  const Napi::Number number = value.ToNumber();
  return number.IsEmpty() ? 0 : number.DoubleValue();
}

// What is beyond an int becomes its nearest, which no option allows.
int Integer(const Napi::Object& options, const char* name) {
  constexpr double kLow = std::numeric_limits<int>::min(), kHigh = std::numeric_limits<int>::max();
  const double number = Number(options, name);
  return std::isnan(number) ? 0 : static_cast<int>(std::clamp(number, kLow, kHigh));
}

int Flag(const Napi::Object& options, const char* name) {
  const Napi::Value value = options.Get(name);
  if (value.IsEmpty()) return 0;
  const Napi::Boolean flag = value.ToBoolean();
  return !flag.IsEmpty() && flag.Value() ? 1 : 0;
}

}  // namespace

// (model, options: BackendSessionOptions) -> session
Napi::Value SessionOpen(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  // Held, as reading the options may run JavaScript that closes the model.
  const std::shared_ptr<NativeModel> model = ModelFrom(info[0]);
  if (!model) return env.Undefined();
  if (!info[1].IsObject()) {
    return Throw(env, Code::kInvalidArgument, "Expected the options in an object.");
  }
  const auto in = info[1].As<Napi::Object>();
  pl_session_options options = {};
  options.sample_rate = Number(in, "sampleRate");
  options.channels = Integer(in, "channels");
  options.chunk_frames = Integer(in, "chunkFrames");
  options.no_partials = Flag(in, "noPartials");
  options.no_pauses = Flag(in, "noPauses");
  options.pause_seconds = Number(in, "pauseSeconds");
  options.least_pause_seconds = Number(in, "leastPauseSeconds");
  options.min_speech_seconds = Number(in, "minSpeechSeconds");
  options.min_confidence = Number(in, "minConfidence");
  options.max_segment_seconds = Number(in, "maxSegmentSeconds");
  options.beam = Integer(in, "beam");
  options.keep_loops = Flag(in, "keepLoops");
  options.no_words = Flag(in, "noWords");
  options.lookahead_frames = Integer(in, "lookAheadFrames");
  options.second_pass = Flag(in, "secondPass");
  if (env.IsExceptionPending()) return env.Undefined();

  pl_error error = {};
  const size_t channels = options.channels == 0 ? 1 : static_cast<size_t>(options.channels);
  auto opened = std::make_shared<NativeSession>(channels);
  if (pl_session_open(model->model, &options, &opened->session, &error) != 0) {
    return Throw(env, error);
  }
  return Handle<NativeSession>::Wrap(env, std::move(opened));
}

// (session) -> string
Napi::Value SessionDescribe(const Napi::CallbackInfo& info) {
  const SharedSession session = SessionFrom(info[0]);
  if (!session) return info.Env().Undefined();
  return Napi::String::New(info.Env(), pl_session_describe(session->session));
}

// (session, samples: Float32Array) -> Promise<StepResult>
Napi::Value SessionWrite(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  SharedSession session = IdleSessionFrom(info[0]);
  if (!session) return env.Undefined();
  if (!info[1].IsTypedArray() ||
      info[1].As<Napi::TypedArray>().TypedArrayType() != napi_float32_array) {
    return Throw(env, Code::kInvalidArgument, "Expected the samples in a Float32Array.");
  }
  const auto samples = info[1].As<Napi::Float32Array>();
  const size_t count = samples.ElementLength();
  if (count % session->channels != 0) {
    return Throw(env, Code::kInvalidArgument, "Expected whole frames, one sample per channel.");
  }
  // A copy, since JavaScript may change or detach the array while the job runs.
  std::vector<float> copy(samples.Data(), samples.Data() + count);
  return Job::Start(env, std::make_unique<WriteJob>(std::move(session), std::move(copy)));
}

// (session) -> Promise<StepResult>
Napi::Value SessionEndSegment(const Napi::CallbackInfo& info) {
  SharedSession session = IdleSessionFrom(info[0]);
  if (!session) return info.Env().Undefined();
  return Job::Start(info.Env(),
                    std::make_unique<EndJob>(std::move(session), pl_session_end_segment));
}

// (session) -> Promise<StepResult>
Napi::Value SessionFinish(const Napi::CallbackInfo& info) {
  SharedSession session = IdleSessionFrom(info[0]);
  if (!session) return info.Env().Undefined();
  return Job::Start(info.Env(), std::make_unique<EndJob>(std::move(session), pl_session_finish));
}

// (session) -> Promise<StepResult>
Napi::Value SessionReset(const Napi::CallbackInfo& info) {
  SharedSession session = IdleSessionFrom(info[0]);
  if (!session) return info.Env().Undefined();
  return Job::Start(info.Env(), std::make_unique<ResetJob>(std::move(session)));
}

// (session) -> {values: Float32Array, frames: number, dim: number}
Napi::Value SessionMemory(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const SharedSession session = IdleSessionFrom(info[0]);
  if (!session) return env.Undefined();
  const float* memory = nullptr;
  size_t frames = 0, dim = 0;
  const int code = pl_session_memory(session->session, &memory, &frames, &dim);
  if (code != 0) {
    return Throw(env, static_cast<Code>(code), "The encoder's output could not be read.");
  }
  Napi::Float32Array values = Napi::Float32Array::New(env, frames * dim);
  if (env.IsExceptionPending()) return env.Undefined();
  std::copy(memory, memory + frames * dim, values.Data());
  Napi::Object result = Napi::Object::New(env);
  result.Set("values", values);
  result.Set("frames", static_cast<double>(frames));
  result.Set("dim", static_cast<double>(dim));
  return result;
}

// (session) -> undefined
Napi::Value SessionObserve(const Napi::CallbackInfo& info) {
  const SharedSession session = IdleSessionFrom(info[0]);
  if (!session) return info.Env().Undefined();
  pl_error error = {};
  if (pl_session_observe(session->session, &error) != 0) return Throw(info.Env(), error);
  return info.Env().Undefined();
}

// (session, name: string) -> {values: Float32Array, inputs: number, rows: number}
Napi::Value SessionMoments(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const SharedSession session = IdleSessionFrom(info[0]);
  if (!session) return env.Undefined();
  if (!info[1].IsString()) return Throw(env, Code::kInvalidArgument, "Expected a tensor's name.");
  const std::string name = info[1].As<Napi::String>().Utf8Value();
  const float* moments = nullptr;
  size_t inputs = 0, rows = 0;
  pl_error error = {};
  if (pl_session_moments(session->session, name.c_str(), &moments, &inputs, &rows, &error) != 0) {
    return Throw(env, error);
  }
  Napi::Float32Array values = Napi::Float32Array::New(env, inputs * inputs);
  if (env.IsExceptionPending()) return env.Undefined();
  std::copy(moments, moments + inputs * inputs, values.Data());
  Napi::Object result = Napi::Object::New(env);
  result.Set("values", values);
  result.Set("inputs", static_cast<double>(inputs));
  result.Set("rows", static_cast<double>(rows));
  return result;
}

// (session) -> undefined
Napi::Value SessionClose(const Napi::CallbackInfo& info) {
  auto* handle = Handle<NativeSession>::From(info[0]);
  if (!handle) {
    return Throw(info.Env(), Code::kInvalidArgument, "Expected a session of this addon.");
  }
  handle->Close(info.Env());
  return info.Env().Undefined();
}

}  // namespace parrotlet::node
