// Errors of the engine as JavaScript values.
#pragma once

#include <napi.h>

#include <new>

#include "api/parrotlet.h"
#include "core/status.h"

namespace parrotlet::node {

inline pl_error MakeError(Code code, const char* message) {
  pl_error error = {static_cast<int>(code), {}};
  std::snprintf(error.message, sizeof error.message, "%s", message);
  return error;
}

// An Error with the code's name in `code`; the facade makes its own error of it.
inline Napi::Value ToJs(Napi::Env env, const pl_error& error) {
  Napi::Object object = Napi::Error::New(env, error.message).Value();
  const char* name = pl_code_name(error.code);
  object.Set("code", name ? name : "INTERNAL");
  return object;
}

// Leaves `error` pending in `env`; the caller returns at once.
inline Napi::Value Throw(Napi::Env env, const pl_error& error) {
  napi_throw(env, ToJs(env, error));
  return env.Undefined();
}

inline Napi::Value Throw(Napi::Env env, Code code, const char* message) {
  return Throw(env, MakeError(code, message));
}

// The function as it is exported: running out of memory becomes an error like any other.
template <Napi::Value (*function)(const Napi::CallbackInfo&)>
Napi::Value Exported(const Napi::CallbackInfo& info) {
  try {
    return function(info);
  } catch (const std::bad_alloc&) {
    return Throw(info.Env(), Code::kOutOfMemory, "There was not enough memory for this call.");
  }
}

}  // namespace parrotlet::node
