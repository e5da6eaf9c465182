#include "learn/data/dataset.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "graph/module_network.h"
#include "learn/data/apportioning.h"
#include "learn/data/profiler_cost.h"
#include "learn/data/sample_collector.h"
#include "store/rounds.h"

namespace latcast::learn {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
/// No executed node is faster than a function call and a few checks of the engine's executor (ns).
constexpr double kFloor = 150.0;
/// Where a module's own time is of this order (ns), its share of a network stops to matter.
constexpr double kSmallModule = 5000.0;
/// Whole microseconds averaged over some forty runs and three rounds (ns).
constexpr double kDithering = 30.0;
/// Relative; samples closer to the truth than this are all alike to a model.
constexpr double kModelError = 0.05;

struct CarrierData {
  NetworkRecord record;   // the newest, where several campaigns measured it
  Conditions conditions;  // of all its measurements
  std::uint64_t identity = 0;
  std::vector<MeasurementRecord> measurements;
  std::vector<double> effects;  // per measurement: log of how much slower the machine was than usual
  ModuleNetwork network;
  std::vector<double> values;  // per executed node: tensors that it reads and writes
  QuietLatency quiet;
  std::vector<double> profiled_ns;  // per executed node, round effects removed, median over rounds
  std::vector<double> pause_ns;     // after it; likewise
  std::vector<double> spread;       // relative, per node over rounds
};

/// Under other conditions than usual it is another carrier.
std::uint64_t identity_under(std::string content, const Conditions& conditions, const Conditions& usual) {
  for (const auto& [name, value] : conditions) {
    const auto found = usual.find(name);
    if (found == usual.end() || found->second != value) content += name + '=' + std::to_string(value) + '\n';
  }
  return identity_of(content);
}

double burst_minimum(const MeasurementRecord& measurement) {
  return measurement.runs_ns.empty() ? kMissing : static_cast<double>(*std::ranges::min_element(measurement.runs_ns));
}

/// Reads the graph; false where the carrier cannot be used.
bool read_graph(CarrierData& carrier, const Catalogue& catalogue) {
  auto executed = read_executed_graph(carrier.record.executed);
  if (!executed) return false;
  carrier.network = match_modules(*executed, catalogue, nullptr);
  const auto used = [](const ir::Ids& ids) {
    return static_cast<std::size_t>(ids.end() - ids.begin() - std::ranges::count(ids, ir::kNothing));
  };
  for (const ir::NodeId id : executed->order) {
    const ir::Node& node = executed->graph.node(id);
    carrier.values.push_back(static_cast<double>(used(node.inputs) + used(node.outputs)));
  }
  return true;
}

/// Unloaded latency over all rounds, their effects removed.
void combine_bursts(CarrierData& carrier) {
  std::vector<double> corrected;
  for (std::size_t i = 0; i < carrier.measurements.size(); ++i) {
    const double burst = burst_minimum(carrier.measurements[i]);
    if (burst > 0) corrected.push_back(burst * std::exp(-carrier.effects[i]));
  }
  carrier.quiet = quiet_latency(corrected);
}

/// What an engine calls its pause after a node; 0 where it has none.
double pause_after(const MeasurementRecord& measurement, std::size_t node) {
  const auto found = measurement.overheads_ns.find("pause");
  return found != measurement.overheads_ns.end() && node < found->second.size()
             ? static_cast<double>(found->second[node])
             : 0.0;
}

void combine_nodes(CarrierData& carrier) {
  const std::size_t nodes = carrier.values.size();
  carrier.profiled_ns.assign(nodes, kMissing);
  carrier.pause_ns.assign(nodes, 0.0);
  carrier.spread.assign(nodes, 0.1);
  for (std::size_t node = 0; node < nodes; ++node) {
    std::vector<double> values;
    std::vector<double> pauses;
    for (std::size_t i = 0; i < carrier.measurements.size(); ++i) {
      const MeasurementRecord& measurement = carrier.measurements[i];
      if (measurement.nodes_ns.size() != nodes || measurement.nodes_ns[node] < 0) continue;
      const double quiet = std::exp(-carrier.effects[i]);
      values.push_back(static_cast<double>(measurement.nodes_ns[node]) * quiet);
      pauses.push_back(pause_after(measurement, node) * quiet);
    }
    if (values.empty()) continue;
    carrier.profiled_ns[node] = median(values);
    carrier.pause_ns[node] = median(pauses);
    if (values.size() < 3) continue;
    std::vector<double> deviations;
    for (const double value : values) deviations.push_back(std::abs(value / carrier.profiled_ns[node] - 1));
    carrier.spread[node] = 1.4826 * median(deviations) / std::sqrt(static_cast<double>(values.size()));
  }
}

/// Whether the engine told times of nodes at all.
bool timed(const CarrierData& carrier) {
  return std::ranges::any_of(carrier.measurements, [](const MeasurementRecord& one) { return !one.nodes_ns.empty(); });
}

/// A module has no node of its own where the profile lacks it (never executed).
bool complete(const CarrierData& carrier) {
  const auto missing = std::ranges::count_if(carrier.profiled_ns, [](double time) { return std::isnan(time); });
  return !carrier.profiled_ns.empty() && missing * 20 <= static_cast<std::ptrdiff_t>(carrier.profiled_ns.size());
}

ProfiledRun profiled_run(const CarrierData& carrier) {
  ProfiledRun run;
  run.quiet_ns = carrier.quiet.quiet;
  for (std::size_t node = 0; node < carrier.profiled_ns.size(); ++node) {
    if (std::isnan(carrier.profiled_ns[node])) continue;
    run.profiled_ns += carrier.profiled_ns[node];
    run.pauses_ns += carrier.pause_ns[node];
    run.nodes += 1;
    run.values += carrier.values[node];
  }
  return run;
}

/// Latency of each node without the profiler's cost, so that they add up to the carrier's own quiet latency.
std::vector<double> clean_latencies(const CarrierData& carrier, const ProfilerCost& cost) {
  std::vector<double> clean(carrier.profiled_ns.size(), kMissing);
  double sum = 0;
  for (std::size_t node = 0; node < clean.size(); ++node) {
    const double profiled = carrier.profiled_ns[node];
    if (std::isnan(profiled)) continue;
    const double overhead =
        cost.per_pause * carrier.pause_ns[node] + cost.per_node_ns + cost.per_value_ns * carrier.values[node];
    clean[node] = std::max({cost.scale * profiled - overhead, 0.03 * profiled, kFloor});
    sum += clean[node];
  }
  // The profiled and the unprofiled burst are moments apart; the unprofiled one is the truth.
  const double ratio = std::clamp((carrier.quiet.quiet - cost.per_run_ns) / sum, 0.8, 1.25);
  for (double& value : clean) value = std::max(value * ratio, kFloor);
  return clean;
}

class Builder {
 public:
  explicit Builder(const Catalogue& catalogue) : samples_(catalogue) {}

  void add(const CarrierData& carrier, const std::vector<double>& clean) {
    NetworkTruth truth;
    truth.name = carrier.record.name;
    truth.identity = carrier.identity;
    truth.family = carrier.record.family;
    truth.conditions = carrier.conditions;
    truth.adaptive = carrier.record.adaptive;
    truth.probe = carrier.record.probe;
    truth.quiet_ns = carrier.quiet.quiet;
    truth.noise_ns = std::isnan(carrier.quiet.noise) ? 0.05 * carrier.quiet.quiet : carrier.quiet.noise;
    const int network = static_cast<int>(set_.networks.size());
    for (const Module& module : carrier.network.modules) {
      const double latency = clean[module.node];
      if (std::isnan(latency)) continue;
      ModuleRef reference{-1, -1, module.input_bytes, module.output_bytes, module.weight_bytes, module.macs, latency};
      if (module.match == ModuleMatch::matched) {
        const auto slots = samples_.slots(module.type, module.parameters, carrier.conditions);
        if (samples_.free(module.type, slots)) continue;  // its time is in another module
        add_sample(module.type, slots, carrier.spread[module.node], network, reference);
      } else {
        unknown_[module.op] += latency;
        ++unknown_count_;
      }
      total_ += latency;
      ++modules_;
      truth.modules.push_back(reference);
    }
    set_.networks.push_back(std::move(truth));
    records_.push_back(carrier.record.id);
  }

  Dataset finish(DatasetReport report) {
    set_.kernels = samples_.samples();
    report.modules = modules_;
    report.unknown_modules = unknown_count_;
    for (const auto& [op, time] : unknown_) report.unknown_operators.emplace_back(op, time / total_);
    std::ranges::sort(report.unknown_operators, std::greater<>(), &std::pair<std::string, double>::second);
    return {std::move(set_), std::move(records_), std::move(report)};
  }

 private:
  void add_sample(std::size_t type, const SampleCollector::Slots& slots, double spread, int network,
                  ModuleRef& reference) {
    const double latency = reference.latency_ns;
    // Own noise, what the clock's dithering leaves, and what no model will resolve. Modules too small to matter count
    // less, but only gently: weights that grow with the measured value would follow its outliers.
    const double noise = std::hypot(spread, kModelError, kDithering / latency);
    const double weight = std::sqrt(latency / (latency + kSmallModule)) * kModelError * kModelError / (noise * noise);
    const auto place = samples_.add(type, slots, latency, weight, network);
    reference.kernel_samples = place.kernel_samples;
    reference.row = place.row;
    reference.macs = place.macs;
  }

  SampleCollector samples_;
  TrainingSet set_;
  std::vector<std::int64_t> records_;
  std::map<std::string, double> unknown_;
  double total_ = 0;
  int modules_ = 0;
  int unknown_count_ = 0;
};

/// What is usual of every condition, where `usual` does not say it.
Conditions all_conditions(const Catalogue& catalogue, Conditions usual) {
  for (const ModuleType& type : catalogue.types()) {
    for (const std::string& name : type.conditions)
      usual.try_emplace(name, catalogue.find_condition(name)->possible.usual);
  }
  return usual;
}

/// Carriers of one campaign, measured together: the unit in which drift can be removed.
Result<std::vector<CarrierData>> read_campaign(Store& store, std::int64_t campaign, const Catalogue& catalogue,
                                               const Conditions& usual, DatasetReport& report) {
  auto networks = store.networks(campaign);
  if (!networks) return tl::unexpected(networks.error());
  std::vector<CarrierData> carriers;
  int rounds = 0;
  for (NetworkRecord& record : *networks) {
    CarrierData carrier;
    carrier.record = std::move(record);
    auto measurements = store.measurements(carrier.record.id);
    if (!measurements) return tl::unexpected(measurements.error());
    if (measurements->empty()) continue;
    carrier.measurements = std::move(*measurements);
    carrier.conditions = carrier.measurements.front().conditions;
    carrier.conditions.insert(usual.begin(), usual.end());
    carrier.identity = identity_under(carrier.record.skeleton, carrier.conditions, usual);
    rounds = std::max(rounds, carrier.measurements.back().round + 1);
    if (!read_graph(carrier, catalogue)) {
      ++report.carriers_left_out;
      continue;
    }
    carriers.push_back(std::move(carrier));
  }
  RoundTable table(carriers.size(), std::vector<double>(static_cast<std::size_t>(rounds), kMissing));
  for (std::size_t index = 0; index < carriers.size(); ++index) {
    for (const MeasurementRecord& measurement : carriers[index].measurements) {
      table[index][static_cast<std::size_t>(measurement.round)] = burst_minimum(measurement);
    }
  }
  const std::vector<double> effects = round_effects(table);
  for (CarrierData& carrier : carriers) {
    for (const MeasurementRecord& measurement : carrier.measurements)
      carrier.effects.push_back(effects[static_cast<std::size_t>(measurement.round)]);
    combine_bursts(carrier);
  }
  return carriers;
}

using Campaigns = std::vector<std::vector<CarrierData>>;  // oldest first

/// Takes out what each campaign's carriers were slower by than the newest one's.
std::vector<CampaignEffect> remove_campaign_effects(const std::vector<std::int64_t>& ids, Campaigns& campaigns) {
  std::vector<CampaignLatencies> latencies;
  for (const auto& carriers : campaigns) {
    CampaignLatencies& own = latencies.emplace_back();
    for (const CarrierData& carrier : carriers) {
      if (carrier.quiet.quiet > 0) own[carrier.identity] = carrier.quiet.quiet;
    }
  }
  std::vector<CampaignEffect> effects = campaign_effects(latencies);
  for (std::size_t i = 0; i < campaigns.size(); ++i) {
    effects[i].campaign = ids[i];
    for (CarrierData& carrier : campaigns[i]) {
      for (double& effect : carrier.effects) effect += effects[i].log_offset;
    }
  }
  return effects;
}

/// A later copy's measurements go to the earlier one.
void unite(CarrierData& carrier, CarrierData&& copy) {
  if (carrier.record.executed != copy.record.executed) {  // the newer graph holds; times of other nodes say nothing
    for (MeasurementRecord& measurement : carrier.measurements) measurement.nodes_ns.clear();
    carrier.values = std::move(copy.values);
    carrier.network = std::move(copy.network);
  }
  const bool adaptive = carrier.record.adaptive && copy.record.adaptive;
  carrier.record = std::move(copy.record);
  carrier.record.adaptive = adaptive;
  std::ranges::move(copy.measurements, std::back_inserter(carrier.measurements));
  std::ranges::copy(copy.effects, std::back_inserter(carrier.effects));
}

/// Every carrier once: what was measured of it in any campaign is of one network, on one side of every split.
std::vector<CarrierData> distinct_carriers(Campaigns campaigns, DatasetReport& report) {
  std::vector<CarrierData> out;
  std::map<std::uint64_t, std::size_t> place;
  for (auto& carriers : campaigns) {
    for (CarrierData& carrier : carriers) {
      const auto [found, fresh] = place.emplace(carrier.identity, out.size());
      if (fresh) {
        out.push_back(std::move(carrier));
      } else {
        unite(out[found->second], std::move(carrier));
      }
    }
  }
  for (CarrierData& carrier : out) {
    combine_bursts(carrier);
    combine_nodes(carrier);
  }
  report.timed = std::ranges::any_of(out, timed);
  const auto before = out.size();
  std::erase_if(
      out, [&](const CarrierData& carrier) { return report.timed ? !complete(carrier) : !(carrier.quiet.quiet > 0); });
  report.carriers_left_out += static_cast<int>(before - out.size());
  return out;
}

/// Per carrier, per executed node.
using Latencies = std::vector<std::vector<double>>;

Latencies profiled_latencies(const std::vector<CarrierData>& carriers, DatasetReport& report) {
  std::vector<ProfiledRun> runs;
  for (const CarrierData& carrier : carriers) runs.push_back(profiled_run(carrier));
  report.profiler = fit_profiler_cost(runs);
  Latencies out;
  for (const CarrierData& carrier : carriers) out.push_back(clean_latencies(carrier, report.profiler));
  return out;
}

/// Where only totals are known; fills in how sure the shares are.
Latencies shared_latencies(std::vector<CarrierData>& carriers, const Catalogue& catalogue, DatasetReport& report) {
  std::vector<WholeCarrier> whole;
  for (const CarrierData& carrier : carriers)
    whole.push_back({&carrier.network, carrier.quiet.quiet, carrier.conditions});
  const Apportioned shares = apportion(whole, catalogue);
  report.profiler = {.per_run_ns = shares.run_ns};
  Latencies out;
  for (std::size_t i = 0; i < carriers.size(); ++i) {
    std::vector<double>& own = out.emplace_back(carriers[i].values.size(), kMissing);
    for (std::size_t m = 0; m < shares.modules_ns[i].size(); ++m) {
      const std::size_t node = carriers[i].network.modules[m].node;
      own[node] = std::max(shares.modules_ns[i][m], kFloor);
      carriers[i].spread[node] = shares.spread[i][m];
    }
  }
  return out;
}

Result<Dataset> build(Store& store, const std::vector<std::int64_t>& ids, const Catalogue& catalogue,
                      const Conditions& usual) {
  DatasetReport report;
  const Conditions conditions = all_conditions(catalogue, usual);
  Campaigns campaigns;
  for (const std::int64_t campaign : ids) {
    auto own = read_campaign(store, campaign, catalogue, conditions, report);
    if (!own) return tl::unexpected(own.error());
    campaigns.push_back(std::move(*own));
  }
  report.campaigns = remove_campaign_effects(ids, campaigns);
  std::vector<CarrierData> carriers = distinct_carriers(std::move(campaigns), report);
  if (carriers.size() < (report.timed ? 1U : 2U))
    return fail(Errc::not_found, "the store holds no complete measurement of this target; run 'latcast profile' first");
  std::vector<double> noise;
  for (const CarrierData& carrier : carriers) {
    if (!std::isnan(carrier.quiet.noise)) noise.push_back(carrier.quiet.noise / carrier.quiet.quiet);
  }
  report.carriers = static_cast<int>(carriers.size());
  report.noise = noise.empty() ? 0.0 : median(noise);
  const auto latencies =
      report.timed ? profiled_latencies(carriers, report) : shared_latencies(carriers, catalogue, report);
  Builder builder(catalogue);
  for (std::size_t i = 0; i < carriers.size(); ++i) builder.add(carriers[i], latencies[i]);
  return builder.finish(std::move(report));
}

}  // namespace

Result<Dataset> load_dataset(Store& store, std::int64_t target, const Catalogue& catalogue, const Conditions& usual) {
  auto campaigns = store.campaigns(target);
  if (!campaigns) return tl::unexpected(campaigns.error());
  std::vector<std::int64_t> ids;
  for (const CampaignRecord& campaign : *campaigns) ids.push_back(campaign.id);
  return build(store, ids, catalogue, usual);
}

Result<Dataset> load_campaign(Store& store, std::int64_t campaign, const Catalogue& catalogue) {
  return build(store, {campaign}, catalogue, {});
}

}  // namespace latcast::learn
