// Documents of tiny models to change, and what reading them says.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "model/config.h"
#include "model/model_writer.h"

namespace parrotlet {

inline std::string Complete(std::string document) {
  return document.insert(document.find('{') + 1, "\"tensors\":{},");
}

inline const std::string kDocument = Complete(std::string(kTinyDocument));

// kDocument with the first `from` replaced; `from` must be there.
inline std::string With(const std::string& from, const std::string& to,
                        const std::string& document = kDocument) {
  const size_t at = document.find(from);
  EXPECT_NE(at, document.npos) << from;
  std::string changed = document;
  return at == document.npos ? changed : changed.replace(at, from.size(), to);
}

inline Result<Config> Read(const std::string& text) {
  const Result<Json> json = Json::Parse(text);
  EXPECT_TRUE(json.ok()) << json.status().message;
  return Config::FromDocument(json.value());
}

inline std::string MessageOf(const std::string& text) { return Read(text).status().message; }

inline const std::string kConvs = kDocument.substr(
    kDocument.find("\"convs\""), kDocument.find("\"norm\"") - kDocument.find("\"convs\""));
inline const std::string kFrontEnd = kDocument.substr(
    kDocument.find("\"frontEnd\""), kDocument.find("\"encoder\"") - kDocument.find("\"frontEnd\""));
inline const std::string kDecoder = kDocument.substr(
    kDocument.find("\"decoder\""), kDocument.find("\"tokenizer\"") - kDocument.find("\"decoder\""));
inline const std::string kLogMel =
    R"("frontEnd": {"kind": "logMel", "window": 400, "hop": 160, "fft": 512, "melBins": 80,
       "lowHz": 125, "highHz": 7600, "preEmphasis": 0.97, "logFloor": 1e-5}, )";
inline const std::string kCtc = R"("ctc": {"vocabulary": 40, "blank": 0}, )";

inline std::string LogMelDocument() { return With(kFrontEnd, kLogMel); }
inline std::string CtcDocument() {
  return With(kDecoder, kCtc, With("\"attentionDecoder\"", "\"ctc\""));
}
inline std::string FramesDocument() {
  return With(
      "{\"kind\": \"block\"}", "{\"kind\": \"block\", \"lookahead\": 3}",
      With(R"("span": "chunk", "leftFrames": 8, "chunkFrames": 4, "chunkChoices": [2, 4, 8])",
           R"("span": "frames", "leftFrames": 8)"));
}

inline std::string LookAheadDocument() {
  return With("\"chunkFrames\": 4", "\"chunkFrames\": 4, \"lookaheadFrames\": 3");
}

}  // namespace parrotlet
