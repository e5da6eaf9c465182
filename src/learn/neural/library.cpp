#include "learn/neural/library.h"

#include <dlfcn.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>

namespace latcast::learn {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFile = "liblatcast_neural.so";

std::vector<fs::path> candidates(const std::string& named) {
  if (!named.empty()) return {named};
  std::vector<fs::path> out;
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  if (!program.empty()) out = {program / kFile, program / ".." / "lib" / "latcast" / kFile};
  out.emplace_back(LATCAST_NEURAL_BUILD_PATH);
  return out;
}

std::atomic<bool> opened = false;

Result<NeuralTrainFunction> open(const fs::path& path) {
  // Never closed: LibTorch leaves threads and destructors behind that must not lose their code.
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return fail(Errc::unsupported, std::string("cannot load it: ") + dlerror());
  opened = true;
  const auto version = reinterpret_cast<NeuralVersionFunction>(dlsym(handle, "latcast_neural_version"));
  const auto train = reinterpret_cast<NeuralTrainFunction>(dlsym(handle, "latcast_neural_train"));
  if (version == nullptr || train == nullptr || version() != kNeuralVersion) {
    return fail(Errc::unsupported, path.string() + " is not of this latcast");
  }
  return train;
}

Result<NeuralTrainFunction> load(const std::string& named) {
  std::string tried;
  for (const fs::path& path : candidates(named)) {
    std::error_code ignored;
    if (fs::exists(path, ignored)) {
      auto train = open(path);
      return train ? train : Result<NeuralTrainFunction>(fail_in("neural networks", train.error()));
    }
    tried += (tried.empty() ? "" : ", ") + path.string();
  }
  return fail(Errc::unsupported, "neural networks need LibTorch and latcast's plugin for it, not found: " + tried);
}

/// Kept per value of LATCAST_NEURAL, so that a program that changes it is heard.
Result<NeuralTrainFunction> plugin() {
  static std::mutex lock;
  static std::map<std::string, Result<NeuralTrainFunction>> loaded;
  const char* named = std::getenv("LATCAST_NEURAL");
  const std::string key = named == nullptr ? "" : named;
  const std::scoped_lock guard(lock);
  const auto found = loaded.find(key);
  return found != loaded.end() ? found->second : loaded.emplace(key, load(key)).first->second;
}

}  // namespace

Result<void> neural_available() {
  auto train = plugin();
  return train ? Result<void>() : Result<void>(tl::unexpected<Error>(train.error()));
}

Result<NeuralResult> train_neural(const NeuralJob& job) {
  auto train = plugin();
  if (!train) return tl::unexpected<Error>(train.error());
  NeuralResult out;
  std::string error;
  if (!(*train)(job, out, error)) return fail(Errc::unsupported, "neural networks: " + error);
  return out;
}

}  // namespace latcast::learn

#ifdef LATCAST_ADDRESS_SANITIZER
/// LeakSanitizer asks this before it looks for leaks. It must not where LibTorch is loaded: its look at the storage of
/// LibTorch's threads now and then fails in itself ("Tracer caught signal 11"), after all has ended well.
extern "C" __attribute__((visibility("default"))) int __lsan_is_turned_off() { return latcast::learn::opened ? 1 : 0; }
#endif
