#include "engine/worker/model_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "graph/onnx_model.h"

namespace latcast {
namespace {

namespace fs = std::filesystem;

/// Of all files together; the ones used longest ago make room.
constexpr std::size_t kMostKept = std::size_t{4} << 30;

Result<std::string> read_bytes(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (!stream && !stream.eof()) return fail(Errc::io, "cannot read " + file.string() + ": " + std::strerror(errno));
  return bytes;
}

/// True of "a/b.bin"; not of "/a", "../a" or nothing.
bool stays_below(const fs::path& name) {
  return !name.empty() && name.is_relative() && std::ranges::find(name, fs::path("..")) == name.end();
}

}  // namespace

Result<std::string> model_key(const std::string& file) {
  struct stat facts{};
  if (stat(file.c_str(), &facts) != 0) return fail(Errc::not_found, file + ": " + std::strerror(errno));
  return file + " " + std::to_string(facts.st_size) + " " + std::to_string(facts.st_mtim.tv_sec) + "." +
         std::to_string(facts.st_mtim.tv_nsec);
}

Result<FileBytes> read_model_files(const std::string& file) {
  const auto model = onnx::read_model_file(file);
  if (!model) return tl::unexpected(model.error());
  FileBytes out;
  const auto add = [&](const std::string& name, const fs::path& path) -> Result<void> {
    if (out.contains(name)) return {};
    auto bytes = read_bytes(path);
    if (!bytes) return tl::unexpected(bytes.error());
    out.emplace(name, std::move(*bytes));
    return {};
  };
  if (auto ok = add(kModelFileName, file); !ok) return tl::unexpected(ok.error());
  for (const onnx::Tensor& tensor : model->graph.initializers) {
    const std::string& location = tensor.external_location;
    if (location.empty()) continue;
    if (auto ok = add(location, fs::path(file).parent_path() / location); !ok) return tl::unexpected(ok.error());
  }
  return out;
}

std::optional<std::string> ReceivedFiles::find(const std::string& key) {
  const auto found = std::ranges::find(kept_, key, &Kept::key);
  if (found == kept_.end()) return std::nullopt;
  kept_.splice(kept_.begin(), kept_, found);
  return (kept_.front().folder / kModelFileName).string();
}

Result<std::string> ReceivedFiles::keep(const std::string& key, const FileBytes& files) {
  if (!root_) {
    auto made = ScratchFolder::make();
    if (!made) return tl::unexpected(made.error());
    root_ = std::move(*made);
  }
  std::error_code failure;
  Kept kept{key, root_->path() / std::to_string(made_++), 0};
  for (const auto& [name, bytes] : files) {
    if (!stays_below(name)) return fail(Errc::invalid_input, "a model's weights are in '" + name + "'");
    const fs::path path = kept.folder / name;
    fs::create_directories(path.parent_path(), failure);
    std::ofstream stream(path, std::ios::binary);
    stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    stream.close();
    if (!stream) return fail(Errc::io, "the worker cannot write " + path.string());
    kept.bytes += bytes.size();
  }
  kept_.push_front(std::move(kept));
  std::size_t sum = 0;
  for (const Kept& one : kept_) sum += one.bytes;
  while (sum > kMostKept && kept_.size() > 1) {
    sum -= kept_.back().bytes;
    fs::remove_all(kept_.back().folder, failure);
    kept_.pop_back();
  }
  return (kept_.front().folder / kModelFileName).string();
}

}  // namespace latcast
