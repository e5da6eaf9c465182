#include "catalogue/catalogue.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "catalogue/builtin_catalogue.h"
#include "catalogue/module_type_reader.h"

namespace latcast {
namespace {

Result<std::vector<std::pair<std::string, std::string>>> read_directory(const std::filesystem::path& directory) {
  std::error_code failure;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory, failure)) {
    if (entry.path().extension() == ".toml") files.push_back(entry.path());
  }
  if (failure) return fail(Errc::not_found, "catalogue folder " + directory.string() + ": " + failure.message());
  if (files.empty()) {
    return fail(Errc::not_found,
                "catalogue folder " + directory.string() + " has no .toml file; one file is one module type");
  }
  std::ranges::sort(files);
  std::vector<std::pair<std::string, std::string>> sources;
  for (const auto& file : files) {
    std::ifstream stream(file, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    if (!stream) return fail(Errc::io, "cannot read " + file.string());
    sources.emplace_back(file.string(), std::move(text));
  }
  return sources;
}

}  // namespace

Result<Catalogue> Catalogue::from_sources(std::span<const std::pair<std::string, std::string>> sources) {
  Catalogue catalogue;
  // Later sources stand for what the user added: they override by name and are tried first.
  for (const auto& [file, text] : sources) {
    auto type = read_module_type(text, file);
    if (!type) return tl::unexpected(type.error());
    const auto same = std::ranges::find(catalogue.types_, type->name, &ModuleType::name);
    if (same != catalogue.types_.end()) {
      *same = std::move(*type);
    } else {
      catalogue.types_.push_back(std::move(*type));
    }
  }
  catalogue.index_operators();
  return catalogue;
}

void Catalogue::index_operators() {
  for (std::size_t index = types_.size(); index-- > 0;) {
    for (const OperatorName& op : types_[index].operators) {
      auto& domains = by_operator_[op.type];
      auto place = std::ranges::find(domains, op.domain, &Covering::domain);
      if (place == domains.end()) place = domains.insert(place, {op.domain, {}});
      place->types.push_back(index);
    }
  }
}

Catalogue Catalogue::restricted(const std::function<bool(const ModuleType&)>& keep) const {
  Catalogue result;
  std::ranges::copy_if(types_, std::back_inserter(result.types_), keep);
  result.index_operators();
  return result;
}

Result<Catalogue> Catalogue::builtin(std::span<const std::string> folders) {
  std::vector<std::pair<std::string, std::string>> sources;
  for (const auto& [name, text] : detail::builtin_catalogue()) sources.emplace_back(name, text);
  for (const std::string& folder : folders) {
    auto more = read_directory(folder);
    if (!more) return tl::unexpected(more.error());
    std::ranges::move(*more, std::back_inserter(sources));
  }
  return from_sources(sources);
}

const ModuleType* Catalogue::find(std::string_view name) const {
  const auto found = std::ranges::find(types_, name, &ModuleType::name);
  return found == types_.end() ? nullptr : &*found;
}

std::span<const std::size_t> Catalogue::covering(std::string_view domain, std::string_view op) const {
  const auto found = by_operator_.find(op);
  if (found == by_operator_.end()) return {};
  for (const Covering& one : found->second) {
    if (one.domain == domain) return one.types;
  }
  return {};
}

}  // namespace latcast
