// A model as JavaScript holds it, and the functions of the addon on it.
#pragma once

#include <napi.h>

#include "api/parrotlet.h"
#include "bindings/node/handle.h"

namespace parrotlet::node {

struct NativeModel {
  static constexpr napi_type_tag kTag = {0x8f1c2be64a7d4c03, 0x9a57d1e0c36b42f8};

  explicit NativeModel(pl_model* model) : model(model) {}
  ~NativeModel() { pl_model_free(model); }
  NativeModel(const NativeModel&) = delete;
  NativeModel& operator=(const NativeModel&) = delete;

  pl_model* const model;
};

// The open model in `value`; when there is none, null, and an error is pending.
NativeModel* ModelFrom(Napi::Value value);

Napi::Value LoadModelFile(const Napi::CallbackInfo& info);
Napi::Value LoadModelBytes(const Napi::CallbackInfo& info);
Napi::Value ModelDescribe(const Napi::CallbackInfo& info);
Napi::Value ModelClose(const Napi::CallbackInfo& info);

}  // namespace parrotlet::node
