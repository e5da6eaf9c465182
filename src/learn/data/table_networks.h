// Imported tables -> networks with their modules and latencies on one target, and from those a training set.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "catalogue/catalogue.h"
#include "latcast/result.h"
#include "learn/data/training_set.h"
#include "store/store.h"

namespace latcast::learn {

struct TableNetworkModule {
  std::size_t type = 0;                                          // in the catalogue
  std::vector<double> parameters;                                // as the type lists them
  double latency_ns = std::numeric_limits<double>::quiet_NaN();  // NaN: not measured
  bool listed = true;
  std::string engine_kernel;  // the engine's name of the kernel that ran it, where that was recorded
};

struct TableNetwork {
  std::string name, family;
  double total_ns = std::numeric_limits<double>::quiet_NaN();  // NaN: not measured
  double deviation_ns = 0;                                     // of repeated runs; 0: unknown
  std::vector<TableNetworkModule> modules;
  Conditions conditions = {};  // the target's
};

struct TableNetworks {
  std::vector<TableNetwork> networks;  // that have modules
  std::size_t without_operations = 0;  // networks with a total that no table lists the operations of
  std::string first_without_operations;
};

/// What tables say of a target: its own operations, or else those that its networks have with the same engine.
/// Errc::invalid_input: a stored operation that the catalogue does not know, or lacks a parameter.
[[nodiscard]] Result<TableNetworks> load_table_networks(Store& store, const TargetRecord& target,
                                                        const Catalogue& catalogue);

/// The kernel class that the catalogue's rules give a module.
[[nodiscard]] const Kernel& kernel_of(const Catalogue& catalogue, const TableNetworkModule& module,
                                      const Conditions& conditions);

/// Rows whose kernel class was recorded, and those where the catalogue's rules say another one.
struct RuleAgreement {
  std::size_t recorded = 0, other = 0;
  std::string first;  // that differs, in words
};
[[nodiscard]] RuleAgreement check_rules(std::span<const TableNetwork> networks, const Catalogue& catalogue);

[[nodiscard]] TrainingSet make_training_set(std::span<const TableNetwork> networks, const Catalogue& catalogue);

}  // namespace latcast::learn
