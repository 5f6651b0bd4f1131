// A session as JavaScript holds it, and the functions of the addon on it.
#pragma once

#include <napi.h>

namespace parrotlet::node {

Napi::Value SessionOpen(const Napi::CallbackInfo& info);
Napi::Value SessionDescribe(const Napi::CallbackInfo& info);
Napi::Value SessionWrite(const Napi::CallbackInfo& info);
Napi::Value SessionEndSegment(const Napi::CallbackInfo& info);
Napi::Value SessionFinish(const Napi::CallbackInfo& info);
Napi::Value SessionReset(const Napi::CallbackInfo& info);
Napi::Value SessionMemory(const Napi::CallbackInfo& info);
Napi::Value SessionObserve(const Napi::CallbackInfo& info);
Napi::Value SessionMoments(const Napi::CallbackInfo& info);
Napi::Value SessionClose(const Napi::CallbackInfo& info);

}  // namespace parrotlet::node
