// Texts with fields, as maps write headings and names.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "latcast/result.h"

namespace latcast {

/// A text with fields in braces: matched against headings, or filled in from what matched.
class FieldText {
 public:
  using Fields = std::map<std::string, std::string>;

  FieldText() = default;
  /// `what` is the key in messages.
  static Result<FieldText> parse(std::string_view text, std::string_view what);

  [[nodiscard]] bool empty() const { return parts_.empty(); }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::vector<std::string> fields() const;
  /// A field takes one or more characters, none of them '|'; the same field twice, the same ones.
  [[nodiscard]] std::optional<Fields> match(std::string_view heading) const;
  /// Every field must have a value.
  [[nodiscard]] std::string fill(const Fields& values) const;

 private:
  struct Part {
    bool field = false;
    std::string text;
  };
  [[nodiscard]] bool match_from(std::size_t part, std::string_view rest, Fields& values) const;

  std::string text_;
  std::vector<Part> parts_;
};

}  // namespace latcast
