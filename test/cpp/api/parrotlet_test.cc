#include "api/parrotlet.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <new>
#include <string>
#include <vector>

#include "core/version.h"
#include "session/session_run.h"

namespace parrotlet {
namespace {

struct Model {
  explicit Model(const std::vector<uint8_t>& file) {
    code = pl_model_load_bytes(file.data(), file.size(), &handle, &error);
  }
  ~Model() { pl_model_free(handle); }
  pl_model* handle = nullptr;
  pl_error error = {};
  int code = 0;
};

struct Session {
  explicit Session(pl_model* model, const pl_session_options* options = nullptr) {
    code = pl_session_open(model, options, &handle, &error);
  }
  ~Session() { pl_session_close(handle); }
  pl_session* handle = nullptr;
  pl_error error = {};
  int code = 0;
};

Json Parsed(const char* text) {
  const Result<Json> json = Json::Parse(text);
  EXPECT_TRUE(json.ok()) << text << ": " << json.status().message;
  return json.value();
}

bool Says(const pl_error& error, Code code, const char* text) {
  return error.code == int(code) && std::string(error.message).find(text) != std::string::npos;
}

TEST(Api, NamesEveryCode) {
  EXPECT_STREQ(pl_code_name(0), "OK");
  EXPECT_STREQ(pl_code_name(int(Code::kPcmNonFinite)), "PCM_NON_FINITE");
  EXPECT_STREQ(pl_code_name(int(Code::kModelShape)), "MODEL_SHAPE");
  EXPECT_STREQ(pl_code_name(int(Code::kSessionFinished)), "SESSION_FINISHED");
  EXPECT_STREQ(pl_code_name(int(Code::kInternal)), "INTERNAL");
  EXPECT_EQ(pl_code_name(int(Code::kInternal) + 1), nullptr);
  EXPECT_EQ(pl_code_name(-1), nullptr);
}

TEST(Api, DescribesTheRuntime) {
  const Json info = Parsed(pl_runtime_info());
  EXPECT_EQ(info.Find("version")->string(), kVersion);
  EXPECT_EQ(info.Find("targets")->items().size(), AllKernels().size());
  EXPECT_EQ(info.Find("targets")->items().back().string(), "scalar");
  EXPECT_EQ(info.Find("supported")->items().size(), SupportedKernels().size());
  EXPECT_EQ(info.Find("target")->string(), ChooseKernels().value()->target);
}

TEST(Api, DescribesAnUnknownForcedTarget) {
  const char* forced = std::getenv("PARROTLET_TARGET");
  const std::string before = forced == nullptr ? "" : forced;
  setenv("PARROTLET_TARGET", "abacus \"2\"", 1);
  const Json info = Parsed(pl_runtime_info());
  EXPECT_EQ(info.Find("forced")->string(), "abacus \"2\"");
  EXPECT_EQ(info.Find("target")->type(), Json::Type::kNull);
  EXPECT_NE(info.Find("error")->string().find("abacus"), std::string::npos);
  Model model(WriteTiny(StackedConformer()));
  EXPECT_TRUE(Says(model.error, Code::kTargetUnavailable, "abacus"));
  if (forced == nullptr) {
    unsetenv("PARROTLET_TARGET");
  } else {
    setenv("PARROTLET_TARGET", before.c_str(), 1);
  }
}

TEST(Api, DescribesModels) {
  const std::vector<uint8_t> file = WriteTiny(StreamingWaveform(), {4, 0});
  const Model model(file);
  ASSERT_EQ(model.code, 0) << model.error.message;
  const Json info = Parsed(pl_model_describe(model.handle));
  EXPECT_EQ(info.Find("name")->string(), "streaming-waveform");
  EXPECT_EQ(info.Find("fileBytes")->number(), double(file.size()));
  EXPECT_GT(info.Find("weightBytes")->number(), 10000);
  const Json& bits = *info.Find("bits");
  ASSERT_NE(bits.Find("4"), nullptr);
  EXPECT_EQ(bits.Find("4")->number() + bits.Find("32")->number(),
            info.Find("parameters")->number());
  EXPECT_NEAR(info.Find("frameSeconds")->number(), 0.02, 1e-12);
  EXPECT_NEAR(info.Find("algorithmicDelayMs")->number(), 73.75, 1e-9);
  ASSERT_EQ(info.Find("chunkMs")->items().size(), 3u);
  EXPECT_NEAR(info.Find("chunkMs")->items()[1].number(), 80, 1e-9);
  EXPECT_EQ(info.Find("tensors"), nullptr);
  EXPECT_NE(info.Find("encoder"), nullptr);
  EXPECT_EQ(Parsed(pl_model_describe(Model(WriteTiny(StackedConformer())).handle))
                .Find("chunkMs")
                ->items()
                .size(),
            0u);
}

TEST(Api, LoadsFromFilesAndRespectsTheirLimit) {
  const std::vector<uint8_t> bytes = WriteTiny(StackedConformer(), {8, 0});
  const auto path = std::filesystem::temp_directory_path() /
                    ("parrotlet-api-test-" + std::to_string(std::rand()) + ".model");
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
  pl_model* model = nullptr;
  pl_error error = {};
  EXPECT_EQ(pl_model_load_file(path.c_str(), 0, &model, &error), 0) << error.message;
  pl_model_free(model);
  model = nullptr;
  EXPECT_EQ(pl_model_load_file(path.c_str(), bytes.size() - 1, &model, &error),
            int(Code::kModelTooLarge));
  EXPECT_EQ(model, nullptr);
  std::filesystem::remove(path);
  EXPECT_EQ(pl_model_load_file(path.c_str(), 0, &model, &error), int(Code::kIoError));
}

TEST(Api, RefusesNullArguments) {
  pl_error error = {};
  pl_model* model = nullptr;
  pl_session* session = nullptr;
  size_t count = 0, dim = 0;
  int done = 0;
  const float* memory = nullptr;
  const float sample = 0;
  pl_event event = {};
  EXPECT_EQ(pl_model_load_file(nullptr, 0, &model, &error), 1);
  EXPECT_TRUE(Says(error, Code::kInvalidArgument, "path"));
  EXPECT_EQ(pl_model_load_file("x", 0, nullptr, &error), 1);
  EXPECT_EQ(pl_model_load_bytes(nullptr, 5, &model, &error), 1);
  EXPECT_TRUE(Says(error, Code::kInvalidArgument, "bytes"));
  EXPECT_EQ(pl_model_load_bytes(reinterpret_cast<const uint8_t*>("x"), 1, nullptr, &error), 1);
  EXPECT_EQ(pl_model_load_bytes(nullptr, 0, &model, &error), int(Code::kModelTruncated));
  EXPECT_EQ(pl_session_open(nullptr, nullptr, &session, &error), 1);
  EXPECT_TRUE(Says(error, Code::kInvalidArgument, "model"));
  EXPECT_EQ(pl_session_write(nullptr, &sample, 1, &count, &error), 1);
  EXPECT_EQ(pl_session_finish(nullptr, &done, &error), 1);
  EXPECT_EQ(pl_session_end_segment(nullptr, &done, &error), 1);
  EXPECT_EQ(pl_session_reset(nullptr, &error), 1);
  EXPECT_EQ(pl_session_next_event(nullptr, &event), 0);
  EXPECT_EQ(pl_session_memory(nullptr, &memory, &count, &dim), 1);
  EXPECT_STREQ(pl_model_describe(nullptr), "{}");
  EXPECT_STREQ(pl_session_describe(nullptr), "{}");
  EXPECT_EQ(pl_model_bytes(nullptr), 0u);
  EXPECT_EQ(pl_session_bytes(nullptr), 0u);
  pl_model_free(nullptr);
  pl_session_close(nullptr);

  const Model real(WriteTiny(StackedConformer()));
  EXPECT_EQ(pl_session_open(real.handle, nullptr, nullptr, &error), 1);
  const Session open(real.handle);
  EXPECT_EQ(pl_session_write(open.handle, nullptr, 1, &count, &error), 1);
  EXPECT_TRUE(Says(error, Code::kInvalidArgument, "samples"));
  EXPECT_EQ(pl_session_write(open.handle, &sample, 1, nullptr, &error), 1);
  EXPECT_EQ(pl_session_write(open.handle, nullptr, 0, &count, &error), 0);
  EXPECT_EQ(error.code, 0);
  EXPECT_EQ(pl_session_finish(open.handle, nullptr, &error), 1);
  EXPECT_EQ(pl_session_end_segment(open.handle, nullptr, &error), 1);
  EXPECT_EQ(pl_session_next_event(open.handle, nullptr), 0);
  EXPECT_EQ(pl_session_memory(open.handle, nullptr, &count, &dim), 1);
  // And without anywhere to put the error.
  EXPECT_EQ(pl_session_write(open.handle, nullptr, 1, &count, nullptr), 1);
}

TEST(Api, SaysWhatTheSessionSays) {
  const Audio audio = Join({Babble(1.5, 1), Silence(1.2), Babble(1, 2)});
  for (const Config& tiny : {StreamingWaveform(), StackedConformer()}) {
    const std::vector<uint8_t> file = WriteTiny(tiny);
    AsrOptions expected_options;
    expected_options.beam = 2;
    expected_options.max_segment_seconds = 3;
    SessionRun expected(MakeTiny(tiny), expected_options);
    expected.All(audio);

    const Model model(file);
    ASSERT_EQ(model.code, 0) << model.error.message;
    pl_session_options options = {};
    options.beam = 2;
    options.max_segment_seconds = 3;
    const Session session(model.handle, &options);
    ASSERT_EQ(session.code, 0) << session.error.message;
    std::vector<Said> said;
    size_t starts = 0;
    const auto drain = [&] {
      pl_event event;
      while (pl_session_next_event(session.handle, &event) == 1) {
        EXPECT_EQ(event.text[event.text_bytes], '\0');
        if (event.type == 3) {
          EXPECT_EQ(event.start, expected.starts[starts++].begin);
          continue;
        }
        said.push_back({event.type == 2,
                        event.segment,
                        event.revision,
                        std::string(event.text, event.text_bytes),
                        int(event.stable_bytes),
                        event.start,
                        event.end,
                        event.audio_processed,
                        {},
                        EventType(event.type),
                        EndReason(event.reason)});
        for (size_t i = 0; i < event.word_count; ++i) {
          const pl_word& word = event.words[i];
          said.back().words.push_back({int(word.text_begin), int(word.text_bytes), word.start,
                                       word.end, word.stable == 1, word.confidence});
        }
      }
    };
    pl_error error = {};
    for (size_t begin = 0; begin < audio.size();) {
      size_t consumed = 0;
      ASSERT_EQ(pl_session_write(session.handle, audio.data() + begin, audio.size() - begin,
                                 &consumed, &error),
                0);
      begin += consumed;
      drain();
    }
    for (int done = 0; done == 0; drain()) {
      ASSERT_EQ(pl_session_finish(session.handle, &done, &error), 0);
    }
    EXPECT_EQ(Describe(said), Describe(expected.said)) << tiny.name;
    EXPECT_EQ(starts, expected.starts.size());
    int done = 0;
    EXPECT_EQ(pl_session_end_segment(session.handle, &done, &error), int(Code::kSessionFinished));

    const float* memory = nullptr;
    size_t frames = 0, dim = 0;
    ASSERT_EQ(pl_session_memory(session.handle, &memory, &frames, &dim), 0);
    EXPECT_EQ(dim, 48u);
    EXPECT_EQ(frames * dim, expected.session->memory().size());
    EXPECT_EQ(Parsed(pl_session_describe(session.handle)).Find("channels")->number(), 1);

    size_t consumed = 0;
    EXPECT_EQ(pl_session_write(session.handle, audio.data(), 1, &consumed, &error),
              int(Code::kSessionFinished));
    EXPECT_EQ(pl_session_reset(session.handle, &error), 0);
    const float bad[] = {0, NAN};
    EXPECT_EQ(pl_session_write(session.handle, bad, 2, &consumed, &error),
              int(Code::kPcmNonFinite));
  }
}

TEST(Api, EndsSegmentsWhenAsked) {
  const Model model(WriteTiny(StackedConformer()));
  const Session session(model.handle);
  const Audio audio = Babble(1.2, 1);
  std::vector<int> reasons;
  const auto drain = [&] {
    pl_event event;
    while (pl_session_next_event(session.handle, &event) == 1) {
      if (event.type == 2) reasons.push_back(event.reason);
    }
  };
  for (int round = 0; round < 2; ++round) {
    for (size_t begin = 0, consumed = 0; begin < audio.size(); begin += consumed, drain()) {
      ASSERT_EQ(pl_session_write(session.handle, audio.data() + begin, audio.size() - begin,
                                 &consumed, nullptr),
                0);
    }
    for (int done = 0; done == 0; drain()) {
      ASSERT_EQ(pl_session_end_segment(session.handle, &done, nullptr), 0);
    }
  }
  EXPECT_EQ(reasons, (std::vector<int>{3, 3}));
}

TEST(Api, PassesEveryOption) {
  const Model model(WriteTiny(StreamingWaveform()));
  const auto code_of = [&](auto change) {
    pl_session_options options = {};
    change(options);
    return Session(model.handle, &options).code;
  };
  using Options = pl_session_options;
  EXPECT_EQ(code_of([](Options&) {}), 0);
  EXPECT_EQ(code_of([](Options& o) { o.sample_rate = 100; }), 1);
  EXPECT_EQ(code_of([](Options& o) { o.channels = 9; }), 1);
  EXPECT_EQ(code_of([](Options& o) { o.chunk_frames = 5; }), 1);
  EXPECT_EQ(code_of([](Options& o) { o.chunk_frames = -1; }), 0);
  EXPECT_EQ(code_of([](Options& o) { o.pause_seconds = 100; }), 1);
  EXPECT_EQ(code_of([](Options& o) { o.least_pause_seconds = 1; }), 1);
  EXPECT_EQ(code_of([](Options& o) { o.min_speech_seconds = 6; }), 1);
  EXPECT_EQ(code_of([](Options& o) { o.min_speech_seconds = -1; }), 0);
  EXPECT_EQ(code_of([](Options& o) { o.min_confidence = 1.5; }), 1);
  EXPECT_EQ(code_of([](Options& o) { o.min_confidence = -1; }), 0);
  EXPECT_EQ(code_of([](Options& o) { o.max_segment_seconds = 1; }), 1);
  EXPECT_EQ(code_of([](Options& o) { o.beam = 100; }), 1);
}

TEST(Api, ASessionKeepsItsModelAlive) {
  auto model = std::make_unique<Model>(WriteTiny(StackedConformer()));
  const Session session(model->handle);
  model.reset();
  const Audio audio = Babble(0.5);
  size_t consumed = 0;
  EXPECT_EQ(pl_session_write(session.handle, audio.data(), audio.size(), &consumed, nullptr), 0);
}

}  // namespace
}  // namespace parrotlet
