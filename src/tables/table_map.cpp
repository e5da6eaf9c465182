#include "tables/table_map.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "catalogue/expression_compiler.h"
#include "catalogue/expression_parser.h"
#include "catalogue/toml_reader.h"

namespace latcast {
namespace {

constexpr std::uintmax_t kLargestMap = 4 << 20;

const std::map<std::string, double, std::less<>>& units() {
  static const std::map<std::string, double, std::less<>> kUnits = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
  return kUnits;
}

class MapReader {
 public:
  MapReader(const toml::table& table, std::string_view text, const std::string& place) : table_(table), toml_(place) {
    map_.place = place;
    map_.text = std::string(text);
  }

  Result<TableMap> run() {
    toml_.check_keys(table_, {"name", "summary", "source", "rows", "network", "order", "missing", "operations",
                              "unmatched", "columns", "target", "family", "module"});
    header();
    columns();
    if (const toml::table* target = toml_.subtable(table_, "target")) {
      read_target(*target);
    } else {
      toml_.fail_at(table_, "the table [target] is missing");
    }
    each("family", [&](const toml::table& one) { read_family(one); });
    each("module", [&](const toml::table& one) { read_module(one); });
    check_rows();
    if (const auto& error = toml_.error()) return tl::unexpected(*error);
    return std::move(map_);
  }

 private:
  void header() {
    map_.name = filled(table_, "name");
    map_.summary = toml_.text(table_, "summary", false);
    map_.source = toml_.text(table_, "source", false);
    const std::string rows = toml_.text(table_, "rows", true);
    if (rows != "operations" && rows != "networks") {
      toml_.fail_at(at(table_, "rows"), "'rows' must be \"operations\" or \"networks\"");
    }
    map_.rows = rows == "networks" ? TableMap::Rows::networks : TableMap::Rows::operations;
    map_.network = filled(table_, "network");
    map_.order = toml_.text(table_, "order", false);
    map_.missing = table_.contains("missing") ? texts(table_, "missing") : std::vector<std::string>{"-", "NaN", "nan"};
    map_.operations = texts(table_, "operations");
    const std::string unmatched = toml_.text(table_, "unmatched", false);
    if (table_.contains("unmatched") && unmatched != "skip" && unmatched != "error") {
      toml_.fail_at(at(table_, "unmatched"), "'unmatched' must be \"skip\" or \"error\"");
    }
    map_.skip_unmatched = unmatched == "skip";
  }

  void columns() {
    const toml::table* table = toml_.subtable(table_, "columns");
    if (table == nullptr) return;
    for (const auto& [alias, node] : TomlReader::in_file_order(*table)) {
      if (!is_identifier(alias)) {
        toml_.fail_at(*node, "the alias '" + alias + "' must be made of letters, digits and '_'");
      }
      map_.columns[alias] = filled(*table, alias);
    }
  }

  void read_target(const toml::table& table) {
    toml_.check_keys(table, {"latency", "deviation", "kernel", "unit", "statistic", "name", "device", "engine",
                             "engine_version", "settings", "condition"});
    TargetRule& target = map_.target;
    target.latency = field_text(table, "latency", true);
    known_ = target.latency.fields();
    target.deviation = field_text(table, "deviation", false);
    target.kernel = field_text(table, "kernel", false);
    const std::string unit = toml_.text(table, "unit", true);
    const auto found = units().find(unit);
    if (found == units().end()) {
      toml_.fail_at(at(table, "unit"), "'unit' must be ns, us, ms or s, not '" + unit + "'");
    } else {
      target.unit_ns = found->second;
    }
    target.statistic = filled(table, "statistic");
    target.name = field_text(table, "name", true);
    target.device = field_text(table, "device", true);
    target.engine = field_text(table, "engine", true);
    target.engine_version = field_text(table, "engine_version", true);
    if (const toml::table* settings = toml_.subtable(table, "settings")) {
      for (const auto& [name, node] : TomlReader::in_file_order(*settings)) {
        if (name == "statistic" || name.starts_with("condition.")) {
          toml_.fail_at(*node, "'" + name + "' has a key of its own in [target]");
        }
        target.settings.emplace_back(name, field_text(*settings, name, true));
      }
    }
    if (const toml::table* conditions = toml_.subtable(table, "condition")) {
      for (const auto& [name, node] : TomlReader::in_file_order(*conditions)) read_condition(name, *node);
    }
  }

  void read_condition(const std::string& name, const toml::node& node) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return toml_.fail_at(node, "'" + name + "' must be a table: [target.condition." + name + "]");
    toml_.check_keys(*table, {"field", "values", "otherwise"});
    TargetCondition condition;
    condition.name = name;
    condition.field = filled(*table, "field");
    if (!condition.field.empty() && std::ranges::find(known_, condition.field) == known_.end()) {
      unknown_field(at(*table, "field"), condition.field);
    }
    if (const toml::table* values = toml_.subtable(*table, "values")) {
      for (const auto& [key, value] : TomlReader::in_file_order(*values)) {
        condition.values[key] = toml_.number(*values, key, 0);
      }
    }
    if (table->contains("otherwise")) condition.otherwise = toml_.number(*table, "otherwise", 0);
    if (condition.values.empty() && !condition.otherwise) toml_.fail_at(node, "'values' is missing");
    map_.target.conditions.push_back(std::move(condition));
  }

  void read_family(const toml::table& table) {
    toml_.check_keys(table, {"name", "networks"});
    FamilyRule family{filled(table, "name"), texts(table, "networks")};
    if (family.networks.empty()) toml_.fail_at(table, "'networks' must list at least one pattern");
    map_.families.push_back(std::move(family));
  }

  void read_module(const toml::table& table) {
    toml_.check_keys(table, {"type", "when", "listed", "parameters"});
    ModuleRule rule;
    rule.line = table.source().begin.line;
    rule.type = filled(table, "type");
    if (const toml::node* when = table.get("when")) rule.when = program(*when, "when");
    rule.listed = !table.contains("listed") || toml_.flag(table, "listed");
    if (const toml::table* parameters = toml_.subtable(table, "parameters")) {
      for (const auto& [name, node] : TomlReader::in_file_order(*parameters)) {
        rule.parameters.emplace_back(name, program(*node, name));
      }
    }
    map_.modules.push_back(std::move(rule));
  }

  /// What does not go with a row per operation, or a row per network.
  void check_rows() {
    const bool networks = map_.rows == TableMap::Rows::networks;
    for (const char* key : {"module", "order", "unmatched"}) {
      if (networks && table_.contains(key)) {
        toml_.fail_at(at(table_, key), "'" + std::string(key) + "' is for rows = \"operations\"");
      }
    }
    if (networks && !map_.target.kernel.empty()) {
      toml_.fail_at(table_, "'kernel' is for rows = \"operations\"");
    }
    if (!networks && !map_.operations.empty()) {
      toml_.fail_at(at(table_, "operations"), "'operations' is for rows = \"networks\"");
    }
    if (!networks && map_.modules.empty()) toml_.fail_at(table_, "there is no [[module]]");
  }

  // ---- helpers

  template <class Read>
  void each(const std::string& key, Read read) {
    const toml::array* array = toml_.array(table_, key);
    if (array == nullptr) return;
    for (const toml::node& node : *array) {
      const toml::table* one = node.as_table();
      if (one == nullptr)
        return toml_.fail_at(node, "'" + key + "' must be an array of tables, each headed by the name in [[ ]]");
      read(*one);
    }
  }

  static const toml::node& at(const toml::table& table, std::string_view key) {
    const toml::node* node = table.get(key);
    return node != nullptr ? *node : table;
  }

  /// A text that must be there and not be empty.
  std::string filled(const toml::table& table, std::string_view key) {
    std::string text = toml_.text(table, key, true);
    if (text.empty()) toml_.fail_at(at(table, key), "'" + std::string(key) + "' is empty");
    return text;
  }

  std::vector<std::string> texts(const toml::table& table, std::string_view key) {
    std::vector<std::string> result;
    const toml::array* list = toml_.array(table, key);
    if (list == nullptr) return result;
    for (const toml::node& node : *list) {
      const auto text = node.value_exact<std::string>();
      if (!text) toml_.fail_at(node, "'" + std::string(key) + "' must list texts");
      result.push_back(text.value_or(""));
    }
    return result;
  }

  FieldText field_text(const toml::table& table, std::string_view key, bool required) {
    const std::string text = required ? filled(table, key) : toml_.text(table, key, false);
    auto result = FieldText::parse(text, key);
    if (!result) {
      toml_.fail_at(at(table, key), result.error().context);
      return {};
    }
    if (key == "latency") return std::move(*result);
    for (const std::string& field : result->fields()) {
      if (std::ranges::find(known_, field) == known_.end()) unknown_field(at(table, key), field);
    }
    return std::move(*result);
  }

  void unknown_field(const toml::node& node, const std::string& field) {
    const auto near = closest_name(field, known_);
    toml_.fail_at(node,
                  "the field '" + field + "' is not in 'latency'" + (near ? "; did you mean '" + *near + "'?" : ""));
  }

  Program program(const toml::node& node, const std::string& key) {
    auto compiled = compile_row_expression(toml_.expression(node, key), map_.reads);
    if (compiled) return std::move(*compiled);
    toml_.fail_at(node, "'" + key + "': " + compiled.error().context);
    return {};
  }

  const toml::table& table_;
  TomlReader toml_;
  TableMap map_;
  std::vector<std::string> known_;  // fields of 'latency'
};

std::string rule_place(const TableMap& map, const ModuleRule& rule) {
  return map.place + ":" + std::to_string(rule.line) + ": the rule for '" + rule.type + "'";
}

std::vector<std::string> given_types(const Catalogue& catalogue) {
  std::vector<std::string> names;
  for (const ModuleType& type : catalogue.types()) {
    if (type.given()) names.push_back(type.name);
  }
  return names;
}

Result<void> check_rule(const TableMap& map, const ModuleRule& rule, const Catalogue& catalogue) {
  const ModuleType* type = catalogue.find(rule.type);
  if (type == nullptr) {
    const auto near = closest_name(rule.type, given_types(catalogue));
    return fail(Errc::invalid_input, rule_place(map, rule) + ": the catalogue has no such module type" +
                                         (near ? "; did you mean '" + *near + "'?" : ""));
  }
  if (!type->given()) {
    return fail(Errc::invalid_input,
                rule_place(map, rule) + ": modules of this type come from graphs; a table needs a type with 'given'");
  }
  std::vector<std::string> names;
  for (const Parameter& parameter : type->parameters) names.push_back(parameter.name);
  for (const auto& [name, program] : rule.parameters) {
    if (std::ranges::find(names, name) == names.end()) {
      const auto near = closest_name(name, names);
      return fail(Errc::invalid_input, rule_place(map, rule) + ": the type has no parameter '" + name + "'" +
                                           (near ? "; did you mean '" + *near + "'?" : ""));
    }
  }
  for (const std::string& name : names) {
    const bool row = std::ranges::any_of(rule.parameters, [&](const auto& one) { return one.first == name; });
    const bool target = std::ranges::any_of(map.target.conditions, [&](const auto& one) { return one.name == name; });
    if (row == target) {
      return fail(Errc::invalid_input,
                  rule_place(map, rule) + ": parameter '" + name +
                      (row ? "' comes both from the row and from a [target.condition]"
                           : "' of the type is missing; give it in [module.parameters] or as a [target.condition]"));
    }
  }
  return {};
}

}  // namespace

Result<FieldText> FieldText::parse(std::string_view text, std::string_view what) {
  FieldText result;
  result.text_ = std::string(text);
  while (!text.empty()) {
    const std::size_t open = text.find_first_of("{}");
    if (open > 0) result.parts_.push_back({false, std::string(text.substr(0, open))});
    if (open == std::string_view::npos) break;
    text.remove_prefix(open);
    const std::size_t close = text.find('}', 1);
    const std::string_view name = text.substr(1, close == std::string_view::npos ? 0 : close - 1);
    if (text.front() == '}' || !is_identifier(name)) {
      return fail(Errc::invalid_input,
                  "'" + std::string(what) + "': a field is written {name}, with letters, digits and '_'");
    }
    if (!result.parts_.empty() && result.parts_.back().field && what == "latency") {
      return fail(Errc::invalid_input, "'" + std::string(what) + "': two fields need a text between them");
    }
    result.parts_.push_back({true, std::string(name)});
    text.remove_prefix(close + 1);
  }
  return result;
}

std::vector<std::string> FieldText::fields() const {
  std::vector<std::string> names;
  for (const Part& part : parts_) {
    if (part.field && std::ranges::find(names, part.text) == names.end()) names.push_back(part.text);
  }
  return names;
}

std::optional<FieldText::Fields> FieldText::match(std::string_view heading) const {
  Fields values;
  if (!match_from(0, heading, values)) return std::nullopt;
  return values;
}

bool FieldText::match_from(std::size_t part, std::string_view rest, Fields& values) const {
  if (part == parts_.size()) return rest.empty();
  const Part& one = parts_[part];
  if (!one.field) return rest.starts_with(one.text) && match_from(part + 1, rest.substr(one.text.size()), values);
  if (const auto known = values.find(one.text); known != values.end()) {
    const std::string value = known->second;
    return rest.starts_with(value) && match_from(part + 1, rest.substr(value.size()), values);
  }
  const std::size_t most = std::min(rest.find('|'), rest.size());
  for (std::size_t length = most; length > 0; --length) {
    values[one.text] = std::string(rest.substr(0, length));
    if (match_from(part + 1, rest.substr(length), values)) return true;
    values.erase(one.text);
  }
  return false;
}

std::string FieldText::fill(const Fields& values) const {
  std::string result;
  for (const Part& part : parts_) result += part.field ? values.at(part.text) : part.text;
  return result;
}

bool TableMap::looks_around() const {
  return std::ranges::any_of(reads, [](const RowRead& read) { return read.row != RowRead::Row::current; });
}

const std::string& TableMap::heading(const std::string& column) const {
  const auto found = columns.find(column);
  return found == columns.end() ? column : found->second;
}

Result<TableMap> read_map(const std::string& file) {
  std::error_code failure;
  if (std::filesystem::is_directory(file, failure)) return fail(Errc::invalid_input, file + ": is a folder, not a map");
  if (std::filesystem::file_size(file, failure) > kLargestMap && !failure) {
    return fail(Errc::invalid_input, file + ": too large for a map");
  }
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (!stream.is_open() || stream.bad()) {
    return fail(errno == ENOENT ? Errc::not_found : Errc::io,
                "cannot read the map " + file + (errno != 0 ? ": " + std::string(std::strerror(errno)) : ""));
  }
  return parse_map(text, file);
}

Result<TableMap> parse_map(std::string_view text, const std::string& place) {
  auto table = parse_toml(text, place);
  if (!table) return tl::unexpected(table.error());
  return MapReader(*table, text, place).run();
}

Result<void> check_map(const TableMap& map, const Catalogue& catalogue) {
  for (const ModuleRule& rule : map.modules) {
    if (auto ok = check_rule(map, rule, catalogue); !ok) return ok;
  }
  return {};
}

std::string family_of(const TableMap& map, std::string_view network) {
  for (const FamilyRule& family : map.families) {
    if (std::ranges::any_of(family.networks, [&](const std::string& pattern) { return fits(pattern, network); })) {
      return family.name;
    }
  }
  const std::string_view letters = network.substr(0, network.find_first_of("0123456789_-"));
  return std::string(letters.empty() ? network : letters);
}

bool fits(std::string_view pattern, std::string_view text) {
  // Where the last '*' stood and what it may take next: only that one needs to be tried again.
  std::size_t at = 0, from = 0, star = std::string_view::npos, taken = 0;
  while (from < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      taken = from;
    } else if (at < pattern.size() && (pattern[at] == '?' || pattern[at] == text[from])) {
      ++at;
      ++from;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      from = ++taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

}  // namespace latcast
