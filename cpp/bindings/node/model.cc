// A model as JavaScript holds it, and the functions of the addon on it.
#include "bindings/node/model.h"

#include <string>
#include <utility>
#include <vector>

#include "bindings/node/errors.h"
#include "bindings/node/job.h"

namespace parrotlet::node {

namespace {

class LoadJob : public Job {
 protected:
  Napi::Value Result(Napi::Env env) override {
    return Handle<NativeModel>::Wrap(env, std::move(model_));
  }

  std::shared_ptr<NativeModel> model_;
};

class LoadFileJob final : public LoadJob {
 public:
  LoadFileJob(std::string path, uint64_t max_bytes)
      : path_(std::move(path)), max_bytes_(max_bytes) {}

 private:
  int Execute(pl_error* error) override {
    model_ = std::make_shared<NativeModel>();
    return pl_model_load_file(path_.c_str(), max_bytes_, &model_->model, error);
  }

  const std::string path_;
  const uint64_t max_bytes_;
};

class LoadBytesJob final : public LoadJob {
 public:
  explicit LoadBytesJob(std::vector<uint8_t> bytes) : bytes_(std::move(bytes)) {}

 private:
  int Execute(pl_error* error) override {
    model_ = std::make_shared<NativeModel>();
    return pl_model_load_bytes(bytes_.data(), bytes_.size(), &model_->model, error);
  }

  const std::vector<uint8_t> bytes_;
};

}  // namespace

std::shared_ptr<NativeModel> ModelFrom(Napi::Value value) {
  const auto* handle = Handle<NativeModel>::From(value);
  if (!handle) {
    Throw(value.Env(), Code::kInvalidArgument, "Expected a model of this addon.");
  } else if (!handle->object) {
    Throw(value.Env(), Code::kInvalidArgument, "Expected an open model, but it was closed.");
  }
  return handle ? handle->object : nullptr;
}

// (path: string, maxBytes: number) -> Promise<model>
Napi::Value LoadModelFile(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsString() || !info[1].IsNumber()) {
    return Throw(env, Code::kInvalidArgument, "Expected a path and a number of bytes.");
  }
  const int64_t max_bytes = info[1].As<Napi::Number>().Int64Value();
  if (max_bytes < 0) return Throw(env, Code::kInvalidArgument, "Expected at least 0 bytes.");
  return Job::Start(env, std::make_unique<LoadFileJob>(info[0].As<Napi::String>().Utf8Value(),
                                                       static_cast<uint64_t>(max_bytes)));
}

// (bytes: Uint8Array) -> Promise<model>
Napi::Value LoadModelBytes(const Napi::CallbackInfo& info) {
  if (!info[0].IsTypedArray() ||
      info[0].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    return Throw(info.Env(), Code::kInvalidArgument, "Expected the bytes in a Uint8Array.");
  }
  const auto bytes = info[0].As<Napi::Uint8Array>();
  // A copy, since JavaScript may change or detach the array while the job runs.
  return Job::Start(info.Env(), std::make_unique<LoadBytesJob>(std::vector<uint8_t>(
                                    bytes.Data(), bytes.Data() + bytes.ElementLength())));
}

// (model) -> string
Napi::Value ModelDescribe(const Napi::CallbackInfo& info) {
  const std::shared_ptr<NativeModel> model = ModelFrom(info[0]);
  if (!model) return info.Env().Undefined();
  return Napi::String::New(info.Env(), pl_model_describe(model->model));
}

// (model) -> undefined
Napi::Value ModelClose(const Napi::CallbackInfo& info) {
  auto* handle = Handle<NativeModel>::From(info[0]);
  if (!handle) return Throw(info.Env(), Code::kInvalidArgument, "Expected a model of this addon.");
  handle->Close(info.Env());
  return info.Env().Undefined();
}

}  // namespace parrotlet::node
