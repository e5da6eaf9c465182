#include "catalogue/condition_reader.h"

#include <algorithm>
#include <cmath>

#include "catalogue/expression_parser.h"
#include "catalogue/toml_reader.h"

namespace latcast {
namespace {

class Reader {
 public:
  Reader(TomlReader& toml, std::string_view source, const std::string& file)
      : toml_(toml), source_(source), file_(file) {}

  ConditionType run(const toml::table& table) {
    toml_.check_keys(table, {"name", "summary", "unit", "range", "whole", "usual", "values"});
    ConditionType out;
    out.file = file_;
    out.source = std::string(source_);
    out.summary = toml_.text(table, "summary", true);
    out.whole = toml_.flag(table, "whole");
    ConditionRange& possible = out.possible;
    possible.name = toml_.text(table, "name", true);
    if (!is_identifier(possible.name)) toml_.fail_at(table, "'name' must be made of letters, digits and '_'");
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

 private:
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

  TomlReader& toml_;
  std::string_view source_;
  const std::string& file_;
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

bool holds_conditions(std::string_view text) { return text.find("[[condition]]") != std::string_view::npos; }

Result<std::vector<ConditionType>> read_conditions(std::string_view text, const std::string& file) {
  auto table = parse_toml(text, file);
  if (!table) return tl::unexpected(table.error());
  TomlReader toml(file);
  toml.check_keys(*table, {"condition"});
  std::vector<ConditionType> out;
  if (const toml::array* array = toml.array(*table, "condition")) {
    for (const toml::node& node : *array) {
      if (const toml::table* one = node.as_table()) out.push_back(Reader(toml, text, file).run(*one));
    }
  }
  if (const auto& error = toml.error()) return tl::unexpected(*error);
  return out;
}

}  // namespace latcast
