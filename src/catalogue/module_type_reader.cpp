#include "catalogue/module_type_reader.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "catalogue/expression_compiler.h"
#include "catalogue/expression_parser.h"
#include "catalogue/toml_reader.h"
#include "core/limits.h"

namespace latcast {
namespace {

OperatorName parse_operator(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return {"", text};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

/// What a type holds for that does not say it: what campaigns measure, indices and masks among it.
const std::vector<std::string> kUsualTypes = {"float32", "int64", "int32", "bool"};

const std::set<std::string> kElementTypes = {"float32", "float64", "float16", "bfloat16", "int64", "int32", "int16",
                                             "int8",    "uint64",  "uint32",  "uint16",   "uint8", "bool",  "string"};

/// "mac", or "0.3 element": that share of what an element costs.
std::optional<TermUnit> parse_unit(std::string_view text) {
  static const std::map<std::string_view, TermUnit::Of> kUnits = {
      {"mac", TermUnit::Of::mac}, {"element", TermUnit::Of::element}, {"call", TermUnit::Of::call}};
  TermUnit out;
  if (const std::size_t space = text.find(' '); space != std::string_view::npos) {
    std::istringstream number{std::string(text.substr(0, space))};
    if (!(number >> out.factor) || number.peek() != std::istringstream::traits_type::eof() || !(out.factor > 0))
      return std::nullopt;
    text.remove_prefix(space + 1);
  }
  const auto found = kUnits.find(text);
  if (found == kUnits.end()) return std::nullopt;
  out.of = found->second;
  return out;
}

class Reader {
 public:
  Reader(const toml::table& table, std::string_view source, const std::string& file, const DeviceFacts& facts)
      : table_(table), toml_(file), facts_(facts) {
    type_.file = file;
    type_.source = std::string(source);
  }

  Result<ModuleType> run() {
    toml_.check_keys(table_, {"name", "summary", "engine", "given", "operators", "dtypes", "when", "macs", "parameters",
                              "derived", "base", "features", "kernel", "sample", "build", "shapes"});
    header();
    if (table_.contains("given")) {
      given();
    } else {
      operators();
      parameters();
    }
    conditions();
    derived();
    check_slots();
    if (!toml_.failed()) kernels();
    sampling();
    if (const toml::table* build = toml_.subtable(table_, "build")) read_build(*build);
    shapes();
    if (const auto& error = toml_.error()) return tl::unexpected(*error);
    return std::move(type_);
  }

 private:
  void header() {
    type_.name = toml_.text(table_, "name", true);
    const auto good = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-'; };
    if (!toml_.failed() && (type_.name.empty() || !std::ranges::all_of(type_.name, good)))
      toml_.fail_at(*table_.get("name"), "'name' must be made of letters, digits, '_' and '-'");
    type_.summary = toml_.text(table_, "summary", true);
    type_.engine = toml_.text(table_, "engine", false);
  }

  void operators() {
    for (const std::string& op : toml_.expressions(table_, "operators")) type_.operators.push_back(parse_operator(op));
    if (type_.operators.empty()) toml_.fail_at(table_, "'operators' must name at least one executed operator");
    if (const toml::node* when = table_.get("when")) type_.when = node_program(*when, "when");
    const toml::node* dtypes = table_.get("dtypes");
    type_.dtypes = dtypes == nullptr ? kUsualTypes : toml_.expressions(table_, "dtypes");
    if (type_.dtypes.empty()) toml_.fail_at(*dtypes, "'dtypes' must name at least one element type");
    for (const std::string& name : type_.dtypes)
      if (!kElementTypes.contains(name)) toml_.fail_at(*dtypes, "'dtypes': there is no element type '" + name + "'");
  }

  /// Parameters without a node to read them off.
  void given() {
    for (const char* key : {"operators", "dtypes", "when", "parameters", "sample", "build", "shapes"}) {
      if (const toml::node* node = table_.get(key)) {
        toml_.fail_at(*node, "'" + std::string(key) +
                                 "' is for modules of graphs; those of a type with 'given' come from tables");
      }
    }
    const toml::array* names = toml_.array(table_, "given");
    if (names == nullptr) return;
    if (names->empty()) toml_.fail_at(*names, "'given' must name at least one parameter");
    for (const toml::node& node : *names) {
      const std::string name = node.value_exact<std::string>().value_or("");
      if (!is_identifier(name)) {
        return toml_.fail_at(node, "'given' must list names made of letters, digits and '_'");
      }
      add_name(node, name);
      type_.parameters.push_back({name, {}});
    }
  }

  void parameters() {
    const toml::table* table = toml_.subtable(table_, "parameters");
    if (table == nullptr) return toml_.fail_at(table_, "the table [parameters] is missing");
    for (const auto& [name, node] : TomlReader::in_file_order(*table)) {
      type_.parameters.push_back({name, node_program(*node, name)});
      add_name(*node, name);
    }
  }

  /// Those that expressions over parameters read, in the order of their names.
  void conditions() {
    std::set<std::string> names;
    for (const char* key : {"derived", "macs", "base", "features", "kernel"}) {
      if (const toml::node* node = table_.get(key)) find_conditions(*node, names);
    }
    for (const std::string& name : names) {
      type_.conditions.push_back(name);
      names_.push_back(std::string(kConditionPrefix) + name);
    }
  }

  static void find_conditions(const toml::node& node, std::set<std::string>& names) {
    if (const toml::table* table = node.as_table()) {
      for (const auto& [key, child] : *table) find_conditions(child, names);
    } else if (const toml::array* array = node.as_array()) {
      for (const toml::node& child : *array) find_conditions(child, names);
    } else if (const auto text = node.value<std::string_view>()) {
      conditions_read(*text, names);
    }
  }

  void derived() {
    const toml::table* table = toml_.subtable(table_, "derived");
    if (table != nullptr) {
      for (const auto& [name, node] : TomlReader::in_file_order(*table)) {
        type_.derived.push_back({name, program(*node, name, names_)});
        add_name(*node, name);
      }
    }
    if (const toml::node* macs = table_.get("macs")) {
      type_.macs = Expression{toml_.expression(*macs, "macs"), program(*macs, "macs", names_)};
    }
  }

  void check_slots() {
    if (type_.slot_count() <= kMaxSlots) return;
    const toml::node* last = table_.get(type_.derived.empty() ? type_.given() ? "given" : "parameters" : "derived");
    toml_.fail_at(*last, "there are " + std::to_string(type_.slot_count()) +
                             " parameters, conditions and derived values; at most " + std::to_string(kMaxSlots) +
                             " are possible");
  }

  void kernels() {
    const std::vector<Expression> base = list(table_, "base");
    const std::vector<Expression> features = list(table_, "features");
    const toml::array* array = toml_.array(table_, "kernel");
    if (array == nullptr) {
      type_.kernels.push_back(
          {.name = type_.name, .when = {}, .base = base, .features = features, .engine_name = type_.name});
    } else {
      if (array->empty()) toml_.fail_at(table_, "'kernel' must hold at least one [[kernel]]");
      for (const toml::node& node : *array) read_kernel(node, base, features);
    }
    if (toml_.failed()) return;
    for (const Kernel& kernel : type_.kernels) {
      if (kernel.free) continue;
      if (kernel.base.empty()) toml_.fail_at(table_, "kernel '" + kernel.name + "' has no 'base' terms");
      if (kernel.features.empty()) toml_.fail_at(table_, "kernel '" + kernel.name + "' has no 'features'");
    }
    if (!type_.kernels.empty() && !type_.kernels.back().when.empty()) {
      toml_.fail_at(table_, "the last kernel must have no 'when', so that every module has one");
    }
  }

  void read_kernel(const toml::node& node, const std::vector<Expression>& base,
                   const std::vector<Expression>& features) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return toml_.fail_at(node, "'kernel' must be an array of tables: [[kernel]]");
    toml_.check_keys(*table, {"name", "when", "base", "base_units", "features", "free", "engine_name"});
    Kernel kernel;
    kernel.name = toml_.text(*table, "name", true);
    kernel.engine_name = table->contains("engine_name") ? toml_.text(*table, "engine_name", true) : kernel.name;
    if (kernel.engine_name.empty()) toml_.fail_at(node, "'engine_name' must not be empty");
    kernel.free = toml_.flag(*table, "free");
    if (const toml::node* when = table->get("when")) kernel.when = program(*when, "when", names_);
    if (kernel.free && (table->contains("base") || table->contains("features"))) {
      toml_.fail_at(node, "kernel '" + kernel.name + "' is free: it has neither 'base' nor 'features'");
    }
    if (!kernel.free) {
      kernel.base = table->contains("base") ? list(*table, "base") : base;
      kernel.features = table->contains("features") ? list(*table, "features") : features;
    }
    read_units(*table, kernel);
    if (std::ranges::find(type_.kernels, kernel.name, &Kernel::name) != type_.kernels.end()) {
      toml_.fail_at(node, "two kernels are called '" + kernel.name + "'");
    }
    type_.kernels.push_back(std::move(kernel));
  }

  void read_units(const toml::table& table, Kernel& kernel) {
    const toml::node* units = table.get("base_units");
    if (units == nullptr) return;
    for (const std::string& text : toml_.expressions(table, "base_units")) {
      const auto unit = parse_unit(text);
      if (!unit) return toml_.fail_at(*units, "'" + text + "' is not mac, element or call, with or without a factor");
      kernel.base_units.push_back(*unit);
    }
    if (kernel.base_units.size() != kernel.base.size()) {
      toml_.fail_at(*units, "kernel '" + kernel.name + "': as many 'base_units' as 'base' terms are needed");
    }
  }

  void sampling() {
    const toml::table* table = toml_.subtable(table_, "sample");
    if (table == nullptr) return;
    for (const auto& [name, node] : TomlReader::in_file_order(*table)) {
      Sampling sampling;
      sampling.name = name;
      if (node->is_number()) {
        sampling.choices = {node->value<double>().value_or(1)};
      } else if (const toml::table* spec = node->as_table()) {
        read_sampling(*spec, sampling);
      } else {
        toml_.fail_at(*node, "'" + name + "' must be a number, {choice = [...]} or {range = [low, high]}");
      }
      type_.sampling.push_back(std::move(sampling));
    }
  }

  void read_sampling(const toml::table& spec, Sampling& sampling) {
    toml_.check_keys(spec, {"choice", "weights", "range", "multiple_of", "multiple_share"});
    sampling.choices = toml_.numbers(spec, "choice");
    sampling.weights = toml_.numbers(spec, "weights");
    if (!sampling.weights.empty() && sampling.weights.size() != sampling.choices.size()) {
      toml_.fail_at(spec, "'" + sampling.name + "': as many weights as choices are needed");
    }
    if (std::ranges::any_of(sampling.weights, [](double weight) { return weight <= 0; })) {
      toml_.fail_at(spec, "'" + sampling.name + "': weights must be above 0");
    }
    sampling.multiple_of = toml_.number(spec, "multiple_of", 1);
    sampling.multiple_share = toml_.number(spec, "multiple_share", 0.75);
    const std::vector<double> range = toml_.numbers(spec, "range");
    if (range.size() == 2) {
      sampling.low = range[0];
      sampling.high = range[1];
    }
    const bool sensible = range.size() == 2 && range[0] >= 1 && range[1] >= range[0] && sampling.multiple_of >= 1;
    if (sampling.choices.empty() == range.empty() || (!range.empty() && !sensible)) {
      toml_.fail_at(spec,
                    "'" + sampling.name + "' needs either choice = [...] or range = [low, high] with 1 <= low <= high");
    }
  }

  void read_build(const toml::table& table) {
    toml_.check_keys(table, {"operator", "opset", "share", "limit", "outputs", "let", "inputs", "attributes"});
    Build build;
    build.opset = static_cast<int>(toml_.number(table, "opset", build.opset));
    build.share = toml_.number(table, "share", 1.0);
    if (build.share < 0) toml_.fail_at(table, "'share' must be at least 0");
    if (build.opset < 7 || build.opset > 100) toml_.fail_at(table, "'opset' must be between 7 and 100");
    for (const Sampling& sampling : type_.sampling) build.names.push_back(sampling.name);
    if (const toml::table* let = toml_.subtable(table, "let")) {
      for (const auto& [name, node] : TomlReader::in_file_order(*let)) {
        if (std::ranges::find(build.names, name) != build.names.end()) {
          toml_.fail_at(*node, "'" + name + "' is already drawn in [sample] or given by an earlier 'let'");
        }
        build.let.push_back({name, program(*node, name, build.names)});
        build.names.push_back(name);
      }
    }
    read_build_operators(table, build);
    if (const toml::node* outputs = table.get("outputs")) build.outputs = program(*outputs, "outputs", build.names);
    if (const toml::node* limit = table.get("limit")) build.limit = program(*limit, "limit", build.names);
    if (const toml::array* inputs = toml_.array(table, "inputs")) {
      for (const toml::node& node : *inputs) read_build_input(node, build);
    }
    if (build.inputs.empty()) toml_.fail_at(table, "'inputs' must list at least one input");
    if (const toml::table* attributes = toml_.subtable(table, "attributes")) {
      for (const auto& [name, node] : TomlReader::in_file_order(*attributes)) read_build_attribute(name, *node, build);
    }
    type_.build = std::move(build);
  }

  void read_build_operators(const toml::table& table, Build& build) {
    const toml::node* node = table.get("operator");
    const toml::array* alternatives = node == nullptr ? nullptr : node->as_array();
    if (alternatives == nullptr) {
      build.operators.push_back({parse_operator(toml_.text(table, "operator", true)), {}});
      return;
    }
    if (alternatives->empty()) toml_.fail_at(*node, "'operator' must list at least one alternative");
    for (const toml::node& one : *alternatives) {
      const toml::table* alternative = one.as_table();
      if (alternative == nullptr) return toml_.fail_at(one, "an alternative must be a table {text = \"Operator\"}");
      toml_.check_keys(*alternative, {"text", "present"});
      BuildOperator made{parse_operator(toml_.text(*alternative, "text", true)), {}};
      if (const toml::node* present = alternative->get("present"))
        made.present = program(*present, "present", build.names);
      build.operators.push_back(std::move(made));
    }
  }

  void read_build_input(const toml::node& node, Build& build) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return toml_.fail_at(node, "an input must be a table {shape = [...]}");
    toml_.check_keys(*table, {"shape", "constant", "dtype", "values", "below", "present", "fill"});
    BuildInput input;
    input.shape = programs(*table, "shape", build.names);
    input.constant = toml_.flag(*table, "constant");
    if (table->contains("dtype")) input.dtype = toml_.text(*table, "dtype", true);
    if (!std::set<std::string>{"float32", "int64", "int32", "bool"}.contains(input.dtype)) {
      toml_.fail_at(node, "'dtype' must be float32, int64, int32 or bool");
    }
    input.values = programs(*table, "values", build.names);
    if (const toml::node* below = table->get("below")) input.integer_below = program(*below, "below", build.names);
    if (const toml::node* present = table->get("present")) input.present = program(*present, "present", build.names);
    if (table->contains("fill")) input.fill = toml_.text(*table, "fill", true);
    if (!std::set<std::string>{"normal", "signed", "ones", "positive"}.contains(input.fill)) {
      toml_.fail_at(node, "'fill' must be normal, signed, ones or positive");
    }
    build.inputs.push_back(std::move(input));
  }

  void read_build_attribute(const std::string& name, const toml::node& node, Build& build) {
    // A list of tables: alternatives, of which the one whose `present` holds is taken.
    if (const toml::array* alternatives = node.as_array();
        alternatives != nullptr && alternatives->is_homogeneous<toml::table>()) {
      for (const toml::node& alternative : *alternatives) read_build_attribute(name, alternative, build);
      return;
    }
    BuildAttribute attribute;
    attribute.name = name;
    if (const toml::table* table = node.as_table()) {
      toml_.check_keys(*table, {"int", "ints", "float", "floats", "text", "each", "count", "real", "texts", "present"});
      if (const toml::node* present = table->get("present"))
        attribute.present = program(*present, "present", build.names);
      attribute.text = toml_.text(*table, "text", false);
      for (const std::string key : {"int", "float"}) {
        if (const toml::node* value = table->get(key)) {
          attribute.values = {program(*value, name, build.names)};
          attribute.is_float = key == "float";
        }
      }
      for (const std::string key : {"ints", "floats"}) {
        if (!table->contains(key)) continue;
        attribute.values = programs(*table, key, build.names);
        attribute.is_list = true;
        attribute.is_float = key == "floats";
      }
      read_long_list(name, *table, build, attribute);
    } else if (const toml::array* array = node.as_array()) {
      attribute.is_list = true;
      for (const toml::node& element : *array) attribute.values.push_back(program(element, name, build.names));
    } else {
      attribute.values = {program(node, name, build.names)};
    }
    if (attribute.values.empty() && attribute.text.empty())
      toml_.fail_at(node, "attribute '" + name + "' has no value");
    build.attributes.push_back(std::move(attribute));
  }

  /// An expression for each place `i` of a list with so many.
  void read_long_list(const std::string& name, const toml::table& table, const Build& build,
                      BuildAttribute& attribute) {
    const toml::node *each = table.get("each"), *count = table.get("count");
    if (each == nullptr && count == nullptr) return;
    if (each == nullptr || count == nullptr)
      return toml_.fail_at(table, "attribute '" + name + "' needs both 'each' and 'count'");
    std::vector<std::string> names = build.names;
    names.emplace_back("i");
    attribute.values = {program(*each, name, names)};
    attribute.count = program(*count, name, build.names);
    attribute.is_list = true;
    attribute.is_float = toml_.flag(table, "real");
    if (table.contains("texts")) attribute.texts = toml_.expressions(table, "texts");
  }

  void shapes() {
    const toml::array* outputs = toml_.array(table_, "shapes");
    if (outputs == nullptr) return;
    for (const toml::node& output : *outputs) {
      std::vector<Program> dims;
      const toml::array* array = output.as_array();
      if (array == nullptr)
        return toml_.fail_at(output, "'shapes' must be a list of lists of expressions, one per output");
      for (const toml::node& dim : *array) dims.push_back(node_program(dim, "shapes"));
      type_.output_shapes.push_back(std::move(dims));
    }
  }

  // ---- helpers

  void add_name(const toml::node& node, const std::string& name) {
    if (std::ranges::find(names_, name) != names_.end()) {
      toml_.fail_at(node, "the name '" + name + "' is already taken by a parameter");
    }
    names_.push_back(name);
  }

  Program node_program(const toml::node& node, const std::string& key) {
    return keep(compile_node_expression(toml_.expression(node, key), type_.reads, facts_), node, key);
  }

  Program program(const toml::node& node, const std::string& key, const std::vector<std::string>& names) {
    return keep(compile_expression(toml_.expression(node, key), names, facts_), node, key);
  }

  std::vector<Program> programs(const toml::table& table, const std::string& key,
                                const std::vector<std::string>& names) {
    std::vector<Program> result;
    if (const toml::array* array = toml_.array(table, key)) {
      for (const toml::node& node : *array) result.push_back(program(node, key, names));
    }
    return result;
  }

  std::vector<Expression> list(const toml::table& table, const std::string& key) {
    std::vector<Expression> result;
    if (const toml::array* array = toml_.array(table, key)) {
      const std::size_t most = key == "base" ? kMaxTerms : kMaxFeatures;
      if (array->size() > most) {
        toml_.fail_at(*array, "'" + key + "' lists " + std::to_string(array->size()) + "; at most " +
                                  std::to_string(most) + " are possible");
      }
      for (const toml::node& node : *array) result.push_back({toml_.expression(node, key), program(node, key, names_)});
    }
    return result;
  }

  Program keep(Result<Program> compiled, const toml::node& node, const std::string& key) {
    if (compiled) return std::move(*compiled);
    toml_.fail_at(node, "'" + key + "': " + compiled.error().context);
    return {};
  }

  const toml::table& table_;
  TomlReader toml_;
  const DeviceFacts& facts_;
  ModuleType type_;
  std::vector<std::string> names_;  // parameters, conditions, then derived
};

}  // namespace

Result<ModuleType> read_module_type(std::string_view text, const std::string& file, const DeviceFacts& facts) {
  auto table = parse_toml(text, file);
  if (!table) return tl::unexpected(table.error());
  return Reader(*table, text, file, facts).run();
}

}  // namespace latcast
