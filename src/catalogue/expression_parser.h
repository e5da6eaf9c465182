// The grammar that all expressions share, compiled to a Program as it is read: operators, functions and facts of the
// device. What a name means is its subclass's: a numbered slot, something read off a node or off a table's row.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/expression.h"
#include "latcast/pack_info.h"
#include "latcast/result.h"

namespace latcast {

/// Errors are remembered once, and every step after the first is a no-op.
class ExpressionParser {
 public:
  virtual ~ExpressionParser() = default;
  [[nodiscard]] Result<Program> run();

 protected:
  /// `facts`: what `device.NAME` is; none: the language has no such names.
  explicit ExpressionParser(std::string_view text, const DeviceFacts* facts = nullptr) : text_(text), facts_(facts) {}

  /// A name that is no function of numbers was read: loads what it stands for, and reads on where more belongs to it.
  virtual void named(const std::string& name) = 0;
  /// How many slots the names that were read so far may load.
  [[nodiscard]] virtual std::size_t slot_count() const = 0;

  void load(std::size_t slot);
  void emit(Opcode op);
  void stop(std::string what);
  [[nodiscard]] bool stopped() const { return !error_.empty(); }

  [[nodiscard]] char peek(std::size_t ahead = 0);
  bool accept(std::string_view token);
  void expect(std::string_view token);
  [[nodiscard]] std::string word();
  [[nodiscard]] std::string quoted();
  [[nodiscard]] double number();
  /// `TOKEN "text"`, where that comes next.
  [[nodiscard]] std::optional<std::string> compared(std::string_view token);
  /// `| NUMBER`, where that comes next.
  [[nodiscard]] std::optional<double> fallback();

 private:
  void ternary();
  void binary(std::size_t level);
  void unary();
  void primary();
  void name_or_call(const std::string& name);
  void fact();
  void call(const std::string& name, Opcode op, int arguments);
  void ramp();
  void skip_space();

  std::string_view text_;
  const DeviceFacts* facts_;
  std::size_t at_ = 0;
  int depth_ = 0;
  Program program_;
  std::string error_;
};

/// Letters, digits and '_', no digit first: what an expression reads as one name.
[[nodiscard]] bool is_identifier(std::string_view text);

}  // namespace latcast
