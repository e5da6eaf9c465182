#include "session/profiling.h"

#include <chrono>
#include <functional>
#include <random>

#include "engine/worker/worker.h"
#include "forecast/pack_network.h"
#include "learn/data/dataset.h"
#include "learn/data/reference_carriers.h"
#include "rules/executed_graph.h"
#include "session/campaign_advice.h"
#include "session/conditions.h"
#include "session/targets.h"

namespace latcast::session {
namespace {

constexpr Nanos kDefaultBudget = std::chrono::minutes(10);
/// One carrier's session and weights must fit; a worker that wants more costs its carrier.
constexpr std::size_t kWorkerMemory = std::size_t{5} << 30;
/// Carriers of the campaign before that are measured again: the median of their ratios is good to about 1 %.
constexpr std::size_t kCarriersAgain = 20;

/// Short enough to be typed again.
std::uint64_t drawn_seed() { return std::random_device()() & 0x7fffffffU; }

Result<CampaignOptions> campaign_options(const ProfileOptions& options, const Catalogue& catalogue) {
  CampaignOptions campaign;
  campaign.budget = options.budget;
  campaign.seed = options.seed ? *options.seed : drawn_seed();
  campaign.resume = options.resume;
  if (!options.config.empty()) {
    auto config = read_campaign_config(options.config, catalogue.of_graphs(options.engine));
    if (!config) return tl::unexpected(config.error());
    campaign.config = std::move(*config);
  }
  DimBindings dims;
  const auto at = asked_conditions(options.at, catalogue, dims);
  if (!at) return tl::unexpected(at.error());
  if (dims.batch.value_or(1) != 1)
    return fail(Errc::unsupported, "carriers are made for batch 1; measure others with 'latcast measure'");
  campaign.usual = {{"threads", static_cast<double>(options.settings.threads)},
                    {"batch", 1},
                    {"dtype", static_cast<double>(onnx::DataType::float32)}};
  for (const auto& [name, value] : *at) {
    if (campaign.usual.contains(name)) {
      campaign.usual[name] = value;
    } else {
      campaign.config.conditions[name] = {value};
    }
  }
  for (const std::string& file : options.like) {
    auto model = onnx::read_model_file(file);
    if (!model) return tl::unexpected(model.error());
    campaign.like.push_back(std::move(*model));
  }
  return campaign;
}

/// The campaign's conditions are known, possible, and such that the engine can set them.
Result<void> check_conditions(const CampaignConfig& config, const Catalogue& catalogue,
                              const EngineCapabilities& capabilities) {
  for (const auto& [name, values] : config.conditions) {
    const ConditionType* type = catalogue.find_condition(name);
    if (type == nullptr) {
      return fail(Errc::invalid_input, "there is no condition '" + name + "' in the catalogue (--catalogue)");
    }
    for (const double value : values) {
      if (auto ok = type->check(value); !ok) return ok;
      if (auto ok = under({}, {{name, value}}, capabilities); !ok) return tl::unexpected(ok.error());
    }
  }
  return {};
}

/// What rules say that an engine executes that does not tell; none: there are no rules for it.
std::function<Result<ExecutedGraph>(const onnx::Model&)> deduced(const Target& target) {
  const auto rules = rule_target(target);
  if (!rules) return {};
  return [engine = target.engine, rules = *rules](const onnx::Model& model) {
    return rules::executed_graph(model, {}, engine, rules);
  };
}

/// Carriers of the target's last campaign that has any.
Result<std::vector<NetworkRecord>> carriers_to_measure_again(Store& store, std::int64_t target,
                                                             const Catalogue& catalogue) {
  std::vector<NetworkRecord> out;
  auto campaigns = store.campaigns(target);
  if (!campaigns) return tl::unexpected(campaigns.error());
  for (std::size_t i = campaigns->size(); i-- > 0 && out.empty();) {
    const auto dataset = learn::load_campaign(store, (*campaigns)[i].id, catalogue);
    if (!dataset && dataset.error().code == Errc::not_found) continue;  // it measured nothing
    if (!dataset) return tl::unexpected(dataset.error());
    auto references = learn::read_references(store, target, *dataset, kCarriersAgain);
    if (!references) return tl::unexpected(references.error());
    for (learn::ReferenceRecord& reference : *references) out.push_back(std::move(reference.record));
  }
  return out;
}

}  // namespace

Result<ProfilePlan> plan(const ProfileOptions& options, const Listener& listener) {
  const auto all = Catalogue::builtin(options.catalogue);
  if (!all) return tl::unexpected(all.error());
  const Catalogue catalogue = all->of_graphs(options.engine);
  auto campaign = campaign_options(options, catalogue);
  if (!campaign) return tl::unexpected(campaign.error());
  if (campaign->budget.count() <= 0) campaign->budget = kDefaultBudget;
  ProfilePlan out{campaign->seed, plan_campaign(catalogue, *campaign, [&] { return listener.cancelled(); })};
  if (listener.cancelled()) return fail(Errc::interrupted, "interrupted");
  return out;
}

Result<Profiled> profile(const ProfileOptions& options, Listener& listener) {
  const auto all = Catalogue::builtin(options.catalogue);
  if (!all) return tl::unexpected(all.error());
  auto campaign = campaign_options(options, *all);
  if (!campaign) return tl::unexpected(campaign.error());
  if (campaign->budget.count() <= 0 && !options.resume) campaign->budget = kDefaultBudget;
  EngineSettings settings = options.settings;
  settings.threads = static_cast<int>(campaign->usual.at("threads"));
  Worker worker(options.engine, settings, {std::chrono::minutes(1), kWorkerMemory});
  const auto info = worker.info();
  if (!info) return tl::unexpected(info.error());
  if (!info->available) return fail(Errc::engine_unavailable, info->problem);  // before there is a store
  if (auto ok = check_conditions(campaign->config, *all, info->capabilities); !ok) return tl::unexpected(ok.error());
  const auto machine = worker.machine();
  if (!machine) return tl::unexpected(machine.error());
  const auto catalogue = all->of_graphs(options.engine).of_device(device_facts(machine->context));
  if (!catalogue) return tl::unexpected(catalogue.error());
  auto store = Store::create(options.db);
  if (!store) return tl::unexpected(store.error());
  const auto target = store_target(*store, worker, settings.threads);
  if (!target) return tl::unexpected(target.error());
  if (const auto its = target_of(worker, settings.threads)) campaign->executed = deduced(*its);
  if (!options.resume) {
    auto again = carriers_to_measure_again(*store, *target, *catalogue);
    if (!again) return tl::unexpected(again.error());
    campaign->again = std::move(*again);
    listener.note("seed " + std::to_string(campaign->seed));
  }
  const CampaignObserver observer{[&](double fraction, const std::string& what) { listener.progress(fraction, what); },
                                  [&](const std::string& line) { listener.note(line); },
                                  [&] { return listener.cancelled(); },
                                  [&](Nanos left) {
                                    if (options.max_noise >= 0)
                                      wait_for_quiet(worker, settings.threads, left, listener);
                                  }};
  auto summary = run_campaign(worker, *store, *target, *catalogue, *campaign, advise_from_errors(*catalogue), observer);
  if (!summary) return tl::unexpected(summary.error());
  Profiled out{std::move(*summary)};
  if (out.carriers == 0 && !out.interrupted) {
    return fail(Errc::invalid_input,
                "nothing was measured: the budget is too short for a single carrier; give more with --budget");
  }
  out.machine = report_machine(worker, settings.threads, out.minima, listener);
  std::vector<double> noises;
  for (const QuietLatency& one : quiet_latencies(out.minima)) noises.push_back(one.noise / one.quiet);
  out.noise = median(noises);
  return out;
}

}  // namespace latcast::session
