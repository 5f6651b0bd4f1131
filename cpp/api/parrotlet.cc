// The C interface over models and sessions: translates, catches, and nothing else.
#include "api/parrotlet.h"

#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include "core/version.h"
#include "session/asr_session.h"

using namespace parrotlet;

struct pl_model {
  std::shared_ptr<const AsrModel> model;
};

struct pl_session {
  std::unique_ptr<AsrSession> session;
  std::vector<pl_word> words;  // of the event last handed out; reserved for the longest segment
};

namespace {

constexpr size_t kDefaultMaxBytes = size_t(1) << 30;

int Report(const Status& status, pl_error* error) {
  if (error != nullptr) {
    error->code = int(status.code);
    static_assert(sizeof error->message == sizeof status.message);
    std::memcpy(error->message, status.message, sizeof status.message);
  }
  return int(status.code);
}

// Runs `body`, a function that returns a Status. Nothing is thrown on purpose, but the standard
// library may run out of memory.
template <typename Body>
int Guarded(pl_error* error, Body&& body) {
  try {
    return Report(body(), error);
  } catch (const std::bad_alloc&) {
    return Report(Status::Error(Code::kOutOfMemory, "not enough memory"), error);
  } catch (...) {
    return Report(Status::Error(Code::kInternal, "unexpected exception; please report it"), error);
  }
}

Status NullArgument(const char* name) {
  return Status::Error(Code::kInvalidArgument, "%s should not be null", name);
}

Status MakeModel(Result<ModelFile> file, pl_model** model) {
  if (!file.ok()) return file.status();
  Result<std::shared_ptr<const AsrModel>> made = AsrModel::Make(file.value());
  if (!made.ok()) return made.status();
  *model = new pl_model{std::move(made.value())};
  return {};
}

AsrOptions ToOptions(const pl_session_options& in) {
  AsrOptions out;
  out.sample_rate = in.sample_rate;
  if (in.channels != 0) out.channels = in.channels;
  out.chunk_frames = in.chunk_frames;
  out.lookahead_frames = in.lookahead_frames;
  out.partials = in.no_partials == 0;
  out.pauses = in.no_pauses == 0;
  if (in.pause_seconds != 0) out.pause_seconds = in.pause_seconds;
  out.least_pause_seconds = in.least_pause_seconds;
  out.min_speech_seconds = in.min_speech_seconds;
  out.min_confidence = in.min_confidence;
  out.max_segment_seconds = in.max_segment_seconds;
  out.beam = in.beam;
  out.keep_loops = in.keep_loops != 0;
  out.words = in.no_words == 0;
  out.second_pass = in.second_pass != 0;
  return out;
}

// Appends a list of names to a JSON text.
void AppendName(std::string& list, const char* name) {
  if (!list.empty()) list += ",";
  list += JsonString(name);
}

}  // namespace

extern "C" {

const char* pl_code_name(int code) {
  const int count = int(sizeof kCodeNames / sizeof kCodeNames[0]);
  return code >= 0 && code < count ? kCodeNames[code] : nullptr;
}

const char* pl_runtime_info(void) {
  static thread_local std::string info;
  try {
    std::string targets, supported;
    for (const Kernels* kernels : AllKernels()) {
      AppendName(targets, kernels->target);
      if (kernels->supported()) AppendName(supported, kernels->target);
    }
    const Result<const Kernels*> chosen = ChooseKernels();
    const char* forced = std::getenv("PARROTLET_TARGET");
    info = "{\"version\":" + JsonString(kVersion);
    info += ",\"target\":" + (chosen.ok() ? JsonString(chosen.value()->target) : "null");
    info += ",\"targets\":[" + targets + "],\"supported\":[" + supported + "]";
    info += ",\"forced\":" + (forced == nullptr ? "null" : JsonString(forced));
    info += ",\"error\":" + (chosen.ok() ? "null" : JsonString(chosen.status().message)) + "}";
  } catch (...) {
    return "{}";
  }
  return info.c_str();
}

int pl_model_load_file(const char* path, uint64_t max_bytes, pl_model** model, pl_error* error) {
  return Guarded(error, [&]() -> Status {
    if (path == nullptr) return NullArgument("path");
    if (model == nullptr) return NullArgument("model");
    return MakeModel(ModelFile::Read(path, max_bytes == 0 ? kDefaultMaxBytes : size_t(max_bytes)),
                     model);
  });
}

int pl_model_load_bytes(const uint8_t* bytes, size_t count, pl_model** model, pl_error* error) {
  return Guarded(error, [&]() -> Status {
    if (bytes == nullptr && count > 0) return NullArgument("bytes");
    if (model == nullptr) return NullArgument("model");
    return MakeModel(ModelFile::Parse(std::vector<uint8_t>(bytes, bytes + count)), model);
  });
}

const char* pl_model_describe(const pl_model* model) {
  return model == nullptr ? "{}" : model->model->description().c_str();
}

size_t pl_model_bytes(const pl_model* model) {
  return model == nullptr ? 0 : model->model->weight_bytes();
}

void pl_model_free(pl_model* model) { delete model; }

int pl_session_open(pl_model* model, const pl_session_options* options, pl_session** session,
                    pl_error* error) {
  return Guarded(error, [&]() -> Status {
    if (model == nullptr) return NullArgument("model");
    if (session == nullptr) return NullArgument("session");
    Result<std::unique_ptr<AsrSession>> opened =
        AsrSession::Open(model->model, options == nullptr ? AsrOptions{} : ToOptions(*options));
    if (!opened.ok()) return opened.status();
    auto made = std::make_unique<pl_session>();
    made->session = std::move(opened.value());
    made->words.resize(size_t(made->session->max_words()));
    *session = made.release();
    return {};
  });
}

int pl_session_write(pl_session* session, const float* samples, size_t frames, size_t* consumed,
                     pl_error* error) {
  return Guarded(error, [&]() -> Status {
    if (session == nullptr) return NullArgument("session");
    if (samples == nullptr && frames > 0) return NullArgument("samples");
    if (consumed == nullptr) return NullArgument("consumed");
    return session->session->Write(samples, frames, *consumed);
  });
}

int pl_session_end_segment(pl_session* session, int* done, pl_error* error) {
  return Guarded(error, [&]() -> Status {
    if (session == nullptr) return NullArgument("session");
    if (done == nullptr) return NullArgument("done");
    bool ended = false;
    const Status status = session->session->EndSegment(ended);
    *done = ended;
    return status;
  });
}

int pl_session_finish(pl_session* session, int* done, pl_error* error) {
  return Guarded(error, [&]() -> Status {
    if (session == nullptr) return NullArgument("session");
    if (done == nullptr) return NullArgument("done");
    bool finished = false;
    const Status status = session->session->Finish(finished);
    *done = finished;
    return status;
  });
}

int pl_session_reset(pl_session* session, pl_error* error) {
  return Guarded(error, [&]() -> Status {
    if (session == nullptr) return NullArgument("session");
    session->session->Reset();
    return {};
  });
}

int pl_session_next_event(pl_session* session, pl_event* event) {
  AsrEvent next;
  if (session == nullptr || event == nullptr || !session->session->NextEvent(next)) return 0;
  for (size_t i = 0; i < next.words.size(); ++i) {
    const Word& word = next.words[i];
    session->words[i] = {size_t(word.text_begin), size_t(word.text_bytes), word.begin, word.end,
                         word.stable ? 1 : 0,     word.confidence};
  }
  *event = {int(next.type),
            int(next.reason),
            next.segment,
            next.revision,
            next.text.data(),
            next.text.size(),
            size_t(next.stable_bytes),
            next.begin,
            next.end,
            session->words.data(),
            next.words.size(),
            next.audio_seconds};
  return 1;
}

int pl_session_memory(pl_session* session, const float** memory, size_t* frames, size_t* dim) {
  if (session == nullptr || memory == nullptr || frames == nullptr || dim == nullptr) {
    return int(Code::kInvalidArgument);
  }
  *dim = size_t(session->session->model().encoder().dim());
  *memory = session->session->memory().data();
  *frames = session->session->memory().size() / *dim;
  return 0;
}

int pl_session_observe(pl_session* session, pl_error* error) {
  return Guarded(error, [&]() -> Status {
    if (session == nullptr) return NullArgument("session");
    if (!session->session->Observe().empty()) return {};
    return Status::Error(Code::kInvalidArgument,
                         "the model should hold float32 matrices, but all are quantized; observe "
                         "the float model that it was made of");
  });
}

int pl_session_moments(pl_session* session, const char* name, const float** moments, size_t* inputs,
                       size_t* rows, pl_error* error) {
  return Guarded(error, [&]() -> Status {
    if (session == nullptr) return NullArgument("session");
    if (name == nullptr) return NullArgument("name");
    if (moments == nullptr || inputs == nullptr || rows == nullptr) return NullArgument("result");
    LinearObserver* observer = session->session->observer();
    const auto* found = observer == nullptr ? nullptr : observer->Find(name);
    if (found == nullptr) {
      return Status::Error(Code::kInvalidArgument, "'%s' should be a float32 matrix %s", name,
                           observer == nullptr ? "of a session that observes" : "of the model");
    }
    *moments = found->sums.data();
    *inputs = size_t(found->inputs());
    *rows = found->rows;
    return {};
  });
}

const char* pl_session_describe(const pl_session* session) {
  return session == nullptr ? "{}" : session->session->description().c_str();
}

size_t pl_session_bytes(const pl_session* session) {
  return session == nullptr ? 0 : session->session->state_bytes();
}

void pl_session_close(pl_session* session) { delete session; }

}  // extern "C"
