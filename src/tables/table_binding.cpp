#include "tables/table_binding.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "catalogue/expression_compiler.h"
#include "tables/cells.h"

namespace latcast {
namespace {

constexpr std::size_t kHeadingsInMessages = 60;

std::string listed(const std::vector<std::string>& headings) {
  std::string list;
  for (std::size_t i = 0; i < std::min(headings.size(), kHeadingsInMessages); ++i) {
    list += (i > 0 ? ", " : "") + in_quotes(headings[i]);
  }
  const std::size_t more = headings.size() - std::min(headings.size(), kHeadingsInMessages);
  return list + (more > 0 ? " and " + std::to_string(more) + " more" : "");
}

bool same_target(const TableTarget& a, const TableTarget& b) {
  return a.device == b.device && a.engine == b.engine && a.engine_version == b.engine_version &&
         a.settings == b.settings && a.conditions == b.conditions;
}

class Binder {
 public:
  Binder(const std::string& file, const std::vector<std::string>& header, const TableMap& map)
      : file_(file), header_(header), map_(map) {}
  Result<TableBinding> run(const Catalogue& catalogue, bool measured);

 private:
  Result<void> bind_targets(bool measured);
  [[nodiscard]] Result<bool> bind_target(std::size_t at, TableTarget& target) const;
  Result<void> bind_rules(const Catalogue& catalogue);
  [[nodiscard]] Result<std::size_t> column(const std::string& heading) const;
  [[nodiscard]] std::optional<std::size_t> optional_column(const FieldText& text,
                                                           const FieldText::Fields& fields) const;

  const std::string& file_;
  const std::vector<std::string>& header_;
  const TableMap& map_;
  TableBinding binding_;
};

Result<TableBinding> Binder::run(const Catalogue& catalogue, bool measured) {
  const auto network = column(map_.heading(map_.network));
  if (!network) return tl::unexpected(network.error());
  binding_.network = *network;
  if (!map_.order.empty()) {
    const auto order = column(map_.heading(map_.order));
    if (!order) return tl::unexpected(order.error());
    binding_.order = *order;
  }
  if (auto ok = bind_rules(catalogue); !ok) return tl::unexpected(ok.error());
  if (auto ok = bind_targets(measured); !ok) return tl::unexpected(ok.error());
  return std::move(binding_);
}

Result<std::size_t> Binder::column(const std::string& heading) const {
  const auto found = std::ranges::find(header_, heading);
  if (found == header_.end()) {
    const auto near = closest_name(heading, header_);
    return fail(Errc::invalid_input, file_ + ": has no column '" + heading + "', which " + map_.place + " names; " +
                                         (near ? "did you mean '" + *near + "'?" : "it has " + listed(header_)));
  }
  if (std::find(found + 1, header_.end(), heading) != header_.end()) {
    return fail(Errc::invalid_input, file_ + ": two columns are headed '" + heading + "'");
  }
  return static_cast<std::size_t>(found - header_.begin());
}

std::optional<std::size_t> Binder::optional_column(const FieldText& text, const FieldText::Fields& fields) const {
  if (text.empty()) return std::nullopt;
  const auto found = std::ranges::find(header_, text.fill(fields));
  if (found == header_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - header_.begin());
}

Result<void> Binder::bind_targets(bool measured) {
  const TargetRule& rule = map_.target;
  for (std::size_t at = 0; at < header_.size(); ++at) {
    TableTarget target;
    const auto found = bind_target(at, target);
    if (!found) return tl::unexpected(found.error());
    if (!*found) continue;
    const auto same = std::ranges::find_if(binding_.targets, [&](const auto& one) { return same_target(one, target); });
    if (same != binding_.targets.end()) {
      return fail(Errc::invalid_input, file_ + ": the columns '" + header_[same->latency] + "' and '" + header_[at] +
                                           "' are of the same target; what sets them apart belongs into "
                                           "[target.settings] of " +
                                           map_.place);
    }
    binding_.targets.push_back(std::move(target));
  }
  if (!measured) return {};
  if (binding_.targets.empty()) {
    return fail(Errc::invalid_input, file_ + ": no heading fits 'latency' of " + map_.place + ", " +
                                         in_quotes(rule.latency.text()) + "; the headings are " + listed(header_));
  }
  const auto none = [&](const FieldText& text, auto member) {
    return !text.empty() &&
           std::ranges::none_of(binding_.targets, [&](const auto& one) { return (one.*member).has_value(); });
  };
  for (const auto& [text, key, member] : {std::tuple{&rule.deviation, "deviation", &TableTarget::deviation},
                                          std::tuple{&rule.kernel, "kernel", &TableTarget::kernel}}) {
    if (!none(*text, member)) continue;
    return fail(Errc::invalid_input, file_ + ": no heading fits '" + key + "' of " + map_.place + ", " +
                                         in_quotes(text->text()) + "; the headings are " + listed(header_));
  }
  return {};
}

/// False where the column holds no latencies.
Result<bool> Binder::bind_target(std::size_t at, TableTarget& target) const {
  const TargetRule& rule = map_.target;
  const auto fields = rule.latency.match(header_[at]);
  if (!fields) return false;
  if (auto single = column(header_[at]); !single) return tl::unexpected(single.error());
  target.name = rule.name.fill(*fields);
  target.device = rule.device.fill(*fields);
  target.engine = rule.engine.fill(*fields);
  target.engine_version = rule.engine_version.fill(*fields);
  for (const auto& [name, text] : rule.settings) target.settings[name] = text.fill(*fields);
  target.settings["statistic"] = rule.statistic;
  for (const TargetCondition& condition : rule.conditions) {
    const std::string& field = fields->at(condition.field);
    if (const auto found = condition.values.find(field); found != condition.values.end()) {
      target.conditions[condition.name] = found->second;
    } else if (condition.otherwise) {
      target.conditions[condition.name] = *condition.otherwise;
    } else {
      return fail(Errc::invalid_input, map_.place + ": [target.condition." + condition.name + "] has no value for '" +
                                           field + "' and no 'otherwise'; it is in the heading '" + header_[at] +
                                           "' of " + file_);
    }
  }
  target.latency = at;
  target.deviation = optional_column(rule.deviation, *fields);
  target.kernel = optional_column(rule.kernel, *fields);
  return true;
}

Result<void> Binder::bind_rules(const Catalogue& catalogue) {
  for (const RowRead& read : map_.reads) {
    const auto at = column(map_.heading(read.column));
    if (!at) return tl::unexpected(at.error());
    binding_.reads.push_back(*at);
  }
  for (const ModuleRule& rule : map_.modules) {
    const ModuleType* type = catalogue.find(rule.type);
    BoundRule bound{static_cast<std::size_t>(type - catalogue.types().data()), {}};
    for (const Parameter& parameter : type->parameters) {
      const auto found = std::ranges::find(rule.parameters, parameter.name, [](const auto& one) { return one.first; });
      bound.parameters.push_back(static_cast<std::size_t>(found - rule.parameters.begin()));
    }
    binding_.rules.push_back(std::move(bound));
  }
  return {};
}

}  // namespace

Result<TableBinding> bind_table(const std::string& file, const std::vector<std::string>& header, const TableMap& map,
                                const Catalogue& catalogue, bool measured) {
  return Binder(file, header, map).run(catalogue, measured);
}

}  // namespace latcast
