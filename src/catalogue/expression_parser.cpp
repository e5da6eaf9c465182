#include "catalogue/expression_parser.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <map>
#include <ranges>
#include <span>
#include <utility>

#include "catalogue/expression_compiler.h"

namespace latcast {
namespace {

constexpr int kMaxDepth = 64;
constexpr std::size_t kMaxLength = 4096;

struct Operator {
  std::string_view token;
  Opcode op;
  bool swap;  // a > b is b < a: emitted by negating the opposite comparison
};

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

}  // namespace

Result<Program> ExpressionParser::run() {
  if (text_.size() > kMaxLength) {
    return fail(Errc::invalid_input, "expression longer than " + std::to_string(kMaxLength) + " characters");
  }
  ternary();
  skip_space();
  if (error_.empty() && at_ != text_.size()) stop("unexpected '" + std::string(text_.substr(at_, 1)) + "'");
  if (!error_.empty()) return fail(Errc::invalid_input, error_);
  if (auto ok = verify(program_, slot_count()); !ok) return fail_in("'" + std::string(text_) + "'", ok.error());
  return std::move(program_);
}

void ExpressionParser::ternary() {
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

void ExpressionParser::binary(std::size_t level) {
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

void ExpressionParser::unary() {
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

void ExpressionParser::primary() {
  const char c = peek();
  if (accept("(")) {
    ternary();
    expect(")");
  } else if (std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.') {
    program_.push_back({Opcode::constant, 0, number()});
  } else if (std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_') {
    name_or_call(word());
  } else {
    stop(at_ >= text_.size() ? "unexpected end" : "unexpected '" + std::string(1, c) + "'");
  }
}

void ExpressionParser::name_or_call(const std::string& name) {
  static const std::map<std::string, std::pair<Opcode, int>, std::less<>> kFunctions = {
      {"min", {Opcode::minimum, 2}},  {"max", {Opcode::maximum, 2}}, {"ceil", {Opcode::ceiling, 1}},
      {"floor", {Opcode::floor, 1}},  {"log2", {Opcode::log2, 1}},   {"sqrt", {Opcode::square_root, 1}},
      {"abs", {Opcode::absolute, 1}},
  };
  const auto function = kFunctions.find(name);
  if (function != kFunctions.end() && peek() == '(') {
    call(name, function->second.first, function->second.second);
  } else if (name == "ramp" && peek() == '(') {
    ramp();
  } else if (facts_ != nullptr && name == "device" && accept(".")) {
    fact();
  } else {
    named(name);
  }
}

void ExpressionParser::fact() {
  const std::string name = word();
  if (const auto found = facts_->find(name); found != facts_->end()) {
    if (error_.empty()) program_.push_back({Opcode::constant, 0, found->second});
    return;
  }
  const auto names = std::views::keys(*facts_);
  const auto near = closest_name(name, std::vector<std::string>(names.begin(), names.end()));
  stop("unknown fact 'device." + name + "'" + (near ? "; did you mean 'device." + *near + "'?" : ""));
}

void ExpressionParser::call(const std::string& name, Opcode op, int arguments) {
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

void ExpressionParser::ramp() {
  expect("(");
  ternary();
  const std::size_t low = program_.size();
  expect(",");
  ternary();
  const std::size_t high = program_.size();
  expect(",");
  ternary();
  expect(")");
  if (!error_.empty()) return;
  const Program lows(program_.begin() + static_cast<std::ptrdiff_t>(low),
                     program_.begin() + static_cast<std::ptrdiff_t>(high));
  const Program highs(program_.begin() + static_cast<std::ptrdiff_t>(high), program_.end());
  const auto append = [this](const Program& part) { program_.insert(program_.end(), part.begin(), part.end()); };
  // min(max(x - low, 0) / (high - low), 1)
  program_.resize(high);
  emit(Opcode::subtract);
  program_.push_back({Opcode::constant, 0, 0.0});
  emit(Opcode::maximum);
  append(highs);
  append(lows);
  emit(Opcode::subtract);
  emit(Opcode::divide);
  program_.push_back({Opcode::constant, 0, 1.0});
  emit(Opcode::minimum);
}

std::optional<std::string> ExpressionParser::compared(std::string_view token) {
  const std::size_t before = at_;
  if (accept(token)) {
    if (peek() == '"') return quoted();
    at_ = before;
  }
  return std::nullopt;
}

std::optional<double> ExpressionParser::fallback() {
  if (peek() != '|' || peek(1) == '|' || !accept("|")) return std::nullopt;
  const bool negative = accept("-");
  const double value = number();
  return negative ? -value : value;
}

void ExpressionParser::load(std::size_t slot) {
  if (error_.empty()) program_.push_back({Opcode::load, static_cast<std::uint32_t>(slot), 0.0});
}

void ExpressionParser::skip_space() {
  while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
}
char ExpressionParser::peek(std::size_t ahead) {
  skip_space();
  return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
}
bool ExpressionParser::accept(std::string_view token) {
  skip_space();
  if (!error_.empty() || !text_.substr(at_).starts_with(token)) return false;
  at_ += token.size();
  return true;
}
void ExpressionParser::expect(std::string_view token) {
  if (!accept(token)) stop("'" + std::string(token) + "' expected");
}
std::string ExpressionParser::word() {
  skip_space();
  const std::size_t start = at_;
  while (at_ < text_.size() && is_word(text_[at_])) ++at_;
  if (at_ == start) stop("a name expected");
  return std::string(text_.substr(start, at_ - start));
}
std::string ExpressionParser::quoted() {
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
double ExpressionParser::number() {
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

void ExpressionParser::emit(Opcode op) {
  if (error_.empty()) program_.push_back({op, 0, 0.0});
}
void ExpressionParser::stop(std::string what) {
  if (!error_.empty()) return;
  error_ = std::move(what) + " at character " + std::to_string(at_ + 1) + " of '" + std::string(text_) + "'";
}

bool is_identifier(std::string_view text) {
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) == 0 &&
         std::ranges::all_of(text, is_word);
}

}  // namespace latcast
