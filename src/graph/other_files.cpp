#include "graph/other_files.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace latcast::onnx {
namespace {

struct OtherFile {
  std::string_view mark;
  std::size_t at;
  std::string_view what;
};

constexpr std::array kOtherFiles = {
    OtherFile{"version https://git-lfs", 0, "a Git LFS pointer, the model itself was not fetched ('git lfs pull')"},
    OtherFile{"\x1f\x8b", 0, "packed by gzip; unpack it first (gunzip)"},
    OtherFile{"BZh", 0, "packed by bzip2; unpack it first"},
    OtherFile{"\xfd"
              "7zXZ",
              0, "packed by xz; unpack it first"},
    OtherFile{"\x28\xb5\x2f\xfd", 0, "packed by zstd; unpack it first"},
    OtherFile{"PK\x03\x04", 0, "a ZIP archive, perhaps a PyTorch checkpoint: export the model with torch.onnx.export"},
    OtherFile{"\x80\x02", 0, "a Python pickle, perhaps a PyTorch checkpoint: export the model with torch.onnx.export"},
    OtherFile{"\x89HDF", 0, "an HDF5 file, as Keras writes them: convert the model with tf2onnx"},
    OtherFile{"ORTM", 4, "a model in ONNX Runtime's own .ort format: give the ONNX file that it was made from"},
    OtherFile{"TFL3", 4, "a TensorFlow Lite model: convert it with tf2onnx --tflite"},
    OtherFile{"LCPK", 4, "a pack of latcast: give it with --pack"},
    OtherFile{"SQLite format 3", 0, "a store of latcast: 'latcast inspect' shows it"},
    OtherFile{"GGUF", 0, "weights in GGUF format, without a graph: export the model to ONNX"},
    OtherFile{"{\"", 8, "weights in safetensors format, without a graph: export the model to ONNX"},
    OtherFile{"<!DOCTYPE", 0, "a web page: the download failed"},
    OtherFile{"<!doctype", 0, "a web page: the download failed"},
    OtherFile{"<html", 0, "a web page: the download failed"},
    OtherFile{"<?xml", 0, "XML, perhaps an OpenVINO network: give the ONNX file that it was made from"},
    OtherFile{"ir_version", 0, "ONNX as text: write it in binary (onnx.load(FILE, 'textproto'), onnx.save)"},
};

}  // namespace

std::string_view other_kind(std::string_view bytes) {
  const auto found = std::ranges::find_if(kOtherFiles, [&](const OtherFile& one) {
    return bytes.size() >= one.at && bytes.substr(one.at).starts_with(one.mark);
  });
  return found == kOtherFiles.end() ? std::string_view() : found->what;
}

}  // namespace latcast::onnx
