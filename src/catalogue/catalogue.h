// The catalogue: module types as data. One TOML file is one module type (docs/adding-a-module-type.md).
//
// A loaded Catalogue is immutable. Expressions over a node (`in0[1]`, `attr.strides[0] | 1`) are compiled to programs
// whose slots are NodeReads, filled by graph/; everything after the parameters is numbers only and is what `core`
// evaluates from a pack.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/expression.h"
#include "latcast/conditions.h"
#include "latcast/pack_info.h"
#include "latcast/result.h"

namespace latcast {

/// One thing read off an executed node.
struct NodeRead {
  enum class Kind : std::uint8_t {
    input_dim,       // in0[1]: index = input, position = axis (negative from the end)
    output_dim,      // out0[1]
    input_rank,      // rank(in0)
    output_rank,     // rank(out0)
    input_elements,  // elements(in0)
    output_elements,
    input_value,        // in1.value[0]: element of a small constant integer/float input
    input_constant,     // constant(in1): 1 where the input is a constant (weights)
    input_present,      // present(in1)
    attribute,          // attr.name or attr.name[i]
    attribute_equals,   // attr.name == "text"
    attribute_count,    // count(attr.name)
    attribute_present,  // present(attr.name)
    is_operator,        // is("Gemm") or is("com.microsoft:FusedGemm")
    input_bytes,        // total bytes of non-constant inputs
    output_bytes,
    weight_bytes,  // total bytes of constant inputs
    weight_elements,
    view,                // GROUP.FIELD computed by graph/node_views (reduce.size, perm.kind, broadcast.span ...)
    input_element_size,  // element_size(in0), bytes
    at_boundary,  // at_boundary: 1 where the first input is one of the network's or the first output is one of its
    input_reuse,  // reuse(in0): bytes the run touched since in0 was last touched
    input_idle,   // idle(in0): nominal nanoseconds since then
  };
  Kind kind = Kind::input_dim;
  int index = 0;
  int position = 0;
  bool has_position = false;
  std::string name;                // attribute, operator or view group.field
  std::string text;                // the compared string
  std::optional<double> fallback;  // `| default`: used where the thing is absent
  friend bool operator==(const NodeRead&, const NodeRead&) = default;
};

/// A parameter: an expression over NodeReads. slots of `program` are indices into ModuleType::reads. Empty where the
/// type is given.
struct Parameter {
  std::string name;
  Program program;
};

/// A named expression over parameters, conditions and earlier derived values (slots: in that order).
struct Derived {
  std::string name;
  Program program;
};

struct Expression {
  std::string text;
  Program program;  // slots: parameters, conditions, then all derived
};

/// What a base term counts. Where networks' totals cannot tell costs apart, the same things are taken to cost the same.
struct TermUnit {
  enum class Of : std::uint8_t { unknown, mac, element, call, proxy };
  Of of = Of::unknown;
  double factor = 1;  // so many of them cost as much as one of the term's
};

/// Kernel class: which code path of the engine runs it. The first whose `when` holds is taken.
struct Kernel {
  std::string name;
  Program when;                           // empty: always
  std::vector<Expression> base;           // non-negative terms of the physical base model, each >= 0
  std::vector<TermUnit> base_units = {};  // of the base terms; empty: unknown
  std::vector<Expression> features;       // what learners see, raw (they take log2(1 + x))
  bool free = false;                      // costs nothing: its time is in another module. Neither base nor features
  std::string engine_name;                // the engine's own name of the class, which several kernels may share
};

/// How a campaign draws one parameter.
struct Sampling {
  std::string name;
  std::vector<double> choices;  // non-empty: one of these
  std::vector<double> weights;  // same length as choices, or empty for equal
  double low = 1, high = 1;     // else log-uniform integers in [low, high]
  double multiple_of = 1;       // rounded to a multiple of this in `multiple_share` of the draws
  double multiple_share = 0.75;
};

struct BuildInput {
  std::vector<Program> shape;  // slots as in `Build::names`; an axis of 0 is left out
  bool constant = false;
  std::string dtype = "float32";         // float32, int64, int32, bool
  std::vector<Program> values;           // constant integer/float values instead of random ones
  std::optional<Program> integer_below;  // integer inputs: drawn in [0, this)
  std::optional<Program> present;        // left out where 0
  std::string fill = "normal";           // normal (He-scaled), signed, ones, positive
};

struct BuildAttribute {
  std::string name;
  bool is_list = false;
  bool is_float = false;
  std::string text;                     // string attribute (values empty)
  std::vector<Program> values;          // numbers
  std::optional<Program> count;         // of a long list: values[0] for each place in it, the last slot
  std::vector<std::string> texts = {};  // of a long list of these: its numbers choose among them
  std::optional<Program> present;
};

struct OperatorName {
  std::string domain;  // "" is ai.onnx
  std::string type;
};

struct BuildOperator {
  OperatorName name;
  std::optional<Program> present;  // passed over where 0
};

/// How to make an ONNX node of the type, from drawn parameters.
struct Build {
  std::vector<BuildOperator> operators;  // the first that is present
  int opset = 20;                        // in which it is spelled
  std::vector<std::string> names;        // slots: drawn parameters, then `let` values
  std::vector<Derived> let;              // helper values over drawn ones
  std::vector<BuildInput> inputs;
  std::optional<Program> outputs;  // 1 where absent
  std::vector<BuildAttribute> attributes;
  std::optional<Program> limit;  // draws where this is 0 are rejected
  double share = 1.0;            // relative number of samples in a campaign
};

struct ModuleType {
  std::string name;
  std::string summary;
  std::string file;    // where it came from, for messages
  std::string source;  // the TOML text, kept in packs
  std::string engine;  // the only one that executes its operators; empty: any may
  std::vector<OperatorName> operators;
  std::vector<std::string> dtypes;  // element types of first input and first output that it holds for
  std::vector<NodeRead> reads;
  Program when;  // over reads; empty: always
  std::vector<Parameter> parameters;
  std::vector<std::string> conditions;  // that its expressions read
  std::vector<Derived> derived;
  std::optional<Expression> macs;  // multiply-accumulates, for the cost summary
  std::vector<Kernel> kernels;
  std::vector<Sampling> sampling;
  std::optional<Build> build;
  /// Output shapes for operators that latcast's own rules do not know: each a list of programs over `reads`
  /// (input dims only), empty where the rules do it.
  std::vector<std::vector<Program>> output_shapes;

  [[nodiscard]] std::size_t slot_count() const { return parameters.size() + conditions.size() + derived.size(); }
  /// Its modules come with their parameters, from tables: no graph has any.
  [[nodiscard]] bool given() const { return operators.empty(); }
};

/// A condition that expressions may read as `cond.NAME` (docs/adding-a-module-type.md).
struct ConditionType {
  ConditionRange possible;
  bool whole = false;  // only whole numbers
  std::string summary;

  [[nodiscard]] Result<void> check(double value) const;
};

/// A number of the target's that expressions may read as `device.NAME`: a constant, since a catalogue is of one target.
struct DeviceFact {
  std::string name, summary;
  std::string usual;  // where the machine does not tell it: an expression over facts that are defined before
  std::string place;  // of that, for messages
};

class Catalogue {
 public:
  /// The one that is compiled into the library (the files of catalogue/), with every *.toml of `folders` on top: later
  /// ones replace earlier ones by module type name.
  static Result<Catalogue> builtin(std::span<const std::string> folders = {});
  /// From texts (as kept in a pack): name of the file and its content. `told`: by the target's machine.
  static Result<Catalogue> from_sources(std::span<const std::pair<std::string, std::string>> sources,
                                        const DeviceFacts& told = {});
  /// The same types, of a target whose machine told this.
  [[nodiscard]] Result<Catalogue> of_device(const DeviceFacts& told) const;

  /// The types of modules that an engine may have in graphs. Empty: any engine.
  [[nodiscard]] Catalogue of_graphs(std::string_view engine = {}) const;
  /// Only the types that `keep` holds for, in the same order, with all conditions and facts.
  [[nodiscard]] Catalogue restricted(const std::function<bool(const ModuleType&)>& keep) const;

  [[nodiscard]] std::span<const ModuleType> types() const { return types_; }
  [[nodiscard]] std::span<const ConditionType> conditions() const { return conditions_; }
  /// Of the facts that expressions may read, those that the machine told.
  [[nodiscard]] const DeviceFacts& told() const { return told_; }
  /// Texts that define conditions and facts: name of the file and its content.
  [[nodiscard]] std::span<const std::pair<std::string, std::string>> definitions() const { return definitions_; }
  /// What is possible of each.
  [[nodiscard]] std::vector<ConditionRange> condition_ranges() const;
  [[nodiscard]] const ConditionType* find_condition(std::string_view name) const;
  [[nodiscard]] const ModuleType* find(std::string_view name) const;
  /// Indices of types covering this operator, in the order to try them (`when`).
  [[nodiscard]] std::span<const std::size_t> covering(std::string_view domain, std::string_view op) const;

 private:
  Result<void> read_definitions(const std::pair<std::string, std::string>& source);
  /// What expressions read.
  [[nodiscard]] Result<DeviceFacts> known_facts() const;
  Result<void> check_conditions() const;
  void index_operators();
  std::vector<ModuleType> types_;
  std::vector<ConditionType> conditions_;
  std::vector<DeviceFact> facts_;
  DeviceFacts told_;
  std::vector<std::pair<std::string, std::string>> definitions_;

  /// Types that cover an operator of a domain.
  struct Covering {
    std::string domain;
    std::vector<std::size_t> types;
  };
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, std::vector<Covering>, Hash, std::equal_to<>> by_operator_;
};

}  // namespace latcast
