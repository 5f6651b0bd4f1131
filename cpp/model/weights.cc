#include "model/weights.h"

#include <cstring>

#include "model/safetensors.h"

namespace parrotlet {

void Weights::Fail(const Status& status) {
  if (status_.ok()) status_ = status;
}

const Tensor* Weights::Take(const std::string& name, bool required) {
  if (!ok()) return nullptr;
  const Tensor* tensor = file_.Find(name);
  if (tensor != nullptr) {
    taken_[tensor - file_.tensors().data()] = true;
  } else if (required) {
    Fail(Status::Error(Code::kModelShape,
                       "the model has no tensor '%s', which its document asks for", name.c_str()));
  }
  return tensor;
}

const Tensor* Weights::TakeMatrix(const std::string& name, int cols, int depth) {
  const Tensor* tensor = Take(name, true);
  if (tensor == nullptr) return nullptr;
  if (!tensor->is_bytes && tensor->shape == std::vector<int>{cols, depth}) return tensor;
  Fail(Status::Error(Code::kModelShape, "tensor '%s' should be a matrix [%d, %d] but is %s%s",
                     name.c_str(), cols, depth, ShapeText(tensor->shape).c_str(),
                     tensor->is_bytes ? " of bytes" : ""));
  return nullptr;
}

// Channels first .. first + cols - 1 of a matrix.
PackedMatrix Weights::Pack(const Tensor& tensor, int first, int cols) {
  const WeightFormat format = tensor.format;
  const int depth = tensor.shape[1];
  const int groups = format.bits == 32 ? 1 : depth / format.group_size;
  uint8_t* codes = arena_.Take<uint8_t>(PackedCodeBytes(format, cols, depth));
  const size_t scales = PackedScaleCount(format, cols, depth);
  float* scale = scales == 0 ? nullptr : arena_.Take<float>(scales);
  if (counting_) {
    PackedMatrix matrix;
    matrix.format = format;
    matrix.cols = cols;
    matrix.depth = depth;
    matrix.groups = groups;
    return matrix;
  }
  const auto scales_from_first = [&](std::span<const uint8_t> bytes) {
    const float* all = reinterpret_cast<const float*>(bytes.data());
    return bytes.empty() ? nullptr : all + size_t(first) * groups;
  };
  const DiskMatrix disk = {tensor.bytes.data() + first * DiskRowBytes(format.bits, depth),
                           scales_from_first(tensor.scale), scales_from_first(tensor.zero)};
  return PackMatrix(format, cols, depth, disk, codes, scale, strip_(format.bits));
}

PackedMatrix Weights::Matrix(const std::string& name, int cols, int depth) {
  const Tensor* tensor = TakeMatrix(name, cols, depth);
  if (tensor == nullptr) return {};
  const PackedMatrix matrix = Pack(*tensor, 0, cols);
  matrices_.push_back({name, matrix});
  return matrix;
}

std::array<PackedMatrix, 2> Weights::Halves(const std::string& name, int cols, int depth) {
  const Tensor* tensor = TakeMatrix(name, cols, depth);
  if (tensor == nullptr) return {};
  const int half = cols / 2;
  const std::array<PackedMatrix, 2> halves = {Pack(*tensor, 0, half), Pack(*tensor, half, half)};
  matrices_.push_back({name, halves[0]});
  return halves;
}

const float* Weights::CopyFloats(const Tensor& tensor, std::initializer_list<int> shape) {
  if (tensor.is_bytes || tensor.format.bits != 32 || tensor.shape != std::vector<int>(shape)) {
    Fail(Status::Error(Code::kModelShape, "tensor '%s' should be float32 %s but is %d-bit %s",
                       tensor.name.c_str(), ShapeText({shape.begin(), shape.size()}).c_str(),
                       tensor.is_bytes ? 8 : tensor.format.bits, ShapeText(tensor.shape).c_str()));
    return nullptr;
  }
  float* copy = arena_.Take<float>(tensor.bytes.size() / sizeof(float));
  if (!counting_) std::memcpy(copy, tensor.bytes.data(), tensor.bytes.size());
  return copy;
}

const float* Weights::Floats(const std::string& name, std::initializer_list<int> shape) {
  const Tensor* tensor = Take(name, true);
  return tensor == nullptr ? nullptr : CopyFloats(*tensor, shape);
}

const float* Weights::OptionalFloats(const std::string& name, std::initializer_list<int> shape) {
  const Tensor* tensor = Take(name, false);
  return tensor == nullptr ? nullptr : CopyFloats(*tensor, shape);
}

std::span<const uint8_t> Weights::Bytes(const std::string& name) {
  const Tensor* tensor = Take(name, true);
  if (tensor == nullptr) return {};
  if (!tensor->is_bytes) {
    Fail(Status::Error(Code::kModelShape, "tensor '%s' should hold bytes (U8)", name.c_str()));
    return {};
  }
  uint8_t* copy = arena_.Take<uint8_t>(tensor->bytes.size());
  if (counting_) return {};
  std::memcpy(copy, tensor->bytes.data(), tensor->bytes.size());
  return {copy, tensor->bytes.size()};
}

Status Weights::Finish() const {
  if (!ok()) return status_;
  for (size_t i = 0; i < taken_.size(); ++i) {
    if (taken_[i]) continue;
    return Status::Error(Code::kModelShape, "tensor '%s' is not used by the model's architecture",
                         file_.tensors()[i].name.c_str());
  }
  return {};
}

}  // namespace parrotlet
