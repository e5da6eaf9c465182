#include "measure/campaign.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>
#include <set>
#include <span>

#include "core/pack_seal.h"
#include "measure/carrier_plan.h"
#include "measure/model_file.h"
#include "measure/node_matching.h"

namespace latcast {
namespace {

using Json = nlohmann::json;

/// Sessions leave fragments of memory behind: a fresh worker above this (bytes resident).
constexpr double kRestartAboveResident = 1.5e9;
/// A carrier that failed this often is not tried again.
constexpr int kFailuresAllowed = 2;
/// Of the first round's time: what carriers of an earlier campaign may take.
constexpr double kShareAgain = 0.1;
/// Carriers that a plan is told from.
constexpr std::size_t kMadeForPlan = 5000;
/// So many failures in a row, from the start, mean that the engine does not work here.
constexpr int kHopeless = 12;

/// Few rounds, many carriers: coverage counts for more than repetition. Three rounds are the least that a median over
/// rounds can defend itself with; where the budget is short, even that buys less than other carriers do.
int rounds_for(const CampaignOptions& options) {
  if (options.config.rounds > 0) return options.config.rounds;
  if (options.budget < std::chrono::minutes(5)) return 2;
  return options.budget < std::chrono::minutes(20) ? 3 : 5;
}

std::int64_t unix_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// The same carrier has the same conditions in every campaign that draws from the same values.
Conditions draw_conditions(const std::string& skeleton, const CampaignConfig& config) {
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(skeleton.data()), skeleton.size());
  std::mt19937_64 random(detail::content_hash(bytes));  // the same with every library and on every machine
  Conditions out;
  for (const auto& [name, values] : config.conditions) out[name] = values[random() % values.size()];
  return out;
}

struct Item {
  NetworkRecord record;
  EngineModel engine_model;
  std::optional<ExecutedGraph> executed;
  int failures = 0;
  double cost_ns = 0;     // of the last measurement
  Conditions conditions;  // drawn ones
  std::set<int> rounds;
  std::vector<double> minima = {};  // of bursts, by round
};

class Runner {
 public:
  Runner(Worker& worker, Store& store, const CampaignOptions& options, const CampaignObserver& observer,
         CarrierPlan plan)
      : worker_(worker),
        store_(store),
        options_(options),
        observer_(observer),
        plan_(std::move(plan)),
        random_(options.seed) {}

  Result<CampaignSummary> run(std::int64_t target, const Advisor& advisor, const std::string& plan_text);

 private:
  Result<void> begin(std::int64_t target, const std::string& plan_text);
  Result<void> resume(const CampaignRecord& campaign);
  Result<void> measure_again(double until_ns);
  Result<void> first_round(double until_ns);
  Result<void> further_rounds(int last_round, double until_ns);
  Result<void> adapt(const Advisor& advisor, int rounds, double until_ns);
  Result<bool> add_item(const Carrier& carrier, bool adaptive);
  Result<bool> add_item(NetworkRecord record, const onnx::Model& model);
  [[nodiscard]] Result<ExecutedGraph> deduce(const Item& item) const;
  Result<void> measure(Item& item, int round);
  Result<void> note_failure(Item& item, int round, const Error& error);

  [[nodiscard]] double spent_ns() const { return spent_before_ns_ + (worker_.now() - start_).count(); }
  [[nodiscard]] bool fits(double cost_ns, double until_ns) const { return spent_ns() + cost_ns < until_ns; }
  [[nodiscard]] bool stopped() const {
    return summary_.interrupted || (observer_.interrupted && observer_.interrupted());
  }
  void say(const std::string& line) const {
    if (observer_.log) observer_.log(line);
  }

  Worker& worker_;
  Store& store_;
  const CampaignOptions& options_;
  const CampaignObserver& observer_;
  CarrierPlan plan_;
  std::mt19937_64 random_;
  Nanos start_{0};
  double spent_before_ns_ = 0;
  std::int64_t campaign_ = 0;
  std::vector<Item> items_;
  std::size_t next_planned_ = 0;
  std::size_t next_advised_ = 0;
  int plan_index_ = 0;
  CampaignSummary summary_;
};

Result<CampaignSummary> Runner::run(std::int64_t target, const Advisor& advisor, const std::string& plan_text) {
  start_ = worker_.now();
  if (auto ok = begin(target, plan_text); !ok) return tl::unexpected(ok.error());
  const double budget = options_.budget.count();
  const int rounds = rounds_for(options_);
  const double adaptive = advisor ? options_.config.adaptive_share : 0.0;
  const double planned_until = budget * (1 - adaptive);
  Result<void> ok = measure_again(kShareAgain * planned_until / rounds);
  if (ok) ok = first_round(planned_until / rounds);
  if (ok) ok = further_rounds(rounds - 1, planned_until);
  if (ok && advisor) ok = adapt(advisor, rounds, budget);
  // What an advisor did not use goes into more rounds of everything.
  if (ok) ok = further_rounds(1000, budget);
  if (!ok && ok.error().code != Errc::interrupted) return tl::unexpected(ok.error());
  summary_.interrupted = stopped() || !ok;
  summary_.campaign = campaign_;
  summary_.seed = options_.seed;
  summary_.carriers =
      static_cast<int>(std::ranges::count_if(items_, [](const Item& item) { return !item.rounds.empty(); }));
  std::set<std::pair<std::string, std::string>> executed;
  for (const Item& item : items_) {
    if (item.rounds.empty()) continue;
    summary_.rounds = std::max(summary_.rounds, *item.rounds.rbegin() + 1);
    if (item.record.plan_index < 0) ++summary_.again;
    for (std::size_t i = 0; item.executed && i < item.executed->order.size(); ++i)
      executed.emplace(item.executed->node(i).domain, item.executed->node(i).op);
    summary_.minima.push_back(item.minima);
  }
  summary_.unreached = plan_.unreached(executed);
  summary_.spent_ns = spent_ns();
  const std::string status = summary_.interrupted ? "interrupted" : "finished";
  if (auto saved = store_.update_campaign(campaign_, summary_.spent_ns, status); !saved)
    return tl::unexpected(saved.error());
  return summary_;
}

Result<void> Runner::begin(std::int64_t target, const std::string& plan_text) {
  if (options_.resume) {
    auto campaigns = store_.campaigns(target);
    if (!campaigns) return tl::unexpected(campaigns.error());
    if (campaigns->empty())
      return fail(Errc::not_found, "there is no campaign of this target to resume; leave --resume out to start one");
    return resume(campaigns->back());
  }
  CampaignRecord campaign;
  campaign.target = target;
  campaign.started_unix_s = unix_ms() / 1000;
  campaign.tool_version = LATCAST_VERSION;
  campaign.seed = options_.seed;
  campaign.budget_ns = options_.budget.count();
  campaign.status = "running";
  campaign.plan = plan_text;
  auto machine = worker_.machine();
  if (!machine) return tl::unexpected(machine.error());
  campaign.context = std::move(machine->context);
  auto id = store_.add_campaign(campaign);
  if (!id) return tl::unexpected(id.error());
  campaign_ = *id;
  return {};
}

Result<void> Runner::resume(const CampaignRecord& campaign) {
  campaign_ = campaign.id;
  spent_before_ns_ = campaign.spent_ns;
  auto networks = store_.networks(campaign.id);
  if (!networks) return tl::unexpected(networks.error());
  for (NetworkRecord& record : *networks) {
    Item item;
    item.record = std::move(record);
    plan_index_ = std::max(plan_index_, item.record.plan_index + 1);
    if (item.record.plan_index >= 0) ++(item.record.adaptive ? next_advised_ : next_planned_);
    auto model = onnx::read_model(std::as_bytes(std::span(item.record.skeleton)));
    if (!model) continue;
    auto engine_model = plan_inputs(*model, {});
    if (!engine_model) continue;
    item.engine_model = std::move(*engine_model);
    item.engine_model.bytes = item.record.skeleton;
    item.conditions = draw_conditions(item.record.skeleton, options_.config);
    if (auto executed = read_executed_graph(item.record.executed)) item.executed = std::move(*executed);
    auto measurements = store_.measurements(item.record.id);
    if (!measurements) return tl::unexpected(measurements.error());
    for (const MeasurementRecord& measurement : *measurements) item.rounds.insert(measurement.round);
    item.cost_ns = plan_.expected_cost({item.record.name, item.record.family, 0, {}, 0, 0}).count();
    items_.push_back(std::move(item));
  }
  say("resuming campaign " + std::to_string(campaign_) + ": " + std::to_string(items_.size()) + " carriers, " +
      std::to_string(static_cast<int>(spent_before_ns_ / 1e9)) + " s of the budget spent");
  return {};
}

Result<bool> Runner::add_item(const Carrier& carrier, bool adaptive) {
  auto skeleton = onnx::write_model(carrier.model, onnx::Weights::skeleton);
  if (!skeleton) return tl::unexpected(skeleton.error());
  const auto same = [&](const Item& item) { return item.record.skeleton == *skeleton; };
  if (std::ranges::any_of(items_, same)) return false;  // it was measured again already
  return add_item({.id = 0,
                   .campaign = campaign_,
                   .plan_index = plan_index_++,
                   .name = carrier.name,
                   .family = carrier.family,
                   .seed = carrier.seed,
                   .adaptive = adaptive,
                   .probe = carrier.probe,
                   .skeleton = std::move(*skeleton),
                   .executed = {}},
                  carrier.model);
}

/// False where it cannot be measured.
Result<bool> Runner::add_item(NetworkRecord record, const onnx::Model& model) {
  auto engine_model = plan_inputs(model, {});
  if (!engine_model) {
    say("carrier " + record.name + " left out: " + engine_model.error().context);
    return false;
  }
  Item item;
  item.record = std::move(record);
  item.engine_model = std::move(*engine_model);
  item.engine_model.bytes = item.record.skeleton;
  item.conditions = draw_conditions(item.record.skeleton, options_.config);
  auto id = store_.add_network(item.record);
  if (!id) return tl::unexpected(id.error());
  item.record.id = *id;
  items_.push_back(std::move(item));
  return true;
}

Result<void> Runner::note_failure(Item& item, int round, const Error& error) {
  if (error.code == Errc::interrupted || error.code == Errc::engine_unavailable) return tl::unexpected(error);
  ++item.failures;
  ++summary_.failures;
  say("carrier " + item.record.name + " was not measured: " + error.context);
  if (auto ok = store_.add_failure(item.record.id, round, error.context); !ok) return ok;
  if (summary_.measurements == 0 && summary_.failures >= kHopeless) {
    return fail(Errc::engine_failure,
                "the first " + std::to_string(kHopeless) + " carriers all failed; the last: " + error.context);
  }
  return {};
}

/// Where the engine does not tell what it executes.
Result<ExecutedGraph> Runner::deduce(const Item& item) const {
  const auto model = onnx::read_model(std::as_bytes(std::span(item.record.skeleton)));
  if (!model) return tl::unexpected(model.error());
  return options_.executed ? options_.executed(*model) : executed_as_is(*model, {});
}

Result<void> Runner::measure(Item& item, int round) {
  if (observer_.before) observer_.before(options_.budget - Nanos(spent_ns()));
  const Nanos before = worker_.now();
  const std::int64_t started_unix_ms = unix_ms();
  MeasureRequest request;
  request.model = item.engine_model;
  request.burst = {options_.config.burst, 1, 4, 100000};
  request.profile = BurstSpec{options_.config.profile, 2, 5, 300};
  request.want_executed_graph = !item.executed;
  request.conditions = item.conditions;
  auto reply = worker_.measure(request);
  if (!reply) return note_failure(item, round, reply.error());
  if (!item.executed) item.executed = std::move(reply->executed_graph);
  if (!item.executed) {
    auto graph = deduce(item);
    if (!graph) return note_failure(item, round, graph.error());
    item.executed = std::move(*graph);
  }
  if (request.want_executed_graph) {
    if (auto ok = store_.set_executed(item.record.id, write_executed_graph(*item.executed)); !ok) return ok;
  }
  MeasurementRecord record;
  record.network = item.record.id;
  record.round = round;
  record.started_unix_ms = started_unix_ms;
  record.load_ns = std::llround(reply->load_ns);
  record.host_load = reply->use.load;
  record.conditions = item.conditions;
  record.conditions.insert(options_.usual.begin(), options_.usual.end());
  for (const double run : reply->runs_ns) record.runs_ns.push_back(std::llround(run));
  if (!reply->profile.nodes.empty()) {
    MatchedTimes times = match_nodes(*item.executed, reply->profile);
    record.nodes_ns = std::move(times.nodes_ns);
    record.overheads_ns = std::move(times.overheads_ns);
  }
  if (auto ok = store_.add_measurement(record); !ok) return ok;
  item.rounds.insert(round);
  item.minima.resize(static_cast<std::size_t>(round) + 1, std::numeric_limits<double>::quiet_NaN());
  item.minima.back() = std::ranges::min(reply->runs_ns);
  item.cost_ns = (worker_.now() - before).count();
  ++summary_.measurements;
  if (reply->resident_bytes > kRestartAboveResident) worker_.restart();
  if (auto ok = store_.update_campaign(campaign_, spent_ns(), "running"); !ok) return ok;
  if (observer_.progress) {
    observer_.progress(spent_ns() / options_.budget.count(),
                       "round " + std::to_string(round + 1) + ", " + std::to_string(items_.size()) + " carriers");
  }
  return {};
}

/// Their places in the plan are below 0.
Result<void> Runner::measure_again(double until_ns) {
  if (options_.resume) return {};
  int index = 0;
  for (const NetworkRecord& known : options_.again) {
    const auto model = onnx::read_model(std::as_bytes(std::span(known.skeleton)));
    if (stopped() || !fits(plan_.expected_cost({known.name, known.family, 0, {}, 0, 0}).count(), until_ns)) break;
    if (!model) continue;
    NetworkRecord record = known;
    record.id = 0;
    record.campaign = campaign_;
    record.plan_index = --index;
    record.executed.clear();
    auto added = add_item(std::move(record), *model);
    if (!added) return tl::unexpected(added.error());
    if (!*added) continue;
    if (auto ok = measure(items_.back(), 0); !ok) return ok;
  }
  return {};
}

Result<void> Runner::first_round(double until_ns) {
  for (Item& item : items_) {  // a resumed campaign: what was planned, but not reached
    if (stopped() || item.record.adaptive || !item.rounds.empty() || item.failures >= kFailuresAllowed) continue;
    if (auto ok = measure(item, 0); !ok) return ok;
  }
  while (!stopped()) {
    const Carrier carrier = plan_.make(next_planned_);
    if (!fits(plan_.expected_cost(carrier).count(), until_ns)) break;
    ++next_planned_;
    auto added = add_item(carrier, false);
    if (!added) return tl::unexpected(added.error());
    if (!*added) continue;
    if (auto ok = measure(items_.back(), 0); !ok) return ok;
  }
  return {};
}

Result<void> Runner::further_rounds(int last_round, double until_ns) {
  std::vector<std::size_t> order(items_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (int round = 0; round <= last_round && !stopped(); ++round) {
    std::ranges::shuffle(order, random_);
    bool any_fits = false;
    for (const std::size_t index : order) {
      Item& item = items_[index];
      if (stopped()) break;
      if (item.rounds.contains(round) || item.failures >= kFailuresAllowed) continue;
      if (!fits(1.05 * item.cost_ns, until_ns)) continue;
      any_fits = true;
      if (auto ok = measure(item, round); !ok) return ok;
    }
    if (!any_fits && round > 0 && spent_ns() > 0.97 * until_ns) break;
  }
  return {};
}

Result<void> Runner::adapt(const Advisor& advisor, int rounds, double until_ns) {
  if (stopped()) return {};
  const auto families = advisor(store_, campaign_);
  if (families.empty()) return {};
  // One round's worth of new carriers: each is then measured in as many rounds as the others.
  const double share = (until_ns - spent_ns()) / rounds;
  const double first_until = spent_ns() + share;
  const std::size_t first_new = items_.size();
  while (!stopped()) {
    const Carrier carrier = plan_.make_advised(next_advised_, families);
    if (!fits(plan_.expected_cost(carrier).count(), first_until)) break;
    ++next_advised_;
    auto added = add_item(carrier, true);
    if (!added) return tl::unexpected(added.error());
    if (!*added) continue;
    if (auto ok = measure(items_.back(), rounds); !ok) return ok;
  }
  for (int round = rounds + 1; round < 2 * rounds && !stopped(); ++round) {
    for (std::size_t index = first_new; index < items_.size() && !stopped(); ++index) {
      Item& item = items_[index];
      if (item.failures >= kFailuresAllowed || !fits(1.05 * item.cost_ns, until_ns)) continue;
      if (auto ok = measure(item, round); !ok) return ok;
    }
  }
  return {};
}

std::string plan_json(const CampaignOptions& options) {
  const CampaignConfig& config = options.config;
  return Json{{"seed", options.seed},
              {"budget_ns", options.budget.count()},
              {"families", config.families},
              {"rounds", config.rounds},
              {"max_macs", config.max_macs},
              {"max_weight_bytes", config.max_weight_bytes},
              {"burst_ns", config.burst.count()},
              {"profile_ns", config.profile.count()},
              {"module_share", config.module_share},
              {"adaptive_share", config.adaptive_share},
              {"conditions", config.conditions}}
      .dump();
}

/// A resumed campaign keeps its plan: whatever decides it comes from the store (but the budget where one is given).
Result<void> take_up_plan(Store& store, std::int64_t target, CampaignOptions& options) {
  auto campaigns = store.campaigns(target);
  if (!campaigns) return tl::unexpected(campaigns.error());
  if (campaigns->empty()) return {};  // said when the campaign begins
  const Json plan = Json::parse(campaigns->back().plan, nullptr, false);
  if (!plan.is_object()) return {};
  CampaignConfig& config = options.config;
  try {
    options.seed = plan.value("seed", options.seed);
    if (options.budget.count() <= 0) options.budget = Nanos(plan.at("budget_ns").get<double>());
    config.families = plan.value("families", config.families);
    config.rounds = plan.value("rounds", config.rounds);
    config.max_macs = plan.value("max_macs", config.max_macs);
    config.max_weight_bytes = plan.value("max_weight_bytes", config.max_weight_bytes);
    config.burst = Nanos(plan.value("burst_ns", config.burst.count()));
    config.profile = Nanos(plan.value("profile_ns", config.profile.count()));
    config.module_share = plan.value("module_share", config.module_share);
    config.adaptive_share = plan.value("adaptive_share", config.adaptive_share);
    config.conditions = plan.value("conditions", decltype(config.conditions)());
  } catch (const Json::exception& problem) {
    return fail(Errc::corrupt, std::string("the campaign's plan in the store cannot be read: ") + problem.what());
  }
  return {};
}

}  // namespace

CampaignPlan plan_campaign(const Catalogue& catalogue, const CampaignOptions& options,
                           const std::function<bool()>& stopped) {
  const CarrierPlan sequence(catalogue, options);
  CampaignPlan plan;
  plan.rounds = rounds_for(options);
  std::map<std::string, PlanLine> lines;
  const double share = options.budget.count() / plan.rounds;
  double cost = 0;
  double times = 1;  // that what was made goes into the budget
  for (std::size_t index = 0; !(stopped && stopped()); ++index) {
    const Carrier carrier = sequence.make(index);
    const double one = sequence.expected_cost(carrier).count();
    if (cost + one > share) break;
    if (index == kMadeForPlan) {
      times = share / cost;
      break;
    }
    cost += one;
    PlanLine& line = lines[carrier.family];
    line.family = carrier.family;
    ++line.carriers;
    line.macs += carrier.macs;
  }
  for (auto& [family, line] : lines) {
    line.carriers = static_cast<int>(std::lround(times * line.carriers));
    line.macs *= times;
    plan.carriers += line.carriers;
    plan.lines.push_back(std::move(line));
  }
  plan.expected_ns = times * cost * plan.rounds;
  return plan;
}

Result<CampaignSummary> run_campaign(Worker& worker, Store& store, std::int64_t target, const Catalogue& catalogue,
                                     const CampaignOptions& options, const Advisor& advisor,
                                     const CampaignObserver& observer) {
  CampaignOptions planned = options;
  if (options.resume) {
    if (auto ok = take_up_plan(store, target, planned); !ok) return tl::unexpected(ok.error());
  }
  CarrierPlan plan(catalogue, planned);
  if (plan.empty()) return fail(Errc::not_found, "the catalogue has none of the families that the campaign asks for");
  return Runner(worker, store, planned, observer, std::move(plan)).run(target, advisor, plan_json(planned));
}

}  // namespace latcast
