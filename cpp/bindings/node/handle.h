// JavaScript objects that own a share of a native object, told apart by type tags.
#pragma once

#include <napi.h>

#include <memory>
#include <new>

#include "bindings/node/errors.h"

namespace parrotlet::node {

// A handle's shared pointer goes when the object is collected or closed; a running job has its own.
// JavaScript is told of T's `bytes()` as long as the handle has it, or it would see no reason to
// collect what nobody closed. Each T names its `kTag`, random bits that no other addon uses.
template <typename T>
class Handle {
 public:
  static Napi::Value Wrap(Napi::Env env, std::shared_ptr<T> object) {
    Napi::Object wrapper = Napi::Object::New(env);
    auto* handle = new (std::nothrow) Handle{std::move(object)};
    if (handle == nullptr) {
      return Throw(env, Code::kOutOfMemory, "There was not enough memory for this call.");
    }
    if (napi_wrap(env, wrapper, handle, Finalize, nullptr, nullptr) != napi_ok) {
      delete handle;
      return env.Undefined();
    }
    napi_type_tag_object(env, wrapper, &T::kTag);
    handle->Tell(env, 1);
    return wrapper;
  }

  void Close(napi_env env) {
    Tell(env, -1);
    object.reset();
  }

  // The handle in `value`; null when it is anything else.
  static Handle* From(Napi::Value value) {
    bool matches = false;
    void* handle = nullptr;
    if (!value.IsObject() ||
        napi_check_object_type_tag(value.Env(), value, &T::kTag, &matches) != napi_ok || !matches ||
        napi_unwrap(value.Env(), value, &handle) != napi_ok) {
      return nullptr;
    }
    return static_cast<Handle*>(handle);
  }

  std::shared_ptr<T> object;  // null once closed

 private:
  explicit Handle(std::shared_ptr<T> object) : object(std::move(object)) {}

  // `sign` says whether its memory comes or goes.
  void Tell(napi_env env, int sign) const {
    int64_t all;
    if (object) napi_adjust_external_memory(env, sign * int64_t(object->bytes()), &all);
  }

  static void Finalize(napi_env env, void* data, void*) {
    auto* handle = static_cast<Handle*>(data);
    handle->Tell(env, -1);
    delete handle;
  }
};

}  // namespace parrotlet::node
