// A session allocates when it is opened and never again: every allocation of this program is
// counted.
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>

#include "api/parrotlet.h"
#include "session/session_run.h"

namespace {
std::atomic<bool> counting = false;
std::atomic<size_t> allocations = 0;
std::atomic<size_t> allowed = SIZE_MAX;  // allocations that succeed while counting

// Whether the allocation may go on.
bool Count() { return !counting || ++allocations <= allowed; }
}  // namespace

#if defined(__SANITIZE_ADDRESS__)
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void*,
                                                                           size_t),
                                                         void (*on_free)(const volatile void*));

namespace {
const bool hooked =
    __sanitizer_install_malloc_and_free_hooks([](const volatile void*, size_t) { (void)Count(); },
                                              [](const volatile void*) {}) > 0;
}  // namespace
#else
extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);

void* malloc(size_t size) { return Count() ? __libc_malloc(size) : nullptr; }
void* calloc(size_t count, size_t size) { return Count() ? __libc_calloc(count, size) : nullptr; }
void* realloc(void* block, size_t size) { return Count() ? __libc_realloc(block, size) : nullptr; }
void* aligned_alloc(size_t alignment, size_t size) {
  return Count() ? __libc_memalign(alignment, size) : nullptr;
}
int posix_memalign(void** block, size_t alignment, size_t size) {
  *block = Count() ? __libc_memalign(alignment, size) : nullptr;
  return *block == nullptr ? ENOMEM : 0;
}
}
#endif

namespace parrotlet {
namespace {

// Allocations while `body` runs.
template <typename Body>
size_t CountIn(Body&& body) {
  allocations = 0;
  counting = true;
  body();
  counting = false;
  return allocations;
}

TEST(Allocation, IsNoticed) {
  EXPECT_EQ(CountIn([] {}), 0u);
  int* kept = nullptr;
  EXPECT_EQ(CountIn([&] { kept = new int(1); }), 1u);
  delete kept;
  EXPECT_EQ(CountIn([&] { kept = static_cast<int*>(std::malloc(16)); }), 1u);
  std::free(kept);
  EXPECT_EQ(CountIn([&] { kept = static_cast<int*>(std::aligned_alloc(64, 64)); }), 1u);
  std::free(kept);
}

TEST(Allocation, NoneBetweenOpenAndClose) {
  const Audio audio = Join({Babble(0.8, 1), Silence(1), Babble(3, 2)});
  Audio bad = {0, NAN};
  for (const Config& tiny : TinyConfigs()) {
    const auto model = MakeTiny(tiny, {4, 0});
    for (const int beam : {1, 4}) {
      for (const double rate : {16000.0, 44100.0}) {
        AsrOptions options;
        options.beam = beam;
        options.sample_rate = rate;
        options.max_segment_seconds = 2;
        options.second_pass = tiny.name == StreamingWaveform().name && beam == 1;
        SessionRun run(model, options);
        AsrSession& session = *run.session;
        const size_t bytes = session.state_bytes();
        size_t events = 0;
        const size_t made = CountIn([&] {
          AsrEvent event;
          for (int round = 0; round < 2; ++round) {
            for (size_t begin = 0; begin < audio.size();) {
              size_t consumed = 0;
              (void)session.Write(bad.data(), bad.size(), consumed);
              const size_t count = std::min<size_t>(audio.size() - begin, 3000);
              if (!session.Write(audio.data() + begin, count, consumed).ok()) break;
              begin += consumed;
              while (session.NextEvent(event)) ++events;
            }
            for (bool done = false; !done;) {
              (void)session.Finish(done);
              while (session.NextEvent(event)) ++events;
            }
            session.Reset();
          }
        });
        EXPECT_EQ(made, 0u) << tiny.name << ", beam " << beam << ", " << rate;
        EXPECT_GT(events, 1u) << tiny.name;
        EXPECT_EQ(session.state_bytes(), bytes);
      }
    }
  }
}

#if !defined(__SANITIZE_ADDRESS__)  // whose hooks cannot refuse
// Whichever allocation fails, the C interface says so and leaves nothing behind.
TEST(Allocation, AnyMayFail) {
  const std::vector<uint8_t> file = WriteTiny(StreamingWaveform(), {4, 0});
  pl_model* model = nullptr;
  pl_session* session = nullptr;
  const auto load = [&] { return pl_model_load_bytes(file.data(), file.size(), &model, nullptr); };
  const auto open = [&] { return pl_session_open(model, nullptr, &session, nullptr); };
  const auto try_all = [](auto&& call, auto&& untouched) {
    size_t failed = 0;
    for (size_t n = 0;; n += 1 + n / 20) {
      int code = -1;
      allowed = n;
      CountIn([&] { code = call(); });
      allowed = SIZE_MAX;
      if (code == 0) return failed;
      EXPECT_EQ(code, int(Code::kOutOfMemory)) << n;
      EXPECT_TRUE(untouched());
      ++failed;
    }
  };
  EXPECT_GT(try_all(load, [&] { return model == nullptr; }), 50u);
  EXPECT_GT(try_all(open, [&] { return session == nullptr; }), 5u);
  pl_session_close(session);
  pl_model_free(model);
}
#endif

}  // namespace
}  // namespace parrotlet
