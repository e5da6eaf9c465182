// A campaign: plans carriers, measures them in rounds until the budget is spent, keeps everything in the store.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "catalogue/catalogue.h"
#include "engine/worker/worker.h"
#include "latcast/result.h"
#include "latcast/units.h"
#include "measure/carriers/carrier.h"
#include "store/rounds.h"
#include "store/store.h"

namespace latcast {

/// campaign.toml: what may be tuned without touching code. All optional.
struct CampaignConfig {
  std::vector<std::string> families;  // only carriers of these; empty: all
  int rounds = 0;                     // 0: by budget
  double max_macs = 3e9;
  double max_weight_bytes = 450e6;
  Nanos burst = std::chrono::milliseconds(60);    // unprofiled, per carrier and round
  Nanos profile = std::chrono::milliseconds(40);  // profiled, per carrier and round
  double module_share = 0.1;                      // of carriers: made from the catalogue's own sampling and build data
  double adaptive_share = 0.25;                   // of the budget: spent where the cross-validated error is largest
  /// Values that carriers are measured under, one of each drawn for a carrier by what it is; others are as usual.
  std::map<std::string, std::vector<double>> conditions = {};
};

/// Reads a campaign.toml; a misspelt key or a nonsensical value is an error with its line. `catalogue`: whose module
/// types' carriers can be asked for, beside block families.
[[nodiscard]] Result<CampaignConfig> read_campaign_config(const std::string& file, const Catalogue& catalogue);

struct CampaignOptions {
  Nanos budget = std::chrono::minutes(10);  // with `resume`: 0 is the campaign's own
  std::uint64_t seed = 1;
  bool resume = false;  // the last campaign's plan is taken up: its seed and configuration are used, not these
  CampaignConfig config;
  Conditions usual = {};          // what every measurement is under that draws nothing else
  std::vector<onnx::Model> like;  // networks to resemble
  /// Carriers of an earlier campaign that are measured again, before all others and for a small share of the budget:
  /// they tell how the machine's speed has changed since.
  std::vector<NetworkRecord> again;
  /// What an engine executes of a model, where it does not tell; empty: what the model has.
  std::function<Result<ExecutedGraph>(const onnx::Model&)> executed = {};
};

/// How much more of each family is wanted, from what was measured so far; empty: no opinion.
using Advisor = std::function<std::vector<std::pair<std::string, double>>(Store&, std::int64_t campaign)>;

struct CampaignObserver {
  std::function<void(double fraction, const std::string& what)> progress;  // fraction of the budget
  std::function<void(const std::string& line)> log;
  std::function<bool()> interrupted;
  std::function<void(Nanos left)> before;  // each measurement, with what is left of the budget; may wait
};

struct CampaignSummary {
  std::int64_t campaign = 0;
  std::uint64_t seed = 0;
  int carriers = 0;
  int again = 0;  // of them, carriers of an earlier campaign
  int measurements = 0;
  int failures = 0;
  int rounds = 0;
  bool interrupted = false;
  double spent_ns = 0;
  std::vector<std::string> unreached = {};  // module types that carriers could have, but none that was measured had
  RoundTable minima = {};                   // of the carriers' bursts, where this run measured them
};

/// One line of a dry run's plan.
struct PlanLine {
  std::string family;
  int carriers = 0;
  double macs = 0;
};
struct CampaignPlan {
  std::vector<PlanLine> lines;
  int carriers = 0;
  int rounds = 0;
  double expected_ns = 0;
};

/// What a campaign would measure on a machine of ordinary speed (the true number of carriers is set by the first
/// round). Of more carriers than can be made in a moment, it goes on as it began. `stopped` ends it early.
[[nodiscard]] CampaignPlan plan_campaign(const Catalogue& catalogue, const CampaignOptions& options,
                                         const std::function<bool()>& stopped = {});

[[nodiscard]] Result<CampaignSummary> run_campaign(Worker& worker, Store& store, std::int64_t target,
                                                   const Catalogue& catalogue, const CampaignOptions& options,
                                                   const Advisor& advisor, const CampaignObserver& observer);

}  // namespace latcast
