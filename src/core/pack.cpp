#include "latcast/pack.h"

#include <algorithm>
#include <cstring>

#include "core/loaded_pack.h"

namespace latcast {
namespace {

/// Decodes `bytes`, which `loaded` keeps alive.
Result<void> fill(detail::LoadedPack& loaded, std::span<const std::uint8_t> bytes) {
  auto decoded = detail::decode_pack(bytes);
  if (!decoded) return tl::unexpected<Error>(decoded.error());
  loaded.decoded = std::move(*decoded);
  return {};
}

}  // namespace

std::string_view find_value(const std::vector<KeyValue>& list, std::string_view key) noexcept {
  const auto found = std::ranges::find(list, key, &KeyValue::key);
  return found == list.end() ? std::string_view() : std::string_view(found->value);
}

Result<Pack> Pack::open(const std::filesystem::path& path) {
  auto file = detail::MappedFile::open(path);
  if (!file) return tl::unexpected<Error>(file.error());
  auto loaded = std::make_shared<detail::LoadedPack>();
  loaded->file = std::move(*file);
  if (auto ok = fill(*loaded, loaded->file.bytes()); !ok) return fail_in(path.string(), ok.error());
  return Pack(std::move(loaded));
}

Result<Pack> Pack::from_bytes(std::span<const std::uint8_t> bytes) {
  auto loaded = std::make_shared<detail::LoadedPack>();
  loaded->copy.resize((bytes.size() + 7) / 8);
  if (!bytes.empty()) std::memcpy(loaded->copy.data(), bytes.data(), bytes.size());
  const auto* start = reinterpret_cast<const std::uint8_t*>(loaded->copy.data());
  if (auto ok = fill(*loaded, {start, bytes.size()}); !ok) return tl::unexpected<Error>(ok.error());
  return Pack(std::move(loaded));
}

const PackInfo& Pack::info() const noexcept { return loaded_->decoded.info; }

std::size_t Pack::type_count() const noexcept { return loaded_->decoded.types.size(); }

std::string_view Pack::type_name(std::size_t type) const noexcept {
  return type < type_count() ? std::string_view(loaded_->decoded.types[type].name) : "unknown";
}

std::span<const std::string> Pack::parameter_names(std::size_t type) const noexcept {
  if (type >= type_count()) return {};
  return loaded_->decoded.types[type].parameters;
}

std::optional<std::uint32_t> Pack::find_type(std::string_view name) const noexcept {
  const auto& types = loaded_->decoded.types;
  const auto found = std::ranges::find(types, name, &detail::DecodedType::name);
  if (found == types.end()) return std::nullopt;
  return static_cast<std::uint32_t>(found - types.begin());
}

std::string_view Pack::kernel_name(std::size_t type, std::size_t kernel) const noexcept {
  if (type >= type_count()) return {};
  const auto& kernels = loaded_->decoded.types[type].kernels;
  return kernel < kernels.size() ? std::string_view(kernels[kernel].name) : std::string_view();
}

Result<PackContent> read_pack_content(const std::filesystem::path& path) {
  auto pack = Pack::open(path);
  if (!pack) return tl::unexpected<Error>(pack.error());
  return detail::own(pack->loaded()->decoded);
}

}  // namespace latcast
