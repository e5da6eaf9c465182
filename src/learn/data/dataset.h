// Store -> TrainingSet: which module took how long, with the profiler's own cost and the machine's drift, within and
// between campaigns, taken out.
#pragma once

#include <cstdint>
#include <string>

#include "catalogue/catalogue.h"
#include "latcast/result.h"
#include "learn/data/campaign_effects.h"
#include "learn/data/training_set.h"
#include "store/store.h"

namespace latcast::learn {

/// What the profiler adds, fitted on the carriers: quiet ~ scale * sum(profiled) - sum(per_pause * pause + per_node +
/// per_value * values) + per_run. A node's cost goes along with the pause after it: both are the profiler's work on
/// that node, slower where the caches are cold or the machine is.
struct ProfilerCost {
  double scale = 1.0;
  double per_pause = 0.0;
  double per_node_ns = 0.0;
  double per_value_ns = 0.0;  // per input or output of a node: the profiler writes their shapes down
  double per_run_ns = 0.0;
};

struct DatasetReport {
  int carriers = 0;           // used
  int carriers_left_out = 0;  // no complete profile (where others have one), or an unreadable graph
  int modules = 0;
  int unknown_modules = 0;
  double noise = 0;   // median relative noise of the carriers' quiet latencies
  bool timed = true;  // nodes were; else modules have their shares of totals (learn/data/apportioning.h)
  ProfilerCost profiler;
  std::vector<CampaignEffect> campaigns;  // oldest first; their offsets are taken out of the samples
  std::vector<std::pair<std::string, double>> unknown_operators;  // operator, share of time
};

struct Dataset {
  TrainingSet samples;
  std::vector<std::int64_t> records;  // per network: the id of its newest record in the store
  DatasetReport report;
};

/// Everything measured for a target, over all its campaigns: a carrier that several of them measured is one network,
/// and the campaigns' own effects are taken out as far as such carriers tell them. Modules are made anew from the
/// stored graphs, so a catalogue that was extended since gives its new parameters for old measurements too.
/// What a measurement does not say of its conditions is as `usual` has it, or as is usual.
[[nodiscard]] Result<Dataset> load_dataset(Store& store, std::int64_t target, const Catalogue& catalogue,
                                           const Conditions& usual = {});

/// Only this campaign's (an advisor's view while it runs).
[[nodiscard]] Result<Dataset> load_campaign(Store& store, std::int64_t campaign, const Catalogue& catalogue);

}  // namespace latcast::learn
