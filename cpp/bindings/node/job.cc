// Work on libuv's thread pool that settles a promise.
#include "bindings/node/job.h"

#include "bindings/node/errors.h"

namespace parrotlet::node {

namespace {

using SharedState = std::shared_ptr<EnvState>;

}  // namespace

void EnvState::Install(Napi::Env env) {
  auto state = std::make_shared<EnvState>();
  napi_set_instance_data(
      env, new SharedState(state),
      [](napi_env, void* data, void*) { delete static_cast<SharedState*>(data); }, nullptr);
  napi_add_env_cleanup_hook(
      env,
      [](void* data) {
        auto* hook_state = static_cast<SharedState*>(data);
        (*hook_state)->closing = true;
        delete hook_state;
      },
      new SharedState(state));
}

SharedState EnvState::Of(Napi::Env env) {
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  return *static_cast<SharedState*>(data);
}

Napi::Value Job::Start(Napi::Env env, std::unique_ptr<Job> job) {
  job->state_ = EnvState::Of(env);
  napi_value promise = nullptr;
  if (napi_create_promise(env, &job->deferred_, &promise) != napi_ok ||
      napi_create_async_work(env, nullptr, Napi::String::New(env, "parrotlet"), RunExecute,
                             RunComplete, job.get(), &job->work_) != napi_ok) {
    job->Finished();
    return Throw(env, Code::kInternal, "Node.js could not create the work.");
  }
  if (napi_queue_async_work(env, job->work_) != napi_ok) {
    napi_delete_async_work(env, job->work_);
    job->Finished();
    return Throw(env, Code::kInternal, "Node.js could not queue the work.");
  }
  job.release();  // RunComplete, which is always called, takes it back
  return Napi::Value(env, promise);
}

void Job::RunExecute(napi_env, void* data) {
  auto* job = static_cast<Job*>(data);
  try {
    job->error_.code = job->Execute(&job->error_);
  } catch (const std::bad_alloc&) {
    job->error_ = MakeError(Code::kOutOfMemory, "There was not enough memory for this call.");
  }
}

void Job::RunComplete(napi_env env, napi_status status, void* data) {
  const std::unique_ptr<Job> job(static_cast<Job*>(data));
  napi_delete_async_work(env, job->work_);
  job->Finished();
  if (job->state_->closing) return;
  if (status == napi_cancelled) {
    job->error_ = MakeError(Code::kInternal, "Node.js cancelled the work.");
  }
  job->Settle(env);
}

void Job::Settle(Napi::Env env) {
  Napi::HandleScope scope(env);
  const bool failed = error_.code != 0;
  const Napi::Value value = failed ? ToJs(env, error_) : Result(env);
  if (env.IsExceptionPending()) return;  // the environment is about to stop
  if (failed) {
    napi_reject_deferred(env, deferred_, value);
  } else {
    napi_resolve_deferred(env, deferred_, value);
  }
}

}  // namespace parrotlet::node
