#include "catalogue/catalogue.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>

#include "catalogue/builtin_catalogue.h"
#include "catalogue/definition_reader.h"
#include "catalogue/expression_compiler.h"
#include "catalogue/module_type_reader.h"
#include "core/mapped_file.h"

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
    const auto mapped = detail::MappedFile::open(file);
    if (!mapped) return tl::unexpected(mapped.error());
    sources.emplace_back(file.string(), mapped->text());
  }
  return sources;
}

bool beside_another(const std::filesystem::path& file, const std::filesystem::path& other) {
  return file != other && file.parent_path() == other.parent_path();
}

/// In the place of the one that has its name, or else behind the others.
template <class T, class Name>
void put(std::vector<T>& all, T one, Name name) {
  const auto same = std::ranges::find(all, name(one), name);
  if (same != all.end()) {
    *same = std::move(one);
  } else {
    all.push_back(std::move(one));
  }
}

}  // namespace

Result<Catalogue> Catalogue::from_sources(std::span<const std::pair<std::string, std::string>> sources,
                                          const DeviceFacts& told) {
  Catalogue catalogue;
  // Later sources stand for what the user added: they override by name and are tried first.
  for (const auto& source : sources) {
    if (!holds_definitions(source.second)) continue;
    if (auto ok = catalogue.read_definitions(source); !ok) return tl::unexpected(ok.error());
  }
  for (const DeviceFact& fact : catalogue.facts_) {
    if (const auto found = told.find(fact.name); found != told.end()) catalogue.told_.insert(*found);
  }
  const auto facts = catalogue.known_facts();
  if (!facts) return tl::unexpected(facts.error());
  for (const auto& [file, text] : sources) {
    if (holds_definitions(text)) continue;
    auto type = read_module_type(text, file, *facts);
    if (!type) return tl::unexpected(type.error());
    const ModuleType* same = catalogue.find(type->name);
    if (same != nullptr && beside_another(file, same->file)) {
      return fail(Errc::invalid_input, file + ": the type '" + type->name + "' is also in " + same->file);
    }
    put(catalogue.types_, std::move(*type), [](const ModuleType& one) { return one.name; });
  }
  if (auto ok = catalogue.check_conditions(); !ok) return tl::unexpected(ok.error());
  catalogue.index_operators();
  return catalogue;
}

Result<Catalogue> Catalogue::of_device(const DeviceFacts& told) const {
  std::vector<std::pair<std::string, std::string>> sources = definitions_;
  for (const ModuleType& type : types_) sources.emplace_back(type.file, type.source);
  return from_sources(sources, told);
}

Result<void> Catalogue::read_definitions(const std::pair<std::string, std::string>& source) {
  auto read = latcast::read_definitions(source.second, source.first);
  if (!read) return tl::unexpected(read.error());
  for (ConditionType& one : read->conditions)
    put(conditions_, std::move(one), [](const ConditionType& type) { return type.possible.name; });
  for (DeviceFact& one : read->facts) put(facts_, std::move(one), [](const DeviceFact& fact) { return fact.name; });
  definitions_.push_back(source);
  return {};
}

Result<DeviceFacts> Catalogue::known_facts() const {
  DeviceFacts out;
  for (const DeviceFact& fact : facts_) {
    const auto usual = compile_expression(fact.usual, {}, out);
    if (!usual) return fail_in(fact.place + ": 'usual'", usual.error());
    const auto found = told_.find(fact.name);
    out.emplace(fact.name, found == told_.end() ? evaluate(*usual, {}) : found->second);
  }
  return out;
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
  Catalogue result = *this;
  std::erase_if(result.types_, std::not_fn(keep));
  result.by_operator_.clear();
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
