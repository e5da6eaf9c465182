#include "catalogue/expression_compiler.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include "catalogue/expression_parser.h"

namespace latcast {
namespace {

constexpr double kMaxIndex = 1 << 16;

/// Names are numbered slots.
class SlotParser final : public ExpressionParser {
 public:
  SlotParser(std::string_view text, std::span<const std::string> names, const DeviceFacts& facts)
      : ExpressionParser(text, &facts), names_(names) {}

 private:
  void named(const std::string& word_read) override {
    std::string name = word_read;
    if (name + "." == kConditionPrefix && accept(".")) name = std::string(kConditionPrefix) + word();
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end()) {
      const auto near = closest_name(name, names_);
      return stop("unknown name '" + name + "'" + (near ? "; did you mean '" + *near + "'?" : ""));
    }
    load(static_cast<std::size_t>(found - names_.begin()));
  }
  [[nodiscard]] std::size_t slot_count() const override { return names_.size(); }

  std::span<const std::string> names_;
};

/// Names are read off an executed node.
class NodeParser final : public ExpressionParser {
 public:
  NodeParser(std::string_view text, std::vector<NodeRead>& reads, const DeviceFacts& facts)
      : ExpressionParser(text, &facts), reads_(reads) {}

 private:
  [[nodiscard]] std::size_t slot_count() const override { return reads_.size(); }

  void named(const std::string& name) override {
    NodeRead read;
    if (const auto tensor = tensor_reference(name)) {
      read.kind = tensor->first ? NodeRead::Kind::input_dim : NodeRead::Kind::output_dim;
      read.index = tensor->second;
      if (accept(".")) {
        if (word() != "value" || !tensor->first) return stop("only inK.value[i] can follow '" + name + ".'");
        read.kind = NodeRead::Kind::input_value;
      }
      index_into(read, true);
    } else if (name == "attr") {
      expect(".");
      attribute(read);
    } else if (!function_read(name, read) && !total_read(name, read)) {
      if (!accept(".")) return stop("unknown name '" + name + "'");
      if (name + "." == kConditionPrefix) {
        return stop("conditions are no parameters: read them in [derived], 'base', 'features' or 'when' of a kernel");
      }
      read.kind = NodeRead::Kind::view;
      read.name = name + "." + word();
    }
    finish_read(std::move(read));
  }

  void attribute(NodeRead& read) {
    read.kind = NodeRead::Kind::attribute;
    read.name = word();
    index_into(read, false);
    if (auto text = compared("==")) {
      read.kind = NodeRead::Kind::attribute_equals;
      read.text = std::move(*text);
      read.fallback = 0.0;
    }
  }

  bool function_read(const std::string& name, NodeRead& read) {
    using Kind = NodeRead::Kind;
    static const std::map<std::string, std::pair<Kind, Kind>, std::less<>> kTensorFunctions = {
        {"rank", {Kind::input_rank, Kind::output_rank}},
        {"elements", {Kind::input_elements, Kind::output_elements}},
        {"constant", {Kind::input_constant, Kind::input_constant}},
        {"element_size", {Kind::input_element_size, Kind::input_element_size}},
        {"reuse", {Kind::input_reuse, Kind::input_reuse}},
        {"idle", {Kind::input_idle, Kind::input_idle}},
    };
    if (peek() != '(') return false;
    if (name == "is") {
      expect("(");
      read.kind = Kind::is_operator;
      read.name = quoted();
      expect(")");
      return true;
    }
    const auto function = kTensorFunctions.find(name);
    if (function == kTensorFunctions.end() && name != "present" && name != "count") {
      stop("unknown function '" + name + "'");
      return true;
    }
    expect("(");
    const std::string argument = word();
    const auto tensor = tensor_reference(argument);
    if (function != kTensorFunctions.end()) {
      if (!tensor) stop(name + "() takes a tensor such as in0");
      if (tensor && !tensor->first && function->second.first == function->second.second) {
        stop(name + "() takes an input such as in0");
      }
      if (tensor) {
        read.kind = tensor->first ? function->second.first : function->second.second;
        read.index = tensor->second;
      }
    } else if (name == "present" && tensor && tensor->first) {
      read.kind = Kind::input_present;
      read.index = tensor->second;
    } else if (argument == "attr") {
      expect(".");
      read.name = word();
      read.kind = name == "present" ? Kind::attribute_present : Kind::attribute_count;
    } else {
      stop(name + "() takes " + (name == "present" ? "an input or an attribute" : "an attribute"));
    }
    expect(")");
    return true;
  }

  static bool total_read(const std::string& name, NodeRead& read) {
    using Kind = NodeRead::Kind;
    static const std::map<std::string, Kind, std::less<>> kTotals = {{"input_bytes", Kind::input_bytes},
                                                                     {"output_bytes", Kind::output_bytes},
                                                                     {"weight_bytes", Kind::weight_bytes},
                                                                     {"weight_elements", Kind::weight_elements},
                                                                     {"at_boundary", Kind::at_boundary}};
    const auto found = kTotals.find(name);
    if (found == kTotals.end()) return false;
    read.kind = found->second;
    return true;
  }

  void finish_read(NodeRead read) {
    if (const auto value = fallback()) read.fallback = value;
    if (stopped()) return;
    auto found = std::find(reads_.begin(), reads_.end(), read);
    if (found == reads_.end()) found = reads_.insert(found, std::move(read));
    load(static_cast<std::size_t>(found - reads_.begin()));
  }

  void index_into(NodeRead& read, bool required) {
    if (peek() != '[') {
      if (required) stop("an index such as [0] is missing");
      return;
    }
    expect("[");
    const bool negative = accept("-");
    const double value = number();
    if (value != std::floor(value) || value > kMaxIndex) return stop("an index such as [0] expected");
    read.position = static_cast<int>(negative ? -value : value);
    read.has_position = true;
    expect("]");
  }

  /// "in3" -> (input, 3), "out0" -> (output, 0)
  static std::optional<std::pair<bool, int>> tensor_reference(std::string_view name) {
    const bool input = name.starts_with("in");
    const std::string_view digits = name.substr(std::min<std::size_t>(input ? 2 : 3, name.size()));
    if ((!input && !name.starts_with("out")) || digits.empty() || digits.size() > 3) return std::nullopt;
    int index = 0;
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    if (failure != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return std::pair{input, index};
  }

  std::vector<NodeRead>& reads_;
};

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

void conditions_read(std::string_view text, std::set<std::string>& names) {
  for (std::size_t at = text.find(kConditionPrefix); at != std::string_view::npos;
       at = text.find(kConditionPrefix, at)) {
    const bool whole = at == 0 || !is_identifier(text.substr(at - 1, 1));
    at += kConditionPrefix.size();
    std::size_t end = at;
    while (end < text.size() && is_identifier("_" + std::string(1, text[end]))) ++end;
    if (whole && end > at) names.emplace(text.substr(at, end - at));
    at = end;
  }
}

Result<Program> compile_expression(std::string_view text, std::span<const std::string> names,
                                   const DeviceFacts& facts) {
  return SlotParser(text, names, facts).run();
}

Result<Program> compile_node_expression(std::string_view text, std::vector<NodeRead>& reads, const DeviceFacts& facts) {
  return NodeParser(text, reads, facts).run();
}

std::optional<std::string> closest_name(std::string_view word, std::span<const std::string> candidates) {
  std::optional<std::string> best;
  std::size_t best_distance = 3;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace latcast
