// The pause detector on made-up speech, noise and silence, and for the property that chunk
// boundaries leave no trace.
#include "audio/pause_detector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>
#include <vector>

#include "random_cuts.h"

namespace parrotlet {
namespace {

constexpr int kRate = 16000;
using Audio = std::vector<float>;

float Amplitude(double db) { return float(std::pow(10, db / 20)); }

Audio Silence(double seconds) { return Audio(size_t(seconds * kRate)); }

// White noise of `db` dBFS.
Audio Noise(double seconds, double db) {
  std::mt19937 random(11);
  std::normal_distribution<float> normal(0, Amplitude(db));
  Audio out(size_t(seconds * kRate));
  for (float& x : out) x = normal(random);
  return out;
}

Audio Sine(double seconds, double hz, double db) {
  Audio out(size_t(seconds * kRate));
  for (size_t n = 0; n < out.size(); ++n) {
    out[n] = Amplitude(db) *
             float(std::numbers::sqrt2 * std::sin(2 * std::numbers::pi * hz * double(n) / kRate));
  }
  return out;
}

// Something like speech, of about `db` dBFS: harmonics of 140 Hz that fall off by 1 / h, in
// syllables of 200 ms with closures of 50 ms between them.
Audio Speech(double seconds, double db) {
  Audio out(size_t(seconds * kRate));
  for (size_t n = 0; n < out.size(); ++n) {
    const double t = double(n) / kRate, syllable = std::fmod(t, 0.25);
    if (syllable >= 0.2) continue;
    double sum = 0;
    for (int h = 1; h <= 40; ++h) sum += std::sin(2 * std::numbers::pi * 140 * h * t + h * h) / h;
    out[n] = Amplitude(db) * float(1.6 * std::sin(std::numbers::pi * syllable / 0.2) * sum);
  }
  return out;
}

Audio Join(std::initializer_list<Audio> parts) {
  Audio out;
  for (const Audio& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

Audio Mix(Audio a, const Audio& b) {
  for (size_t n = 0; n < a.size(); ++n) a[n] += b[n];
  return a;
}

struct DetectorUnderTest {
  explicit DetectorUnderTest(const Kernels& kernels = *AllKernels().back()) {
    EXPECT_TRUE(detector.Configure(kernels).ok());
    EXPECT_TRUE(arena.Build([&](Arena& a) { detector.Bind(a); }).ok());
  }

  void Push(const float* samples, size_t count) {
    while (count > 0) {
      const int64_t before = detector.frames();
      const size_t taken = detector.Push(samples, count);
      ASSERT_GT(taken, 0u);
      ASSERT_LE(taken, count);
      samples += taken;
      count -= taken;
      if (detector.frames() == before) continue;
      ASSERT_EQ(detector.frames(), before + 1);
      speech.push_back(detector.speech());
      energy.push_back(detector.energy_db());
    }
  }
  void Push(const Audio& audio) { Push(audio.data(), audio.size()); }

  // Frames with speech in [begin, end), in seconds.
  int SpeechFrames(double begin, double end) const {
    int count = 0;
    for (size_t f = size_t(begin * 100); f < size_t(end * 100); ++f) count += speech.at(f);
    return count;
  }

  Arena arena;
  PauseDetector detector;
  std::vector<bool> speech;
  std::vector<float> energy;
};

TEST(PauseDetector, AnyCuttingGivesTheSameBits) {
  const Audio audio =
      Mix(Join({Silence(0.7), Speech(2, -25), Silence(1), Speech(1.003, -30)}), Noise(4.703, -55));
  DetectorUnderTest whole;
  whole.Push(audio);
  EXPECT_EQ(whole.detector.frames(), int64_t(audio.size() / PauseDetector::kFrameSamples));
  for (uint32_t seed = 0; seed < 20; ++seed) {
    DetectorUnderTest cut;
    InRandomCuts(audio.size(), seed,
                 [&](size_t begin, size_t count) { cut.Push(&audio[begin], count); });
    ASSERT_EQ(cut.speech, whole.speech) << seed;
    ASSERT_EQ(cut.energy, whole.energy) << seed;
  }
}

TEST(PauseDetector, EveryTargetGivesTheSameBits) {
  const Audio audio = Mix(Join({Silence(0.7), Speech(2, -25), Silence(1)}), Noise(3.7, -55));
  DetectorUnderTest want;
  want.Push(audio);
  for (const Kernels* kernels : AllKernels()) {
    if (!kernels->supported()) continue;
    DetectorUnderTest got(*kernels);
    got.Push(audio);
    EXPECT_EQ(got.speech, want.speech) << kernels->target;
    EXPECT_EQ(got.energy, want.energy) << kernels->target;
  }
}

TEST(PauseDetector, ResetForgetsEverything) {
  const Audio audio = Mix(Join({Silence(0.5), Speech(1, -25)}), Noise(1.5, -60));
  DetectorUnderTest test;
  test.Push(audio);
  const std::vector<bool> first = test.speech;
  test.Push(Noise(3.005, -30));
  test.detector.Mark(100);
  test.detector.Reset();
  EXPECT_EQ(test.detector.frames(), 0);
  EXPECT_EQ(test.detector.trailing_silence_frames(), 0);
  EXPECT_FALSE(test.detector.has_speech());
  test.speech.clear();
  test.Push(audio);
  EXPECT_EQ(test.speech, first);
}

TEST(PauseDetector, DigitalSilenceIsNoSpeech) {
  DetectorUnderTest test;
  test.Push(Silence(10));
  EXPECT_EQ(test.SpeechFrames(0, 10), 0);
  EXPECT_EQ(test.detector.trailing_silence_frames(), 1000);
  EXPECT_FALSE(test.detector.has_speech());
  for (const float db : test.energy) EXPECT_NEAR(db, -100, 1e-3);
}

TEST(PauseDetector, EnergyIsTheMeanSquareInDecibels) {
  for (const double hz : {300.0, 1000.0, 5000.0}) {
    DetectorUnderTest test;
    test.Push(Sine(1, hz, -23));
    for (size_t f = 2; f < test.energy.size(); ++f) EXPECT_NEAR(test.energy[f], -23, 0.3) << hz;
  }
}

TEST(PauseDetector, SteadyNoiseIsNoSpeechOnceItIsKnown) {
  for (const double db : {-70.0, -55.0, -40.0, -32.0}) {
    DetectorUnderTest test;
    test.Push(Noise(20, db));
    EXPECT_EQ(test.SpeechFrames(1.1, 20), 0) << db;
  }
}

TEST(PauseDetector, FindsSpeechAndPausesAtEveryLevel) {
  struct Case {
    double speech_db, noise_db;
  };
  for (const Case c : {Case{-10, -200},
                       {-25, -200},
                       {-45, -200},
                       {-45, -75},
                       {-25, -60},
                       {-20, -40},
                       {-25, -40}}) {
    DetectorUnderTest test;
    // Speech from 2.0 to 4.0, 4.6 to 6.6 and 7.6 to 8.6 seconds, each ending in a closure of 50 ms.
    test.Push(Mix(Join({Silence(2), Speech(2, c.speech_db), Silence(0.6), Speech(2, c.speech_db),
                        Silence(1), Speech(1, c.speech_db), Silence(2)}),
                  Noise(10.6, c.noise_db)));
    const auto name = ::testing::Message() << c.speech_db << " in " << c.noise_db;
    SCOPED_TRACE(name);
    EXPECT_EQ(test.SpeechFrames(1.2, 2.0), 0);
    for (const double begin : {2.0, 4.6, 7.6}) EXPECT_GT(test.SpeechFrames(begin, begin + 0.12), 0);
    for (const double end : {4.0, 6.6, 8.6}) {
      EXPECT_EQ(test.SpeechFrames(end + 0.15, end + 0.6), 0);
      EXPECT_GT(test.SpeechFrames(end - 0.2, end - 0.05), 0);
    }
    // No closure between syllables looks like a pause.
    int silent = 0, longest = 0;
    for (size_t f = 215; f < 395; ++f) {
      silent = test.speech[f] ? 0 : silent + 1;
      longest = std::max(longest, silent);
    }
    EXPECT_LE(longest, 15);
    EXPECT_NEAR(test.detector.trailing_silence_frames(), 195, 12);
  }
}

TEST(PauseDetector, HearsSpeechThatIsThereFromTheFirstSample) {
  for (const double db : {-10.0, -25.0}) {
    DetectorUnderTest test;
    test.Push(Mix(Speech(3, db), Noise(3, db - 30)));
    EXPECT_GT(test.SpeechFrames(0, 0.15), 5) << db;
    EXPECT_GT(test.SpeechFrames(0, 3), 200) << db;
  }
}

TEST(PauseDetector, SpeechAfterAMutedLineIsHeard) {
  DetectorUnderTest test;
  Audio speech = Speech(2.1, -25);
  speech.erase(speech.begin(), speech.begin() + kRate / 10);  // begins at the height of a syllable
  test.Push(Join({Noise(3, -50), Silence(8), speech, Silence(0.6)}));
  EXPECT_EQ(test.SpeechFrames(3.1, 11), 0);
  EXPECT_GT(test.SpeechFrames(11, 11.1), 6);
  EXPECT_GT(test.SpeechFrames(11, 13), 110);
  EXPECT_EQ(test.SpeechFrames(13.15, 13.6), 0);
}

TEST(PauseDetector, ShortMutingDoesNotPassForTheNoiseLevel) {
  DetectorUnderTest test;
  test.Push(Join({Noise(3, -45), Silence(1), Noise(3, -45)}));
  EXPECT_EQ(test.SpeechFrames(1.1, 7), 0);
}

TEST(PauseDetector, ClicksAndHumAreNoSpeech) {
  Audio audio = Mix(Join({Silence(4), Sine(4, 50, -40)}), Noise(8, -65));
  for (const size_t at : {30000, 40000, 48123}) audio[at] += 0.3f;
  DetectorUnderTest test;
  test.Push(audio);
  EXPECT_EQ(test.SpeechFrames(1.1, 8), 0);
}

TEST(PauseDetector, SamplesFarOutOfRangeDoNoLastingHarm) {
  DetectorUnderTest test;
  Audio audio = Noise(10, -60);
  audio[40000] = 3e38f;
  audio[40001] = -3e38f;
  test.Push(audio);
  for (const float db : test.energy) ASSERT_TRUE(std::isfinite(db));
  EXPECT_EQ(test.SpeechFrames(3, 10), 0);
}

TEST(PauseDetector, AMarkAsksOnlyForSpeechFromThereOn) {
  DetectorUnderTest test;
  test.Push(Mix(Join({Silence(2), Speech(1, -25), Silence(2)}), Noise(5, -65)));
  const PauseDetector& detector = test.detector;
  EXPECT_TRUE(detector.has_speech());
  const int64_t first = detector.FirstSpeech(110);
  EXPECT_NEAR(first, 203, 5);
  const int64_t last = detector.frames() - 1 - detector.trailing_silence_frames();
  EXPECT_EQ(detector.FirstSpeech(last), last);
  EXPECT_EQ(detector.FirstSpeech(last + 1), detector.frames());
  EXPECT_EQ(detector.FirstSpeech(10000), detector.frames());
  test.detector.Mark(last);
  EXPECT_TRUE(detector.has_speech());
  test.detector.Mark(last + 1);
  EXPECT_FALSE(detector.has_speech());
  test.Push(Mix(Speech(1, -25), Noise(1, -65)));
  EXPECT_TRUE(detector.has_speech());
}

TEST(PauseDetector, CutsWhereItIsQuietest) {
  // 10 ms frames: loud, but quiet in [150, 170) and quieter in [300, 320).
  DetectorUnderTest test;
  test.Push(
      Join({Noise(1.5, -20), Noise(0.2, -40), Noise(1.3, -20), Noise(0.2, -50), Noise(1, -20)}));
  const PauseDetector& detector = test.detector;
  EXPECT_NEAR(detector.QuietestFrame(0, detector.frames(), 20), 310, 2);
  EXPECT_NEAR(detector.QuietestFrame(0, 250, 20), 160, 2);
  EXPECT_EQ(detector.QuietestFrame(100, 110, 20), 110) << "no run of 20 frames fits";
  EXPECT_EQ(detector.QuietestFrame(410, 500, 20), 500) << "nothing there yet";
}

TEST(PauseDetector, CutsAsLateAsItCanInSilence) {
  DetectorUnderTest test;
  test.Push(Silence(3));
  EXPECT_EQ(test.detector.QuietestFrame(100, 200, 20), 190);
}

TEST(PauseDetector, RemembersAMinute) {
  DetectorUnderTest test;
  test.Push(Join({Silence(1), Noise(69, -30)}));
  const int64_t oldest = test.detector.frames() - PauseDetector::kRememberedFrames;
  EXPECT_GE(test.detector.QuietestFrame(0, test.detector.frames(), 20), oldest + 10);
  EXPECT_EQ(test.detector.QuietestFrame(0, oldest, 20), oldest) << "all of it forgotten";
  EXPECT_GE(test.detector.FirstSpeech(0), oldest);
}

}  // namespace
}  // namespace parrotlet
