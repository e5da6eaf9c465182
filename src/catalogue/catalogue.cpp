#include "catalogue/catalogue.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "catalogue/builtin_catalogue.h"
#include "catalogue/condition_reader.h"
#include "catalogue/expression_compiler.h"
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
    if (holds_conditions(text)) {
      auto conditions = read_conditions(text, file);
      if (!conditions) return tl::unexpected(conditions.error());
      for (ConditionType& one : *conditions) {
        std::erase_if(catalogue.conditions_, [&](const auto& old) { return old.possible.name == one.possible.name; });
        catalogue.conditions_.push_back(std::move(one));
      }
      continue;
    }
    auto type = read_module_type(text, file);
    if (!type) return tl::unexpected(type.error());
    const auto same = std::ranges::find(catalogue.types_, type->name, &ModuleType::name);
    if (same != catalogue.types_.end()) {
      *same = std::move(*type);
    } else {
      catalogue.types_.push_back(std::move(*type));
    }
  }
  if (auto ok = catalogue.check_conditions(); !ok) return tl::unexpected(ok.error());
  catalogue.index_operators();
  return catalogue;
}

Result<void> Catalogue::check_conditions() const {
  std::vector<std::string> names;
  for (const ConditionType& one : conditions_) names.push_back(one.possible.name);
  for (const ModuleType& type : types_) {
    for (const std::string& name : type.conditions) {
      if (find_condition(name) != nullptr) continue;
      const auto near = closest_name(name, names);
      return fail(Errc::invalid_input, type.file + ": 'cond." + name + "': there is no such condition" +
                                           (near ? "; did you mean '" + *near + "'?" : ""));
    }
  }
  return {};
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

Catalogue Catalogue::of_graphs(std::string_view engine) const {
  return restricted([&](const ModuleType& type) {
    return !type.given() && (engine.empty() || type.engine.empty() || type.engine == engine);
  });
}

Catalogue Catalogue::restricted(const std::function<bool(const ModuleType&)>& keep) const {
  Catalogue result;
  std::ranges::copy_if(types_, std::back_inserter(result.types_), keep);
  result.conditions_ = conditions_;
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

const ConditionType* Catalogue::find_condition(std::string_view name) const {
  const auto found =
      std::ranges::find(conditions_, name, [](const auto& one) -> const auto& { return one.possible.name; });
  return found == conditions_.end() ? nullptr : &*found;
}

std::vector<ConditionRange> Catalogue::condition_ranges() const {
  std::vector<ConditionRange> out;
  for (const ConditionType& one : conditions_) out.push_back(one.possible);
  return out;
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
