// Text -> Program. The whole language: numbers, names, + - * / %, comparisons, && || !, c ? a : b, min max ceil floor
// log2 sqrt abs, ramp(x, low, high), and (where a node is read) in0[1], out0[-1], in1.value[0], rank(in0),
// elements(in0), constant(in1), present(in1), present(attr.x), count(attr.x), element_size(in0), reuse(in0), idle(in0),
// attr.x[0], attr.x == "text", is("domain:Op"), GROUP.FIELD views; `READ | NUMBER` gives a read a default. Expressions
// over parameters read conditions: cond.threads. Facts of the device (device.l2_bytes) are constants.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catalogue/catalogue.h"
#include "core/expression.h"
#include "latcast/result.h"

namespace latcast {

/// Of names that stand for conditions: "cond.threads".
inline constexpr std::string_view kConditionPrefix = "cond.";
/// Adds the names of the conditions that an expression reads.
void conditions_read(std::string_view text, std::set<std::string>& names);

/// Compiles against named slots; an unknown name is an error with a suggestion.
[[nodiscard]] Result<Program> compile_expression(std::string_view text, std::span<const std::string> names,
                                                 const DeviceFacts& facts = {});

/// Compiles against an executed node; every distinct read is appended to `reads` and becomes a slot.
[[nodiscard]] Result<Program> compile_node_expression(std::string_view text, std::vector<NodeRead>& reads,
                                                      const DeviceFacts& facts = {});

/// The candidate closest to `word` (at most two edits away), for error messages.
[[nodiscard]] std::optional<std::string> closest_name(std::string_view word, std::span<const std::string> candidates);

}  // namespace latcast
