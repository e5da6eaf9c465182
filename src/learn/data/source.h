// Where measurements come from: one function per kind of source, from a target in a store to all that training needs.
//
// Campaigns and imported tables differ here and in nothing after it. A new kind of source is one file and a line in
// sources().
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalogue/catalogue.h"
#include "core/pack_content.h"
#include "latcast/result.h"
#include "learn/data/table_networks.h"
#include "learn/data/training_set.h"
#include "store/store.h"

namespace latcast::learn {

/// What was read, for people.
struct MeasurementReport {
  std::string unit;          // what networks are here: "carriers", "networks"
  std::size_t networks = 0;  // used
  std::size_t totals = 0;    // of them, with an end-to-end latency
  std::size_t modules = 0;   // in them
  std::size_t measured = 0;  // modules with a latency of their own
  double noise = 0;          // median relative noise of end-to-end latencies; 0: unknown
  std::vector<std::pair<std::string, double>> unknown_operators;  // without a module type; share of time, largest first
  std::vector<std::string> notes;                                 // what was left out, and why
  std::vector<std::string> details;                               // how it was made ready: only for who wants to know
};

/// Everything that training needs of a target.
struct Measurements {
  Catalogue catalogue;  // the module types that a pack of the target is made for
  TrainingSet set;
  Target target;  // as the pack will name it
  std::vector<ReferenceCarrier> references;
  std::vector<TableNetwork> listed;  // where networks came as lists of operations: what `set` was made of
  std::int64_t started_unix_s = 0, finished_unix_s = 0;
  bool ages = true;                 // the device's speed drifts away from these measurements
  double usual_module_time_ns = 0;  // what a forecast of a module may take where nothing else is asked for
  MeasurementReport report;
};

struct Source {
  std::string_view name;
  bool (*has)(const TargetContents& contents);
  Result<Measurements> (*read)(Store& store, const TargetRecord& target, const Catalogue& catalogue);
};

/// The first that has something of a target is its source.
[[nodiscard]] std::span<const Source> sources();

/// `catalogue`: all module types there are. Errc::not_found: nothing can be learnt from what the store holds.
[[nodiscard]] Result<Measurements> read_measurements(Store& store, const TargetRecord& target,
                                                     const Catalogue& catalogue);

/// learn/data/campaign_source.cpp: carriers that `latcast profile` measured.
[[nodiscard]] Result<Measurements> read_campaigns(Store& store, const TargetRecord& target, const Catalogue& catalogue);
/// learn/data/table_source.cpp: tables that `latcast import` brought.
[[nodiscard]] Result<Measurements> read_tables(Store& store, const TargetRecord& target, const Catalogue& catalogue);

}  // namespace latcast::learn
