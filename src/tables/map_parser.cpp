// A map's TOML, key by key.
#include <algorithm>

#include "catalogue/expression_compiler.h"
#include "catalogue/expression_parser.h"
#include "catalogue/toml_reader.h"
#include "core/mapped_file.h"
#include "tables/table_map.h"

namespace latcast {
namespace {

constexpr std::uintmax_t kLargestMap = 4 << 20;

const std::map<std::string, double, std::less<>>& units() {
  static const std::map<std::string, double, std::less<>> kUnits = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
  return kUnits;
}

class MapParser {
 public:
  MapParser(const toml::table& table, std::string_view text, const std::string& place) : table_(table), toml_(place) {
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

}  // namespace

Result<TableMap> read_map(const std::string& file) {
  const auto mapped = detail::MappedFile::open(file);
  if (!mapped) return tl::unexpected(mapped.error());
  if (mapped->bytes().size() > kLargestMap) return fail(Errc::invalid_input, file + ": too large for a map");
  return parse_map(mapped->text(), file);
}

Result<TableMap> parse_map(std::string_view text, const std::string& place) {
  auto table = parse_toml(text, place);
  if (!table) return tl::unexpected(table.error());
  return MapParser(*table, text, place).run();
}

}  // namespace latcast
