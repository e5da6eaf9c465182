// Pack: everything latcast knows about one target, from one file that is memory-mapped and verified before use.
//
// Immutable and thread-safe once opened; moving is cheap, and Predictors made from a Pack keep it alive.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "latcast/pack_info.h"
#include "latcast/result.h"

namespace latcast {

namespace detail {
struct LoadedPack;
}

class Pack {
 public:
  /// Errc::not_found, io, corrupt (not a pack, damaged), mismatch (another format version), unsupported (holds a model
  /// of a kind that only a newer latcast evaluates). The message names the file and says what to do.
  static Result<Pack> open(const std::filesystem::path& path);
  /// From memory (a copy is kept); errors as for open().
  static Result<Pack> from_bytes(std::span<const std::uint8_t> bytes);

  [[nodiscard]] const PackInfo& info() const noexcept;
  [[nodiscard]] const Target& target() const noexcept { return info().target; }

  [[nodiscard]] std::size_t type_count() const noexcept;
  [[nodiscard]] std::string_view type_name(std::size_t type) const noexcept;
  /// Parameters in the order in which a query gives their values.
  [[nodiscard]] std::span<const std::string> parameter_names(std::size_t type) const noexcept;
  [[nodiscard]] std::optional<std::uint32_t> find_type(std::string_view name) const noexcept;
  /// Name of a kernel class, as in ModuleForecast::kernel.
  [[nodiscard]] std::string_view kernel_name(std::size_t type, std::size_t kernel) const noexcept;

  /// The catalogue the pack was trained with: file names and TOML texts.
  [[nodiscard]] std::span<const KeyValue> sources() const noexcept { return info().sources; }

  [[nodiscard]] const std::shared_ptr<const detail::LoadedPack>& loaded() const noexcept { return loaded_; }

 private:
  explicit Pack(std::shared_ptr<const detail::LoadedPack> loaded) : loaded_(std::move(loaded)) {}
  // Shared: predictors outlive the Pack that they were made from.
  std::shared_ptr<const detail::LoadedPack> loaded_;
};

}  // namespace latcast
