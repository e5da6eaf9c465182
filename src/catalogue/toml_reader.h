// Reading TOML tables with every key accounted for: an unknown key is an error that names the place and suggests the
// nearest known one. The first error is remembered; later reads return defaults. The one place that includes toml++.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "latcast/result.h"

#define TOML_EXCEPTIONS 0
// Its debug assertions fire on malformed files, which its parser goes on to report in words.
#define TOML_ASSERT(expr) static_cast<void>(0)
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace latcast {

class TomlReader {
 public:
  /// `place` names the file in messages.
  explicit TomlReader(std::string place) : place_(std::move(place)) {}

  /// Refuses keys of `table` that are not in `known`.
  void check_keys(const toml::table& table, std::initializer_list<std::string_view> known);

  [[nodiscard]] std::string text(const toml::table& table, std::string_view key, bool required);
  [[nodiscard]] double number(const toml::table& table, std::string_view key, double fallback);
  [[nodiscard]] bool flag(const toml::table& table, std::string_view key);
  [[nodiscard]] std::vector<double> numbers(const toml::table& table, std::string_view key);
  [[nodiscard]] const toml::table* subtable(const toml::table& table, std::string_view key);
  [[nodiscard]] const toml::array* array(const toml::table& table, std::string_view key);

  /// Number or string as expression text; an error otherwise.
  [[nodiscard]] std::string expression(const toml::node& node, std::string_view key);
  [[nodiscard]] std::vector<std::string> expressions(const toml::table& table, std::string_view key);
  /// Entries of a table in the order of the file (toml++ sorts them by name).
  [[nodiscard]] static std::vector<std::pair<std::string, const toml::node*>> in_file_order(const toml::table& table);

  void fail_at(const toml::node& node, const std::string& what);
  [[nodiscard]] bool failed() const { return error_.has_value(); }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  std::string place_;
  std::optional<Error> error_;
};

/// Parses a TOML text; a syntax error names `place` and the line.
[[nodiscard]] Result<toml::table> parse_toml(std::string_view text, const std::string& place);

}  // namespace latcast
