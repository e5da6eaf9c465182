#include "engine/onnxruntime/library.h"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <vector>

#ifndef LATCAST_PYTHON_ENVIRONMENT
#define LATCAST_PYTHON_ENVIRONMENT ""
#endif

namespace latcast::ort {
namespace {

namespace fs = std::filesystem;

/// The oldest interface that has all the functions called here: newer engines serve it too.
constexpr std::uint32_t kApiVersion = 17;

/// ENV/lib/python3*/site-packages/onnxruntime/capi/libonnxruntime.so.*
std::vector<fs::path> in_python_environment(const fs::path& environment) {
  std::vector<fs::path> found;
  std::error_code failure;
  for (const auto& python : fs::directory_iterator(environment / "lib", failure)) {
    const fs::path folder = python.path() / "site-packages" / "onnxruntime" / "capi";
    for (const auto& file : fs::directory_iterator(folder, failure)) {
      if (file.path().filename().string().starts_with("libonnxruntime.so.")) found.push_back(file.path());
    }
  }
  std::ranges::sort(found);
  return found;
}

/// The environment that was set up with the build, and the one beside this executable (build/latcast, build/venv).
std::vector<fs::path> project_libraries() {
  std::vector<fs::path> found;
  std::error_code failure;
  const fs::path executable = fs::read_symlink("/proc/self/exe", failure);
  for (const fs::path& environment : {fs::path(LATCAST_PYTHON_ENVIRONMENT), executable.parent_path() / "venv"}) {
    if (environment.empty()) continue;
    std::ranges::move(in_python_environment(environment), std::back_inserter(found));
  }
  return found;
}

Result<void*> open_first(const std::vector<std::string>& candidates) {
  std::string problems;
  for (const std::string& candidate : candidates) {
    if (void* handle = dlopen(candidate.c_str(), RTLD_NOW | RTLD_LOCAL)) return handle;
    problems += (problems.empty() ? "" : "; ") + std::string(dlerror());
  }
  return fail(Errc::engine_unavailable, "ONNX Runtime could not be loaded (" + problems +
                                            "). Install the Python package onnxruntime, or name the library: "
                                            "LATCAST_ONNXRUNTIME=/path/libonnxruntime.so.1 "
                                            "or --engine-path");
}

std::vector<std::string> candidates(const std::string& path) {
  if (!path.empty()) return {path};
  if (const char* named = std::getenv("LATCAST_ONNXRUNTIME"); named != nullptr && *named != '\0') return {named};
  std::vector<std::string> names;
  for (const fs::path& file : project_libraries()) names.push_back(file.string());
  names.insert(names.end(), {"libonnxruntime.so.1", "libonnxruntime.so"});
  return names;
}

/// File the loader mapped the symbol from.
std::string file_of(void* symbol) {
  Dl_info info{};
  if (dladdr(symbol, &info) == 0 || info.dli_fname == nullptr) return "?";
  std::error_code failure;
  const fs::path real = fs::canonical(info.dli_fname, failure);
  return failure ? info.dli_fname : real.string();
}

/// The engine puts the place in its source, with the function's whole signature, before its reasons.
std::string reason_first(const std::string& message) {
  std::size_t line = std::string::npos;
  for (const char* end : {".cc:", ".h:"}) line = std::min(line, message.find(end));
  const std::size_t function = line == std::string::npos ? line : message.find(' ', line);
  if (function == std::string::npos) return message;
  const std::size_t file = message.find_last_of(" :", line) + 1;
  std::size_t end = message.find(' ', function + 1);  // of the function: one word, or all up to its closing bracket
  const std::size_t open = message.find('(', function);
  if (open != std::string::npos && std::isalnum(static_cast<unsigned char>(message[open - 1])) != 0) {
    end = open;
    for (int depth = 0; end < message.size(); ++end) {
      depth += message[end] == '(' ? 1 : message[end] == ')' ? -1 : 0;
      if (depth == 0) break;
    }
    end = message.find(' ', end);
  }
  if (end == std::string::npos) return message;
  std::string reason = message.substr(end + 1);
  while (!reason.empty() && std::isspace(static_cast<unsigned char>(reason.back())) != 0) reason.pop_back();
  return message.substr(0, file) + (file == 0 ? "" : " ") + reason + " (" + message.substr(file, end - file) + ")";
}

}  // namespace

Result<void> check(const OrtApi& api, OrtStatus* status) {
  if (status == nullptr) return {};
  const std::string message = api.GetErrorMessage(status);
  api.ReleaseStatus(status);
  return fail(Errc::engine_failure, "ONNX Runtime: " + reason_first(message));
}

Result<Library> open_library(const std::string& path) {
  // It would report its use to its makers, and keep a log and a database for that.
  setenv("ORT_DISABLE_TELEMETRY", "1", 1);
  auto handle = open_first(candidates(path));
  if (!handle) return tl::unexpected(handle.error());
  void* symbol = dlsym(*handle, "OrtGetApiBase");
  if (symbol == nullptr) {
    return fail(Errc::engine_unavailable, path + " is not an ONNX Runtime library: it has no OrtGetApiBase");
  }
  const OrtApiBase* base = reinterpret_cast<const OrtApiBase* (*)()>(symbol)();
  Library library;
  library.version = base->GetVersionString();
  library.file = file_of(symbol);
  library.api = base->GetApi(kApiVersion);
  if (library.api == nullptr) {
    return fail(Errc::engine_unavailable, "ONNX Runtime " + library.version + " (" + library.file + ") is too old; " +
                                              "version 1." + std::to_string(kApiVersion) + " or newer is needed");
  }
  if (auto ok = check(*library.api, library.api->CreateEnv(ORT_LOGGING_LEVEL_FATAL, "latcast", &library.env)); !ok) {
    return tl::unexpected(ok.error());
  }
  if (auto ok = check(*library.api, library.api->DisableTelemetryEvents(library.env)); !ok)
    return tl::unexpected(ok.error());
  return library;
}

}  // namespace latcast::ort
