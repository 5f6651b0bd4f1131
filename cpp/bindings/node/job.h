// Work on libuv's thread pool that settles a promise.
#pragma once

#include <napi.h>

#include <memory>

#include "api/parrotlet.h"

namespace parrotlet::node {

// What one environment (the main thread or a worker) knows about itself. It outlives the
// environment while a job does.
struct EnvState {
  bool closing = false;

  // To be called once, when the addon is loaded into `env`.
  static void Install(Napi::Env env);
  static std::shared_ptr<EnvState> Of(Napi::Env env);
};

class Job {
 public:
  virtual ~Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  // Queues `job` and returns its promise. While the environment is torn down the promise is left as
  // it is: JavaScript must not be entered then.
  static Napi::Value Start(Napi::Env env, std::unique_ptr<Job> job);

 protected:
  Job() = default;

  // On a pool thread, without JavaScript. Returns a code and, unless it is 0, fills `error`.
  virtual int Execute(pl_error* error) = 0;
  // On the environment's thread, once `Execute` has returned, also when nothing can be resolved.
  virtual void Finished() {}
  // On the environment's thread: what the promise resolves to.
  virtual Napi::Value Result(Napi::Env env) = 0;

 private:
  static void RunExecute(napi_env env, void* data);
  static void RunComplete(napi_env env, napi_status status, void* data);
  void Settle(Napi::Env env);

  std::shared_ptr<EnvState> state_;
  napi_deferred deferred_ = nullptr;
  napi_async_work work_ = nullptr;
  pl_error error_ = {};
};

}  // namespace parrotlet::node
