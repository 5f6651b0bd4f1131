// Events of the engine, kept until they can become JavaScript objects.
#include "bindings/node/events.h"

#include <cstdint>

namespace parrotlet::node {

namespace {

constexpr const char* kTypes[] = {"", "partial", "final", "speech-start"};
constexpr const char* kReasons[] = {"", "pause", "length", "forced", "end"};

Napi::Object WordToJs(Napi::Env env, const std::string& text, const pl_word& word) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("text", Napi::String::New(env, text.data() + word.text_begin, word.text_bytes));
  object.Set("start", word.start);
  object.Set("end", word.end);
  object.Set("stable", word.stable != 0);
  object.Set("confidence", word.confidence);
  return object;
}

Napi::Object EventToJs(Napi::Env env, const Event& event) {
  const pl_event& fields = event.fields;
  Napi::Array words = Napi::Array::New(env, event.words.size());
  for (uint32_t i = 0; i < event.words.size(); ++i) {
    Napi::HandleScope scope(env);
    words.Set(i, WordToJs(env, event.text, event.words[i]));
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("type", kTypes[fields.type]);
  if (fields.reason != 0) object.Set("reason", kReasons[fields.reason]);
  object.Set("segment", fields.segment);
  object.Set("revision", fields.revision);
  object.Set("text", event.text);
  object.Set("stableText", Napi::String::New(env, event.text.data(), fields.stable_bytes));
  object.Set("start", fields.start);
  object.Set("end", fields.end);
  object.Set("words", words);
  object.Set("audioProcessed", fields.audio_processed);
  return object;
}

}  // namespace

Event::Event(const pl_event& event)
    : fields(event),
      text(event.text, event.text_bytes),
      words(event.words, event.words + event.word_count) {}

void Drain(pl_session* session, std::vector<Event>* events) {
  for (pl_event event; pl_session_next_event(session, &event);) events->emplace_back(event);
}

Napi::Array ToJs(Napi::Env env, const std::vector<Event>& events) {
  Napi::Array array = Napi::Array::New(env, events.size());
  for (uint32_t i = 0; i < events.size(); ++i) {
    Napi::HandleScope scope(env);
    array.Set(i, EventToJs(env, events[i]));
  }
  return array;
}

}  // namespace parrotlet::node
