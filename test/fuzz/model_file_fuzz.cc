// Fuzzes the model file parser and the document reader. To run it for a minute:
//   clang++-16 -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -I cpp -I test/cpp \
//     test/fuzz/model_file_fuzz.cc cpp/core/*.cc
//     cpp/model/{config,fields,model_file,safetensors}.cc \ -o model_file_fuzz && ./model_file_fuzz
//     -max_len=16384 -max_total_time=60
// The first byte of an input chooses: even, the rest is the file as it is; odd, its length and
// checksum are put right first, so that what stands behind them is reached.
#include <cstdlib>

#include "model/config.h"
#include "model/model_file.h"
#include "model/model_writer.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace parrotlet {
namespace {

// Cuts the claimed length to the file's and puts the checksum right.
void Repair(std::vector<uint8_t>* file) {
  if (file->size() < sizeof(uint64_t)) return;
  uint64_t length;
  std::memcpy(&length, file->data(), sizeof length);
  const size_t rest = file->size() - sizeof length;
  if (length > rest) {
    length = rest;
    std::memcpy(file->data(), &length, sizeof length);
  }
  const std::string_view text(reinterpret_cast<const char*>(file->data()), file->size());
  const std::string key = "\"sha256\":\"";
  const size_t at = text.find(key);
  if (at == text.npos || file->size() - at < key.size() + kZeroDigits.size()) return;
  std::memcpy(file->data() + at + key.size(), kZeroDigits.data(), kZeroDigits.size());
  Seal(file);
}

// A model that parsed must be readable to its last byte, and be the same when it is parsed again.
void CheckReadable(const ModelFile& file) {
  volatile uint8_t sink = 0;
  for (const Tensor& tensor : file.tensors()) {
    if (file.Find(tensor.name) != &tensor || tensor.shape.empty()) std::abort();
    for (const uint8_t byte : tensor.bytes) sink = sink ^ byte;
    for (const uint8_t byte : tensor.scale) sink = sink ^ byte;
  }
  const std::string dump = file.document().Dump();
  const Result<Json> again = Json::Parse(dump);
  if (!again.ok() || again.value().Dump() != dump) std::abort();
}

}  // namespace
}  // namespace parrotlet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace parrotlet;
  if (size == 0) return 0;
  std::vector<uint8_t> bytes(data + 1, data + size);
  if (data[0] & 1) Repair(&bytes);
  const Result<ModelFile> file = ModelFile::Parse(std::move(bytes));
  if (!file.ok()) {
    if (file.status().message[0] == '\0') std::abort();
    return 0;
  }
  CheckReadable(file.value());
  (void)Config::FromDocument(file.value().document());
  return 0;
}

// Starts from a valid model, so that no corpus is needed, and changes either the header, whose
// length it then corrects, or anything.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  static const std::vector<uint8_t> kModel = parrotlet::SmallModel();
  constexpr size_t kHeader = 1 + sizeof(uint64_t);  // the choice and the length
  if (size < 64 && kModel.size() < max_size) {
    data[0] = 1;
    std::memcpy(data + 1, kModel.data(), kModel.size());
    size = kModel.size() + 1;
  }
  uint64_t length = 0;
  if (size >= kHeader) std::memcpy(&length, data + 1, sizeof length);
  if (seed % 4 == 0 || length == 0 || length > size - kHeader) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  const std::vector<uint8_t> rest(data + kHeader + length, data + size);
  length = LLVMFuzzerMutate(data + kHeader, length, max_size - kHeader - rest.size());
  std::memcpy(data + 1, &length, sizeof length);
  std::copy(rest.begin(), rest.end(), data + kHeader + length);
  return kHeader + length + rest.size();
}
