#include "learn/data/table_networks.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "learn/data/sample_collector.h"
#include "tables/table_map.h"

namespace latcast::learn {
namespace {

/// In the order of the type's, which may only read conditions that the target has.
Result<std::vector<double>> parameters_of(const ModuleType& type, const OperationRecord& operation,
                                          const Conditions& conditions) {
  const auto lacks = [&](const std::string& what) {
    return fail(Errc::invalid_input, "line " + std::to_string(operation.line) + ": the table was imported without " +
                                         what + " of " + type.name + ": import it again");
  };
  std::vector<double> out;
  for (const Parameter& parameter : type.parameters) {
    const auto own = operation.parameters.find(parameter.name);
    if (own == operation.parameters.end()) return lacks("'" + parameter.name + "'");
    out.push_back(own->second);
  }
  for (const std::string& name : type.conditions) {
    if (!conditions.contains(name)) return lacks("the condition '" + name + "'");
  }
  return out;
}

/// Operations of one import.
struct Listing {
  std::vector<TableNetworkRecord> networks;
  std::vector<OperationRecord> operations;
  [[nodiscard]] bool measured() const {
    return std::ranges::any_of(operations, [](const OperationRecord& one) { return one.latency_ns.has_value(); });
  }
};

Result<Listing> read_listing(Store& store, const ImportRecord& import, std::int64_t target) {
  auto networks = store.table_networks(import.id);
  if (!networks) return tl::unexpected(networks.error());
  auto operations = store.operations(import.id, target);
  if (!operations) return tl::unexpected(operations.error());
  return Listing{std::move(*networks), std::move(*operations)};
}

class Loader {
 public:
  Loader(Store& store, const TargetRecord& target, const Catalogue& catalogue)
      : store_(store), target_(target), catalogue_(catalogue), conditions_(target.conditions()) {}

  Result<TableNetworks> run() {
    auto imports = store_.imports();
    if (!imports) return tl::unexpected(imports.error());
    auto totals = store_.totals(target_.id);
    if (!totals) return tl::unexpected(totals.error());
    if (auto ok = add_measured(*imports); !ok) return tl::unexpected(ok.error());
    if (out_.networks.empty()) {
      if (auto ok = add_borrowed(*imports, *totals); !ok) return tl::unexpected(ok.error());
    }
    for (const TotalRecord& total : *totals) add_total(total);
    return std::move(out_);
  }

 private:
  /// Tables that the target's own operations were measured in.
  Result<void> add_measured(const std::vector<ImportRecord>& imports) {
    for (const ImportRecord& import : imports) {
      if (import.kind != "operations") continue;
      auto listing = read_listing(store_, import, target_.id);
      if (!listing) return tl::unexpected(listing.error());
      if (!listing->measured()) continue;
      if (auto ok = add(*listing, import.name); !ok) return ok;
    }
    return {};
  }

  /// Tables that list the operations of the networks that have totals.
  Result<void> add_borrowed(const std::vector<ImportRecord>& imports, const std::vector<TotalRecord>& totals) {
    std::vector<std::string> wanted;
    for (const ImportRecord& import : imports) {
      const auto of_import = [&](const TotalRecord& total) { return total.import == import.id; };
      if (std::ranges::none_of(totals, of_import)) continue;
      const auto map = parse_map(import.map, "the map of " + import.name);
      if (map) wanted.insert(wanted.end(), map->operations.begin(), map->operations.end());
    }
    for (const ImportRecord& import : imports) {
      if (import.kind != "operations") continue;
      if (wanted.empty()) {
        const auto map = parse_map(import.map, "the map of " + import.name);
        if (!map || map->target.engine.text() != target_.engine) continue;
      } else if (std::ranges::find(wanted, import.name) == wanted.end()) {
        continue;
      }
      auto listing = read_listing(store_, import, target_.id);
      if (!listing) return tl::unexpected(listing.error());
      if (auto ok = add(*listing, import.name); !ok) return ok;
    }
    return {};
  }

  Result<void> add(const Listing& listing, const std::string& import) {
    std::map<std::int64_t, std::size_t> place;
    for (const TableNetworkRecord& network : listing.networks) {
      if (place_.contains(network.name)) continue;  // an earlier table has it
      place[network.id] = place_[network.name] = out_.networks.size();
      out_.networks.push_back(
          {.name = network.name, .family = network.family, .modules = {}, .conditions = conditions_});
    }
    for (const OperationRecord& operation : listing.operations) {
      const auto network = place.find(operation.network);
      if (network == place.end()) continue;
      const ModuleType* type = catalogue_.find(operation.type);
      if (type == nullptr) {
        return fail(Errc::invalid_input, "the table '" + import + "' has modules of the type '" + operation.type +
                                             "', which the catalogue lacks (--catalogue)");
      }
      auto parameters = parameters_of(*type, operation, conditions_);
      if (!parameters) return fail_in(import, parameters.error());
      TableNetworkModule module;
      module.type = static_cast<std::size_t>(type - catalogue_.types().data());
      module.parameters = std::move(*parameters);
      if (operation.latency_ns) module.latency_ns = static_cast<double>(*operation.latency_ns);
      module.listed = operation.listed;
      module.engine_kernel = operation.kernel;
      out_.networks[network->second].modules.push_back(std::move(module));
    }
    return {};
  }

  void add_total(const TotalRecord& total) {
    const auto found = place_.find(total.name);
    if (found == place_.end()) {
      if (out_.without_operations++ == 0) out_.first_without_operations = total.name;
      return;
    }
    TableNetwork& network = out_.networks[found->second];
    if (!std::isnan(network.total_ns)) return;
    network.total_ns = static_cast<double>(total.latency_ns);
    if (total.deviation_ns) network.deviation_ns = static_cast<double>(*total.deviation_ns);
  }

  Store& store_;
  const TargetRecord& target_;
  const Catalogue& catalogue_;
  Conditions conditions_;
  std::map<std::string, std::size_t> place_;  // network -> index
  TableNetworks out_;
};

}  // namespace

Result<TableNetworks> load_table_networks(Store& store, const TargetRecord& target, const Catalogue& catalogue) {
  return Loader(store, target, catalogue).run();
}

const Kernel& kernel_of(const Catalogue& catalogue, const TableNetworkModule& module, const Conditions& conditions) {
  const auto slots = SampleCollector(catalogue).slots(module.type, module.parameters, conditions);
  return catalogue.types()[module.type].kernels[slots.kernel];
}

RuleAgreement check_rules(std::span<const TableNetwork> networks, const Catalogue& catalogue) {
  RuleAgreement out;
  for (const TableNetwork& network : networks) {
    for (const TableNetworkModule& module : network.modules) {
      if (module.engine_kernel.empty()) continue;
      ++out.recorded;
      const std::string& rule = kernel_of(catalogue, module, network.conditions).engine_name;
      if (rule == module.engine_kernel) continue;
      if (out.other++ == 0) out.first = network.name + ": recorded " + module.engine_kernel + ", by the rules " + rule;
    }
  }
  return out;
}

TrainingSet make_training_set(std::span<const TableNetwork> networks, const Catalogue& catalogue) {
  SampleCollector listed(catalogue), unlisted(catalogue);
  const bool measured = std::ranges::any_of(networks, [](const TableNetwork& network) {
    return std::ranges::any_of(network.modules, [](const auto& module) { return std::isfinite(module.latency_ns); });
  });
  TrainingSet out;
  out.representative = true;
  for (const TableNetwork& network : networks) {
    NetworkTruth truth;
    truth.name = network.name;
    truth.identity = identity_of(network.name);
    truth.family = network.family;
    truth.quiet_ns = network.total_ns;
    truth.noise_ns = network.deviation_ns;
    truth.probe = !(network.total_ns > 0);
    truth.conditions = network.conditions;
    const int index = static_cast<int>(out.networks.size());
    for (const TableNetworkModule& module : network.modules) {
      const auto slots = listed.slots(module.type, module.parameters, network.conditions);
      if (listed.free(module.type, slots)) continue;
      const bool missing = !std::isfinite(module.latency_ns);
      if (missing && (!measured || !module.listed)) {
        unlisted.add(module.type, slots, module.latency_ns, 0.0, index);
        continue;
      }
      if (missing) truth.probe = true;  // its sum is not known
      const auto place = listed.add(module.type, slots, module.latency_ns, 1.0, index);
      truth.modules.push_back({.kernel_samples = place.kernel_samples,
                               .row = place.row,
                               .macs = place.macs,
                               .latency_ns = module.latency_ns});
    }
    out.networks.push_back(std::move(truth));
  }
  out.kernels = listed.samples();
  out.unlisted = unlisted.samples();
  return out;
}

}  // namespace latcast::learn
