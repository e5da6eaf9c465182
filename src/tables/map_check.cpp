// A map against the catalogue: the types of its rules, and where their parameters come from.
#include <algorithm>

#include "catalogue/expression_compiler.h"
#include "tables/table_map.h"

namespace latcast {
namespace {

std::string rule_place(const TableMap& map, const ModuleRule& rule) {
  return map.place + ":" + std::to_string(rule.line) + ": the rule for '" + rule.type + "'";
}

std::vector<std::string> given_types(const Catalogue& catalogue) {
  std::vector<std::string> names;
  for (const ModuleType& type : catalogue.types()) {
    if (type.given()) names.push_back(type.name);
  }
  return names;
}

Result<void> check_rule(const TableMap& map, const ModuleRule& rule, const Catalogue& catalogue) {
  const ModuleType* type = catalogue.find(rule.type);
  if (type == nullptr) {
    const auto near = closest_name(rule.type, given_types(catalogue));
    return fail(Errc::invalid_input, rule_place(map, rule) + ": the catalogue has no such module type" +
                                         (near ? "; did you mean '" + *near + "'?" : ""));
  }
  if (!type->given()) {
    return fail(Errc::invalid_input,
                rule_place(map, rule) + ": modules of this type come from graphs; a table needs a type with 'given'");
  }
  std::vector<std::string> names;
  for (const Parameter& parameter : type->parameters) names.push_back(parameter.name);
  for (const auto& [name, program] : rule.parameters) {
    if (std::ranges::find(names, name) == names.end()) {
      const auto near = closest_name(name, names);
      return fail(Errc::invalid_input, rule_place(map, rule) + ": the type has no parameter '" + name + "'" +
                                           (near ? "; did you mean '" + *near + "'?" : ""));
    }
  }
  for (const std::string& name : names) {
    if (std::ranges::any_of(rule.parameters, [&](const auto& one) { return one.first == name; })) continue;
    return fail(Errc::invalid_input,
                rule_place(map, rule) + ": parameter '" + name + "' of the type is missing in [module.parameters]");
  }
  for (const std::string& name : type->conditions) {
    if (std::ranges::find(map.target.conditions, name, &TargetCondition::name) != map.target.conditions.end()) continue;
    return fail(Errc::invalid_input, rule_place(map, rule) + ": the type reads the condition '" + name +
                                         "'; give it as [target.condition." + name + "]");
  }
  return {};
}

}  // namespace

Result<void> check_map(const TableMap& map, const Catalogue& catalogue) {
  for (const ModuleRule& rule : map.modules) {
    if (auto ok = check_rule(map, rule, catalogue); !ok) return ok;
  }
  return {};
}

}  // namespace latcast
