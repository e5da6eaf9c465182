// Model files for a worker on another machine: read here, sent once, kept there while it lives.
#pragma once

#include <cstddef>
#include <filesystem>
#include <list>
#include <map>
#include <optional>
#include <string>

#include "engine/scratch_folder.h"
#include "latcast/result.h"

namespace latcast {

/// A model's files by name: the model itself, called `kModelFileName`, and those that hold its weights, relative to it.
using FileBytes = std::map<std::string, std::string>;
inline constexpr const char* kModelFileName = "model.onnx";

/// Changes where the file does.
[[nodiscard]] Result<std::string> model_key(const std::string& file);
[[nodiscard]] Result<FileBytes> read_model_files(const std::string& file);

/// What a worker was sent, in a folder that goes with it.
class ReceivedFiles {
 public:
  ReceivedFiles() = default;
  ReceivedFiles(const ReceivedFiles&) = delete;
  ReceivedFiles& operator=(const ReceivedFiles&) = delete;

  /// The model's file here; none: it was not sent, or has had to make room.
  [[nodiscard]] std::optional<std::string> find(const std::string& key);
  /// Errc::invalid_input: a name that leads out of the folder.
  [[nodiscard]] Result<std::string> keep(const std::string& key, const FileBytes& files);

 private:
  struct Kept {
    std::string key;
    std::filesystem::path folder;
    std::size_t bytes = 0;
  };
  std::optional<ScratchFolder> root_;
  std::list<Kept> kept_;  // the latest used first
  std::size_t made_ = 0;
};

}  // namespace latcast
