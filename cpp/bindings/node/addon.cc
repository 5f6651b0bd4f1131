// The Node addon: the C interface as JavaScript functions, with no logic of its own. Calls that
// compute run on libuv's thread pool and return promises; errors carry a `code`.
#include <napi.h>

#include "api/parrotlet.h"
#include "bindings/node/errors.h"
#include "bindings/node/job.h"
#include "bindings/node/model.h"
#include "bindings/node/session.h"

namespace parrotlet::node {

namespace {

// () -> string
Napi::Value RuntimeInfo(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), pl_runtime_info());
}

template <Napi::Value (*function)(const Napi::CallbackInfo&)>
void Export(Napi::Object exports, const char* name) {
  exports.Set(name, Napi::Function::New<Exported<function>>(exports.Env(), name));
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  EnvState::Install(env);
  Export<RuntimeInfo>(exports, "runtimeInfo");
  Export<LoadModelFile>(exports, "loadModelFile");
  Export<LoadModelBytes>(exports, "loadModelBytes");
  Export<ModelDescribe>(exports, "modelDescribe");
  Export<ModelClose>(exports, "modelClose");
  Export<SessionOpen>(exports, "sessionOpen");
  Export<SessionDescribe>(exports, "sessionDescribe");
  Export<SessionWrite>(exports, "sessionWrite");
  Export<SessionEndSegment>(exports, "sessionEndSegment");
  Export<SessionFinish>(exports, "sessionFinish");
  Export<SessionReset>(exports, "sessionReset");
  Export<SessionMemory>(exports, "sessionMemory");
  Export<SessionObserve>(exports, "sessionObserve");
  Export<SessionMoments>(exports, "sessionMoments");
  Export<SessionClose>(exports, "sessionClose");
  return exports;
}

}  // namespace

}  // namespace parrotlet::node

NAPI_MODULE_INIT() { return Napi::RegisterModule(env, exports, parrotlet::node::Init); }
