#include "catalogue/definition_reader.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "catalogue/expression_parser.h"
#include "catalogue/toml_reader.h"

namespace latcast {
namespace {

class Reader {
 public:
  explicit Reader(const std::string& file) : toml_(file), file_(file) {}

  Result<Definitions> run(const toml::table& text) {
    toml_.check_keys(text, {"condition", "device_fact"});
    Definitions out;
    for (const toml::table* one : tables(text, "condition")) out.conditions.push_back(condition(*one));
    names_.clear();
    for (const toml::table* one : tables(text, "device_fact")) out.facts.push_back(fact(*one));
    if (const auto& error = toml_.error()) return tl::unexpected(*error);
    return out;
  }

 private:
  std::vector<const toml::table*> tables(const toml::table& text, const char* key) {
    std::vector<const toml::table*> out;
    if (const toml::array* array = toml_.array(text, key)) {
      for (const toml::node& node : *array) {
        if (const toml::table* one = node.as_table()) out.push_back(one);
      }
    }
    return out;
  }

  std::string name(const toml::table& table) {
    std::string out = toml_.text(table, "name", true);
    if (!is_identifier(out)) toml_.fail_at(table, "'name' must be made of letters, digits and '_'");
    if (!names_.insert(out).second) toml_.fail_at(table, "'" + out + "' is defined twice");
    return out;
  }

  DeviceFact fact(const toml::table& table) {
    toml_.check_keys(table, {"name", "summary", "usual"});
    DeviceFact out{name(table), toml_.text(table, "summary", true), {}, {}};
    const toml::node* usual = table.get("usual");
    if (usual == nullptr) {
      toml_.fail_at(table, "'usual' is missing: a number, or an expression over facts defined before");
      return out;
    }
    out.usual = toml_.expression(*usual, "usual");
    out.place = file_ + ":" + std::to_string(usual->source().begin.line);
    return out;
  }

  ConditionType condition(const toml::table& table) {
    toml_.check_keys(table, {"name", "summary", "unit", "range", "whole", "usual", "values"});
    ConditionType out;
    out.summary = toml_.text(table, "summary", true);
    out.whole = toml_.flag(table, "whole");
    ConditionRange& possible = out.possible;
    possible.name = name(table);
    possible.unit = toml_.text(table, "unit", false);
    possible.usual = toml_.number(table, "usual", 0);
    if (const toml::table* values = toml_.subtable(table, "values")) {
      read_values(*values, possible);
    } else {
      read_range(table, possible);
    }
    if (auto ok = out.check(possible.usual); !ok) toml_.fail_at(table, "'usual': " + ok.error().context);
    return out;
  }

  void read_range(const toml::table& table, ConditionRange& possible) {
    const std::vector<double> range = toml_.numbers(table, "range");
    if (range.size() != 2 || !(range[0] <= range[1])) {
      return toml_.fail_at(table, "needs range = [LOW, HIGH], or [condition.values] with a number for each name");
    }
    possible.low = range[0];
    possible.high = range[1];
  }

  void read_values(const toml::table& values, ConditionRange& possible) {
    for (const auto& [name, node] : TomlReader::in_file_order(values))
      possible.values.emplace_back(name, toml_.number(values, name, 0));
    if (possible.values.empty()) return toml_.fail_at(values, "'values' must name at least one");
    const auto [low, high] = std::ranges::minmax_element(possible.values, {}, &std::pair<std::string, double>::second);
    possible.low = low->second;
    possible.high = high->second;
  }

  TomlReader toml_;
  const std::string& file_;
  std::set<std::string> names_;
};

}  // namespace

Result<void> ConditionType::check(double value) const {
  const bool listed =
      possible.values.empty() ||
      std::ranges::find(possible.values, value, &std::pair<std::string, double>::second) != possible.values.end();
  if (listed && value >= possible.low && value <= possible.high && (!whole || value == std::floor(value))) return {};
  std::string what =
      "between " + condition_text(possible, possible.low) + " and " + condition_text(possible, possible.high);
  if (whole) what = "a whole number " + what;
  if (!listed) {
    what = "one of";
    for (const auto& [name, number] : possible.values) what += (what == "one of" ? " " : ", ") + name;
  }
  return fail(Errc::invalid_input, possible.name + " cannot be " + condition_text(possible, value) + ": it is " + what);
}

bool holds_definitions(std::string_view text) {
  return text.find("[[condition]]") != std::string_view::npos || text.find("[[device_fact]]") != std::string_view::npos;
}

Result<Definitions> read_definitions(std::string_view text, const std::string& file) {
  auto table = parse_toml(text, file);
  if (!table) return tl::unexpected(table.error());
  return Reader(file).run(*table);
}

}  // namespace latcast
