// The parser of docs/model-format.md.
#include "model/model_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <memory>

#include "core/half.h"
#include "core/sha256.h"
#include "model/fields.h"
#include "model/safetensors.h"
#include "quant/pack.h"

namespace parrotlet {

static_assert(std::endian::native == std::endian::little, "tensors are used as they stand on disk");

namespace {

constexpr int kModelFileVersion = 1;
constexpr size_t kDigestDigits = 64;
constexpr int kGroupStep = 16;

constexpr Choice<Scheme> kSchemeNames[] = {
    {"symmetric", Scheme::kSymmetric}, {"midRise", Scheme::kMidRise}, {"affine", Scheme::kAffine}};

// Whether the bit pattern of any float32, masked, is at or above infinity's: that of NaN and
// infinity is, and with the sign kept also that of every negative number.
bool AnyFromInfinityOn(std::span<const uint8_t> floats, uint32_t mask) {
  constexpr uint32_t kInfinity = 0x7f800000;
  bool any = false;
  for (size_t at = 0; at < floats.size(); at += sizeof(uint32_t)) {
    uint32_t pattern;
    std::memcpy(&pattern, floats.data() + at, sizeof pattern);
    any |= (pattern & mask) >= kInfinity;
  }
  return any;
}

bool HasNonFinite(std::span<const uint8_t> floats) { return AnyFromInfinityOn(floats, 0x7fffffff); }

bool HasNegativeOrNonFinite(std::span<const uint8_t> floats) {
  return AnyFromInfinityOn(floats, 0xffffffff);
}

// Whether any zero is not 0 though its scale is.
bool ShiftsNothing(std::span<const uint8_t> scales, std::span<const uint8_t> zeros) {
  bool any = false;
  for (size_t at = 0; at < zeros.size(); at += sizeof(float)) {
    float scale, zero;
    std::memcpy(&scale, scales.data() + at, sizeof scale);
    std::memcpy(&zero, zeros.data() + at, sizeof zero);
    any |= scale == 0 && zero != 0;
  }
  return any;
}

// Where the 64 digits stand in the header. They must stand there as they are, and once: an escape
// among them, or a copy elsewhere, would leave open which bytes to hash as zeros.
Result<size_t> FindDigest(std::string_view header, const Json& value) {
  const std::string& digest = value.string();
  const size_t at = value.offset() + 1;  // behind the quote
  if (digest.size() != kDigestDigits ||
      digest.find_first_not_of("0123456789abcdef") != digest.npos) {
    return Status::Error(Code::kModelMalformed,
                         "__metadata__.sha256 is %s; expected 64 lower-case hexadecimal digits",
                         Quoted(digest).c_str());
  }
  if (header.find(digest) != at || header.rfind(digest) != at) {
    return Status::Error(
        Code::kModelMalformed,
        "the digits of __metadata__.sha256 must stand in the header once, unescaped");
  }
  return at;
}

// `at` is the place of the digits in the file.
Status CheckDigest(std::span<const uint8_t> file, size_t at) {
  const std::string zeros(kDigestDigits, '0');
  const std::string claimed(file.begin() + at, file.begin() + at + kDigestDigits);
  Sha256 hash;
  hash.Update(file.first(at));
  hash.Update({reinterpret_cast<const uint8_t*>(zeros.data()), zeros.size()});
  hash.Update(file.subspan(at + kDigestDigits));
  const std::string found = hash.Finish();
  if (found == claimed) return {};
  return Status::Error(
      Code::kModelChecksum,
      "the file's SHA-256 is %s but its header says %s: it was damaged or changed; "
      "copy or download it again",
      found.c_str(), claimed.c_str());
}

Status CheckVersion(const Json& document) {
  Status status;
  const int version = Fields(document, "", &status).Integer("version", INT_MIN, INT_MAX);
  if (!status.ok() || version == kModelFileVersion) return status;
  return Status::Error(
      Code::kModelVersion, "the model has format version %d but this build reads version %d: %s",
      version, kModelFileVersion,
      version > kModelFileVersion ? "update parrotlet" : "convert the model again");
}

// Reads the manifest's entry of a quantized matrix.
Status ReadFormat(const Json& value, Tensor* tensor) {
  Status status;
  Fields fields(value, "tensors." + Quoted(tensor->name), &status);
  const int bits = fields.Integer("bits", INT_MIN, INT_MAX);
  const std::vector<int> shape = fields.Integers("shape", 2, 2, 1, kMaxDimension);
  const int group = fields.Integer("groupSize", 1, kMaxDimension);
  const Scheme scheme =
      fields.Has("scheme") ? fields.OneOf("scheme", kSchemeNames) : Scheme::kSymmetric;
  const int activations = fields.Integer("activations", INT_MIN, INT_MAX, 8);
  fields.Finish();
  if (!status.ok()) return status;
  const int depth = shape[1];
  if (bits != 8 && bits != 4 && bits != 2) {
    fields.Fail(Code::kModelUnsupported, "bits", "8, 4 or 2");
  } else if (group != depth && (depth % group != 0 || group % kGroupStep != 0)) {
    fields.Fail(Code::kModelShape, "groupSize",
                std::to_string(depth) + ", or a multiple of 16 that divides it");
  } else if (group > kMaxGroupSize) {
    fields.Fail(Code::kModelTooLarge, "groupSize",
                "at most " + std::to_string(kMaxGroupSize) + ": sums must fit 32 bits");
  } else if (activations != 8 && activations != 4 && activations != 32) {
    fields.Fail(Code::kModelUnsupported, "activations", "8, 4 or 32");
  }
  tensor->format = {bits, group, scheme, activations};
  tensor->shape = shape;
  return status;
}

Status ExpectShape(std::string_view name, const std::vector<int>& shape,
                   const std::vector<int>& expected) {
  if (shape == expected) return {};
  return Status::Error(Code::kModelShape, "tensor %s has shape %s; the manifest asks for %s",
                       Quoted(name).c_str(), ShapeText(shape).c_str(), ShapeText(expected).c_str());
}

// The tensor of that name in a list sorted by name, or null.
template <typename T>
const T* FindByName(std::span<const T> sorted, std::string_view name) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), name,
                                   [](const T& a, std::string_view b) { return a.name < b; });
  return at == sorted.end() || at->name != name ? nullptr : &*at;
}

// Turns every F16 tensor into the F32 tensor of the same values, which then lies in `widened`.
void WidenHalves(std::span<StoredTensor> stored, std::vector<float>* widened) {
  size_t count = 0;
  for (const StoredTensor& tensor : stored) {
    if (tensor.type == StoredType::kF16) count += tensor.bytes.size() / sizeof(uint16_t);
  }
  widened->reserve(count);  // so that what is handed out stays where it is
  for (StoredTensor& tensor : stored) {
    if (tensor.type != StoredType::kF16) continue;
    const float* first = widened->data() + widened->size();
    for (size_t at = 0; at < tensor.bytes.size(); at += sizeof(uint16_t)) {
      uint16_t half;
      std::memcpy(&half, tensor.bytes.data() + at, sizeof half);
      widened->push_back(HalfToFloat(half));
    }
    tensor.type = StoredType::kF32;
    tensor.bytes = {reinterpret_cast<const uint8_t*>(first), 2 * tensor.bytes.size()};
  }
}

// Takes the scales or zeros [cols][groups] of a quantized matrix, which stand under its name with
// `suffix` added, and marks their place among those stored.
Status TakeBeside(const Tensor& matrix, const char* suffix, std::span<const StoredTensor> stored,
                  std::vector<bool>* beside, std::span<const uint8_t>* bytes) {
  const std::string name = matrix.name + suffix;
  const StoredTensor* found = FindByName(stored, name);
  if (found == nullptr || found->type == StoredType::kU8) {
    return Status::Error(Code::kModelShape,
                         "the manifest asks for an F32 or F16 tensor %s, which the file %s",
                         Quoted(name).c_str(), found == nullptr ? "does not have" : "has as U8");
  }
  (*beside)[found - stored.data()] = true;
  *bytes = found->bytes;
  const int groups = matrix.shape[1] / matrix.format.group_size;
  return ExpectShape(name, found->shape, {matrix.shape[0], groups});
}

// Makes a quantized matrix of the stored codes in `tensor`, by the manifest's entry for its name.
Status AttachFormat(const Json& value, std::span<const StoredTensor> stored,
                    std::vector<bool>* beside, Tensor* tensor) {
  if (!tensor->is_bytes) {
    return Status::Error(Code::kModelShape,
                         "the manifest names %s, which holds floats; expected codes as U8",
                         Quoted(tensor->name).c_str());
  }
  const std::vector<int> stored_shape = std::move(tensor->shape);
  Status status = ReadFormat(value, tensor);
  if (!status.ok()) return status;
  const int row_bytes = int(DiskRowBytes(tensor->format.bits, tensor->shape[1]));
  status = ExpectShape(tensor->name, stored_shape, {tensor->shape[0], row_bytes});
  if (status.ok()) status = TakeBeside(*tensor, ".scale", stored, beside, &tensor->scale);
  if (status.ok() && tensor->format.scheme == Scheme::kAffine) {
    status = TakeBeside(*tensor, ".zero", stored, beside, &tensor->zero);
  }
  tensor->is_bytes = false;
  return status;
}

// The model's tensors: those stored, with the manifest's formats, and scales and zeros beside their
// codes.
Result<std::vector<Tensor>> MakeTensors(std::span<const StoredTensor> stored,
                                        const Json* manifest) {
  if (manifest == nullptr || !manifest->is_object()) {
    return Status::Error(Code::kModelMalformed,
                         "the document has no object \"tensors\"; it is {} if none is quantized");
  }
  std::vector<Tensor> tensors;
  for (const StoredTensor& from : stored) {
    Tensor& tensor = tensors.emplace_back();
    tensor.name = from.name;
    tensor.shape = from.shape;
    tensor.bytes = from.bytes;
    tensor.is_bytes = from.type == StoredType::kU8;
  }
  std::vector<bool> beside(stored.size(), false);
  for (const auto& [name, value] : manifest->members()) {
    const StoredTensor* codes = FindByName(stored, name);
    if (codes == nullptr) {
      return Status::Error(Code::kModelShape,
                           "the manifest names the tensor %s, which the file does not have",
                           Quoted(name).c_str());
    }
    const Status status = AttachFormat(value, stored, &beside, &tensors[codes - stored.data()]);
    if (!status.ok()) return status;
  }
  std::vector<Tensor> listed;
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (!beside[i]) listed.push_back(std::move(tensors[i]));
  }
  return listed;
}

Status CheckValues(std::span<const Tensor> tensors) {
  for (const Tensor& tensor : tensors) {
    if (tensor.format.bits == 32 && !tensor.is_bytes && HasNonFinite(tensor.bytes)) {
      return Status::Error(Code::kModelShape, "tensor %s holds NaN or infinity",
                           Quoted(tensor.name).c_str());
    }
    if (HasNegativeOrNonFinite(tensor.scale)) {
      return Status::Error(Code::kModelShape,
                           "the scale of tensor %s holds a negative number, NaN or infinity",
                           Quoted(tensor.name).c_str());
    }
    if (HasNonFinite(tensor.zero)) {
      return Status::Error(Code::kModelShape, "the zero of tensor %s holds NaN or infinity",
                           Quoted(tensor.name).c_str());
    }
    if (ShiftsNothing(tensor.scale, tensor.zero)) {
      return Status::Error(Code::kModelShape,
                           "the zero of tensor %s is not 0 everywhere where its scale is 0",
                           Quoted(tensor.name).c_str());
    }
  }
  return {};
}

// Without blocking: a pipe that nobody writes to is refused, rather than waited for.
std::FILE* OpenFile(const char* path) {
  const int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return nullptr;
  std::FILE* file = fdopen(descriptor, "rb");
  if (file == nullptr) close(descriptor);
  return file;
}

}  // namespace

size_t Tensor::elements() const {
  size_t count = 1;
  for (const int size : shape) count *= size_t(size);
  return count;
}

// What a cut file shows comes before the checksum; what only a faulty writer can produce inside the
// tensors, after it.
Result<ModelFile> ModelFile::Parse(std::vector<uint8_t> bytes) {
  ModelFile file;
  file.bytes_ = std::move(bytes);
  Result<SafetensorsHeader> header = ReadSafetensorsHeader(file.bytes_);
  if (!header.ok()) return header.status();

  const Json* metadata = header.value().json.Find(kSafetensorsMetadata);
  if (metadata == nullptr) {
    return Status::Error(Code::kModelMalformed,
                         "the header has no __metadata__: this is no parrotlet model; convert it");
  }
  Status status;
  Fields fields(*metadata, kSafetensorsMetadata, &status);
  const std::string format = fields.Text("format", kMaxHeaderBytes);
  if (format != "parrotlet") fields.Fail(Code::kModelMalformed, "format", "\"parrotlet\"");
  const std::string text = fields.Text("document", kMaxHeaderBytes);
  if (!status.ok()) return status;
  Result<Json> document = Json::Parse(text);
  if (!document.ok()) {
    return Status::Error(document.status().code, "__metadata__.document is %s",
                         document.status().message);
  }
  file.document_ = std::move(document.value());
  status = CheckVersion(file.document_);
  // Only now the rest: a later version may have other keys and tensors.
  fields.Text("sha256", kMaxHeaderBytes);
  fields.Finish();
  if (!status.ok()) return status;
  const Result<size_t> digest = FindDigest(header.value().text, *metadata->Find("sha256"));
  if (!digest.ok()) return digest.status();

  Result<std::vector<StoredTensor>> stored = ReadStoredTensors(header.value());
  if (!stored.ok()) return stored.status();
  status = CheckDigest(file.bytes_, kSafetensorsLengthBytes + digest.value());
  if (!status.ok()) return status;

  WidenHalves(stored.value(), &file.widened_);
  Result<std::vector<Tensor>> tensors = MakeTensors(stored.value(), file.document_.Find("tensors"));
  if (!tensors.ok()) return tensors.status();
  file.tensors_ = std::move(tensors.value());
  status = CheckValues(file.tensors_);
  if (!status.ok()) return status;
  return file;
}

Result<ModelFile> ModelFile::Read(const char* path, size_t max_bytes) {
  const auto io_error = [path](int error) {
    return Status::Error(Code::kIoError, "cannot read the model file %.160s: %s", path,
                         std::strerror(error != 0 ? error : EIO));
  };
  errno = 0;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(OpenFile(path), std::fclose);
  if (file == nullptr) return io_error(errno);
  struct stat status;
  if (fstat(fileno(file.get()), &status) != 0) return io_error(errno);
  if (!S_ISREG(status.st_mode)) return io_error(S_ISDIR(status.st_mode) ? EISDIR : EINVAL);
  const auto size = uintmax_t(status.st_size);
  if (size > max_bytes) {
    return Status::Error(
        Code::kModelTooLarge,
        "the model file %.160s has %.0f bytes; at most %zu are read: raise the limit "
        "if it is meant to be so large",
        path, double(size), max_bytes);
  }
  std::vector<uint8_t> bytes(size_t(size), 0);
  if (std::fread(bytes.data(), 1, bytes.size(), file.get()) != bytes.size()) return io_error(errno);
  return Parse(std::move(bytes));
}

const Tensor* ModelFile::Find(std::string_view name) const { return FindByName(tensors(), name); }

}  // namespace parrotlet
