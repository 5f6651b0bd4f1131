// Events of the engine, kept until they can become JavaScript objects.
#pragma once

#include <napi.h>

#include <string>
#include <vector>

#include "api/parrotlet.h"

namespace parrotlet::node {

// A copy of a pl_event, whose own pointers do not outlive the next call on the session.
struct Event {
  explicit Event(const pl_event& event);

  pl_event fields;  // its pointers are spent; the two members below stand for them
  std::string text;
  std::vector<pl_word> words;
};

// Takes every event that is ready.
void Drain(pl_session* session, std::vector<Event>* events);

// An array of the events as lib/events/types.ts describes them.
Napi::Array ToJs(Napi::Env env, const std::vector<Event>& events);

}  // namespace parrotlet::node
