#include "catalogue/expression_compiler.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <numeric>
#include <tuple>

namespace latcast {
namespace {

constexpr int kMaxDepth = 64;
constexpr std::size_t kMaxLength = 4096;
constexpr double kMaxIndex = 1 << 16;

/// Parser state. Errors are remembered once (`error_`), and every step after it is a no-op.
class Compiler {
 public:
  Compiler(std::string_view text, std::span<const std::string> names, std::vector<NodeRead>* reads)
      : text_(text), names_(names), reads_(reads) {}

  Result<Program> run() {
    if (text_.size() > kMaxLength) {
      return fail(Errc::invalid_input, "expression longer than " + std::to_string(kMaxLength) + " characters");
    }
    ternary();
    skip_space();
    if (error_.empty() && at_ != text_.size()) stop("unexpected '" + std::string(text_.substr(at_, 1)) + "'");
    if (!error_.empty()) return fail(Errc::invalid_input, error_);
    if (auto ok = verify(program_, reads_ != nullptr ? reads_->size() : names_.size()); !ok) {
      return fail_in("'" + std::string(text_) + "'", ok.error());
    }
    return std::move(program_);
  }

 private:
  void ternary() {
    if (++depth_ > kMaxDepth) stop("nested too deeply");
    if (!error_.empty()) return;
    binary(0);
    if (accept("?")) {
      ternary();
      expect(":");
      ternary();
      emit(Opcode::select);
    }
    --depth_;
  }

  struct Operator {
    std::string_view token;
    Opcode op;
    bool swap;  // a > b is b < a: emitted by negating the opposite comparison
  };

  void binary(std::size_t level) {
    static constexpr Operator kOr[] = {{"||", Opcode::logical_or, false}};
    static constexpr Operator kAnd[] = {{"&&", Opcode::logical_and, false}};
    static constexpr Operator kCompare[] = {{"<=", Opcode::less_equal, false}, {">=", Opcode::less, true},
                                            {"==", Opcode::equal, false},      {"!=", Opcode::not_equal, false},
                                            {"<", Opcode::less, false},        {">", Opcode::less_equal, true}};
    static constexpr Operator kAdd[] = {{"+", Opcode::add, false}, {"-", Opcode::subtract, false}};
    static constexpr Operator kMultiply[] = {
        {"*", Opcode::multiply, false}, {"/", Opcode::divide, false}, {"%", Opcode::modulo, false}};
    static constexpr std::array<std::span<const Operator>, 5> kLevels = {kOr, kAnd, kCompare, kAdd, kMultiply};
    if (level == kLevels.size()) return unary();
    binary(level + 1);
    for (bool found = true; found && error_.empty();) {
      found = false;
      for (const Operator& op : kLevels[level]) {
        if (!accept(op.token)) continue;
        binary(level + 1);
        emit(op.op);
        if (op.swap) emit(Opcode::logical_not);
        found = true;
        break;
      }
    }
  }

  void unary() {
    if (++depth_ > kMaxDepth) stop("nested too deeply");
    if (!error_.empty()) return;
    if (accept("-")) {
      unary();
      emit(Opcode::negate);
    } else if (peek() == '!' && peek(1) != '=') {
      accept("!");
      unary();
      emit(Opcode::logical_not);
    } else {
      primary();
    }
    --depth_;
  }

  void primary() {
    const char c = peek();
    if (accept("(")) {
      ternary();
      expect(")");
    } else if (std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.') {
      program_.push_back({Opcode::constant, 0, number()});
    } else if (std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_') {
      named(word());
    } else {
      stop(at_ >= text_.size() ? "unexpected end" : "unexpected '" + std::string(1, c) + "'");
    }
  }

  void named(const std::string& name) {
    static const std::map<std::string, std::pair<Opcode, int>, std::less<>> kFunctions = {
        {"min", {Opcode::minimum, 2}},  {"max", {Opcode::maximum, 2}}, {"ceil", {Opcode::ceiling, 1}},
        {"floor", {Opcode::floor, 1}},  {"log2", {Opcode::log2, 1}},   {"sqrt", {Opcode::square_root, 1}},
        {"abs", {Opcode::absolute, 1}},
    };
    const auto function = kFunctions.find(name);
    if (function != kFunctions.end() && peek() == '(')
      return call(name, function->second.first, function->second.second);
    if (reads_ != nullptr) return node_read(name);
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end()) {
      const auto near = closest_name(name, names_);
      return stop("unknown name '" + name + "'" + (near ? "; did you mean '" + *near + "'?" : ""));
    }
    program_.push_back({Opcode::load, static_cast<std::uint32_t>(found - names_.begin()), 0.0});
  }

  void call(const std::string& name, Opcode op, int arguments) {
    expect("(");
    ternary();
    int count = 1;
    while (accept(",")) {
      ternary();
      ++count;
      if (arguments == 2) emit(op);
    }
    expect(")");
    if (arguments == 1) {
      if (count != 1) stop(name + "() takes one argument");
      emit(op);
    } else if (count < 2) {
      stop(name + "() takes two or more arguments");
    }
  }

  // ---- reads of an executed node

  void node_read(const std::string& name) {
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
      read.kind = NodeRead::Kind::view;
      read.name = name + "." + word();
    }
    finish_read(std::move(read));
  }

  void attribute(NodeRead& read) {
    read.kind = NodeRead::Kind::attribute;
    read.name = word();
    index_into(read, false);
    const std::size_t before = at_;
    if (accept("==")) {
      skip_space();
      if (peek() == '"') {
        read.kind = NodeRead::Kind::attribute_equals;
        read.text = quoted();
        read.fallback = 0.0;
      } else {
        at_ = before;
      }
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
    skip_space();
    if (peek() == '|' && peek(1) != '|') {
      accept("|");
      const bool negative = accept("-");
      skip_space();
      const double value = number();
      read.fallback = negative ? -value : value;
    }
    if (!error_.empty()) return;
    auto found = std::find(reads_->begin(), reads_->end(), read);
    if (found == reads_->end()) found = reads_->insert(found, std::move(read));
    program_.push_back({Opcode::load, static_cast<std::uint32_t>(found - reads_->begin()), 0.0});
  }

  void index_into(NodeRead& read, bool required) {
    if (peek() != '[') {
      if (required) stop("an index such as [0] is missing");
      return;
    }
    expect("[");
    const bool negative = accept("-");
    skip_space();
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

  // ---- characters

  void skip_space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
  }
  char peek(std::size_t ahead = 0) {
    skip_space();
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool accept(std::string_view token) {
    skip_space();
    if (!error_.empty() || !text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  void expect(std::string_view token) {
    if (!accept(token)) stop("'" + std::string(token) + "' expected");
  }
  std::string word() {
    skip_space();
    const std::size_t start = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_'))
      ++at_;
    if (at_ == start) stop("a name expected");
    return std::string(text_.substr(start, at_ - start));
  }
  std::string quoted() {
    expect("\"");
    const std::size_t end = text_.find('"', at_);
    if (end == std::string_view::npos) {
      stop("closing quote expected");
      return {};
    }
    std::string result(text_.substr(at_, end - at_));
    at_ = end + 1;
    return result;
  }
  double number() {
    skip_space();
    double value = 0.0;
    const auto [end, failure] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (failure != std::errc() || !std::isfinite(value)) {
      stop("a number expected");
      return 0.0;
    }
    at_ = static_cast<std::size_t>(end - text_.data());
    return value;
  }

  void emit(Opcode op) {
    if (error_.empty()) program_.push_back({op, 0, 0.0});
  }
  void stop(std::string what) {
    if (!error_.empty()) return;
    error_ = std::move(what) + " at character " + std::to_string(at_ + 1) + " of '" + std::string(text_) + "'";
  }

  std::string_view text_;
  std::span<const std::string> names_;
  std::vector<NodeRead>* reads_;
  std::size_t at_ = 0;
  int depth_ = 0;
  Program program_;
  std::string error_;
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

Result<Program> compile_expression(std::string_view text, std::span<const std::string> names) {
  return Compiler(text, names, nullptr).run();
}

Result<Program> compile_node_expression(std::string_view text, std::vector<NodeRead>& reads) {
  return Compiler(text, {}, &reads).run();
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
