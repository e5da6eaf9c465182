// Finding and opening libonnxruntime.
#pragma once

#include <onnxruntime/onnxruntime_c_api.h>

#include <string>

#include "latcast/result.h"

namespace latcast::ort {

/// An opened library. Never closed: ONNX Runtime does not survive it, and the process is a worker.
struct Library {
  const OrtApi* api = nullptr;
  OrtEnv* env = nullptr;
  std::string version;
  std::string file;
};

/// Opens `path`; where empty, in this order: $LATCAST_ONNXRUNTIME, the project's Python environment beside the build
/// (known at build time), the system's loader. The error says where it was looked for and what to install.
[[nodiscard]] Result<Library> open_library(const std::string& path);

/// A failed status as an Error (and releases it); success otherwise.
[[nodiscard]] Result<void> check(const OrtApi& api, OrtStatus* status);

}  // namespace latcast::ort
