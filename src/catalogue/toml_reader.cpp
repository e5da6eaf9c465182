#include "catalogue/toml_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <tuple>

#include "catalogue/expression_compiler.h"

namespace latcast {

void TomlReader::fail_at(const toml::node& node, const std::string& what) {
  if (error_) return;
  const auto line = node.source().begin.line;
  error_ = Error{Errc::invalid_input, place_ + (line > 0 ? ":" + std::to_string(line) : "") + ": " + what};
}

void TomlReader::check_keys(const toml::table& table, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : table) {
    if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
    const std::vector<std::string> candidates(known.begin(), known.end());
    const auto near = closest_name(key.str(), candidates);
    std::string list;
    for (const std::string& candidate : candidates) list += (list.empty() ? "" : ", ") + candidate;
    fail_at(value, "unknown key '" + std::string(key.str()) + "'" +
                       (near ? "; did you mean '" + *near + "'?" : "; known keys: " + list));
  }
}

std::string TomlReader::text(const toml::table& table, std::string_view key, bool required) {
  const toml::node* node = table.get(key);
  if (node == nullptr) {
    if (required) fail_at(table, "'" + std::string(key) + "' is missing");
    return {};
  }
  if (const auto value = node->value_exact<std::string>()) return *value;
  fail_at(*node, "'" + std::string(key) + "' must be a text");
  return {};
}

double TomlReader::number(const toml::table& table, std::string_view key, double fallback) {
  const toml::node* node = table.get(key);
  if (node == nullptr) return fallback;
  const auto value = node->is_number() ? node->value<double>() : std::nullopt;
  if (value && std::isfinite(*value)) return *value;
  fail_at(*node, "'" + std::string(key) + "' must be a finite number");
  return fallback;
}

bool TomlReader::flag(const toml::table& table, std::string_view key) {
  const toml::node* node = table.get(key);
  if (node == nullptr) return false;
  if (const auto value = node->value_exact<bool>()) return *value;
  fail_at(*node, "'" + std::string(key) + "' must be true or false");
  return false;
}

std::vector<double> TomlReader::numbers(const toml::table& table, std::string_view key) {
  std::vector<double> result;
  const toml::array* list = array(table, key);
  if (list == nullptr) return result;
  for (const toml::node& node : *list) {
    const auto value = node.is_number() ? node.value<double>() : std::nullopt;
    if (!value || !std::isfinite(*value)) {
      fail_at(node, "'" + std::string(key) + "' must list finite numbers");
      break;
    }
    result.push_back(*value);
  }
  return result;
}

const toml::table* TomlReader::subtable(const toml::table& table, std::string_view key) {
  const toml::node* node = table.get(key);
  if (node == nullptr) return nullptr;
  if (!node->is_table()) fail_at(*node, "'" + std::string(key) + "' must be a table");
  return node->as_table();
}

const toml::array* TomlReader::array(const toml::table& table, std::string_view key) {
  const toml::node* node = table.get(key);
  if (node == nullptr) return nullptr;
  if (!node->is_array()) fail_at(*node, "'" + std::string(key) + "' must be a list");
  return node->as_array();
}

std::string TomlReader::expression(const toml::node& node, std::string_view key) {
  if (const auto value = node.value_exact<std::string>()) return *value;
  if (const auto value = node.value_exact<std::int64_t>()) return std::to_string(*value);
  if (const auto value = node.value_exact<double>()) {
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, *value).ptr;
    return std::string(buffer, end);
  }
  fail_at(node, "'" + std::string(key) + "' must be an expression (a text or a number)");
  return "0";
}

std::vector<std::string> TomlReader::expressions(const toml::table& table, std::string_view key) {
  std::vector<std::string> result;
  if (const toml::array* list = array(table, key)) {
    for (const toml::node& node : *list) result.push_back(expression(node, key));
  }
  return result;
}

std::vector<std::pair<std::string, const toml::node*>> TomlReader::in_file_order(const toml::table& table) {
  std::vector<std::pair<std::string, const toml::node*>> entries;
  for (const auto& [key, value] : table) entries.emplace_back(std::string(key.str()), &value);
  const auto position = [](const auto& entry) {
    const auto& begin = entry.second->source().begin;
    return std::tuple(begin.line, begin.column);
  };
  std::ranges::stable_sort(entries, {}, position);
  return entries;
}

namespace {

/// Line of the first non-ASCII character that stands neither in a comment nor in a string of one line; 0: none. toml++
/// is not defined for some of them.
int stray_character_line(std::string_view text) {
  int line = 1;
  char inside = 0;  // the quote of the string, or '#'
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      ++line;
      inside = 0;
    } else if (inside == 0 && static_cast<unsigned char>(c) >= 0x80) {
      return line;
    } else if (inside == 0 && (c == '"' || c == '\'' || c == '#')) {
      inside = c;
    } else if (inside == '"' && c == '\\' && i + 1 < text.size() && text[i + 1] != '\n') {
      ++i;
    } else if (inside != '#' && c == inside) {
      inside = 0;
    }
  }
  return 0;
}

}  // namespace

Result<toml::table> parse_toml(std::string_view text, const std::string& place) {
  if (const int line = stray_character_line(text); line > 0) {
    return fail(Errc::invalid_input, place + ":" + std::to_string(line) +
                                         ": a character that is not ASCII stands outside of comments and of strings "
                                         "of one line");
  }
  toml::parse_result parsed = toml::parse(text);
  if (parsed) return std::move(parsed).table();
  const auto& failure = parsed.error();
  return fail(Errc::invalid_input,
              place + ":" + std::to_string(failure.source().begin.line) + ": " + std::string(failure.description()));
}

}  // namespace latcast
