// Whole models through the C interface equal the golden files of another program, on any CPU.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "api/parrotlet.h"
#include "golden_files.h"

namespace parrotlet {
namespace {

struct Heard {
  std::string text;
  std::vector<float> memory;
};

// What a session says and holds after all of `audio`, as one segment.
void Hear(pl_session* session, const std::vector<float>& audio, Heard& heard) {
  pl_error error = {};
  const auto drain = [&] {
    for (pl_event event; pl_session_next_event(session, &event) == 1;) heard.text = event.text;
  };
  for (size_t begin = 0, consumed = 0; begin < audio.size(); begin += consumed, drain()) {
    ASSERT_EQ(
        pl_session_write(session, audio.data() + begin, audio.size() - begin, &consumed, &error), 0)
        << error.message;
  }
  for (int done = 0; done == 0; drain()) {
    ASSERT_EQ(pl_session_finish(session, &done, &error), 0) << error.message;
  }
  const float* memory = nullptr;
  size_t frames = 0, dim = 0;
  ASSERT_EQ(pl_session_memory(session, &memory, &frames, &dim), 0);
  heard.memory.assign(memory, memory + frames * dim);
}

TEST(Golden, WholeModelsHearWhatTheReferenceHears) {
  for (const char* name : {"tiny-conformer-relative", "tiny-conformer-sinusoidal"}) {
    const std::string folder = kGolden + name + "/";
    pl_error error = {};
    pl_model* model = nullptr;
    ASSERT_EQ(pl_model_load_file((folder + "model.safetensors").c_str(), 0, &model, &error), 0)
        << error.message;
    pl_session_options options = {};
    options.no_partials = options.no_pauses = options.keep_loops = options.no_words = 1;
    pl_session* session = nullptr;
    ASSERT_EQ(pl_session_open(model, &options, &session, &error), 0) << error.message;

    Heard heard;
    Hear(session, ReadFloats(kGolden + "waveform.f32"), heard);
    const Json golden = ReadJson(folder + "golden.json");
    EXPECT_EQ(heard.text, golden.Find("text")->string()) << name;
    EXPECT_LT(Distance(heard.memory, ReadFloats(folder + "memory.f32")), 1e-5) << name;
    pl_session_close(session);
    pl_model_free(model);
  }
}

}  // namespace
}  // namespace parrotlet
