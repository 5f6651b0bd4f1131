// Transcribes samples with the defaults of a session and prints the text, for programs that count
// what that takes:
//   parrotlet_transcribe MODEL SAMPLES     a file of float32 at the model's rate
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <vector>

#include "api/parrotlet.h"

namespace {

int Fail(const char* what, const pl_error& error) {
  std::fprintf(stderr, "%s: %s\n", what, error.message);
  return 1;
}

int PrintFinals(pl_session* session) {
  int events = 0;
  for (pl_event event; pl_session_next_event(session, &event) != 0; ++events) {
    if (event.type == 2) std::printf("%.*s\n", int(event.text_bytes), event.text);
  }
  return events;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: parrotlet_transcribe MODEL SAMPLES\n");
    return 1;
  }
  std::ifstream file(argv[2], std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  std::vector<float> samples(bytes.size() / sizeof(float));
  std::copy_n(bytes.begin(), samples.size() * sizeof(float),
              reinterpret_cast<char*>(samples.data()));

  pl_error error{};
  pl_model* model = nullptr;
  if (pl_model_load_file(argv[1], 0, &model, &error) != 0) return Fail(argv[1], error);
  pl_session* session = nullptr;
  const pl_session_options options{};
  if (pl_session_open(model, &options, &session, &error) != 0) return Fail("open", error);
  size_t at = 0;
  do {
    constexpr size_t kPiece = 1600;  // 100 ms, as from a microphone
    size_t taken = 0;
    const size_t count = std::min(kPiece, samples.size() - at);
    if (pl_session_write(session, samples.data() + at, count, &taken, &error) != 0) {
      return Fail("write", error);
    }
    at += taken;
  } while (PrintFinals(session) > 0 || at < samples.size());
  for (int done = 0; done == 0; PrintFinals(session)) {
    if (pl_session_finish(session, &done, &error) != 0) return Fail("finish", error);
  }
  pl_session_close(session);
  pl_model_free(model);
  return 0;
}
