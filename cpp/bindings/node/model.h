// A model as JavaScript holds it, and the functions of the addon on it.
#pragma once

#include <napi.h>

#include <memory>

#include "api/parrotlet.h"
#include "bindings/node/handle.h"

namespace parrotlet::node {

struct NativeModel {
  static constexpr napi_type_tag kTag = {0x8f1c2be64a7d4c03, 0x9a57d1e0c36b42f8};

  NativeModel() = default;
  ~NativeModel() { pl_model_free(model); }
  size_t bytes() const { return pl_model_bytes(model); }
  NativeModel(const NativeModel&) = delete;
  NativeModel& operator=(const NativeModel&) = delete;

  pl_model* model = nullptr;
};

// The open model in `value`, which lives on while it is held here; when there is none, null, and an
// error is pending.
std::shared_ptr<NativeModel> ModelFrom(Napi::Value value);

Napi::Value LoadModelFile(const Napi::CallbackInfo& info);
Napi::Value LoadModelBytes(const Napi::CallbackInfo& info);
Napi::Value ModelDescribe(const Napi::CallbackInfo& info);
Napi::Value ModelClose(const Napi::CallbackInfo& info);

}  // namespace parrotlet::node
