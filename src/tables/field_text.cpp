#include "tables/field_text.h"

#include <algorithm>
#include <cstddef>

#include "catalogue/expression_parser.h"

namespace latcast {

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

}  // namespace latcast
