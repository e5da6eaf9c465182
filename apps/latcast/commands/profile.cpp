// latcast profile: measure modules of this machine's engine, in company.
#include <sys/resource.h>

#include <chrono>
#include <iostream>

#include "campaign_advice.h"
#include "commands.h"
#include "measure/campaign.h"
#include "measure/machine.h"
#include "render/json_output.h"
#include "session/forecaster.h"

namespace latcast::cli {
namespace {

struct Options {
  EngineOptions engine;
  double budget_ns = 0;  // 0: not given
  std::string db;
  std::string config;
  std::vector<std::string> catalogue;
  std::vector<std::string> like;
  std::uint64_t seed = 1;
  bool dry_run = false;
  bool resume = false;
};

constexpr double kDefaultBudget = 600e9;
/// One carrier's session and weights must fit; a worker that wants more costs its carrier.
constexpr std::size_t kWorkerMemory = std::size_t{5} << 30;

Result<CampaignOptions> campaign_options(const Options& options) {
  CampaignOptions campaign;
  // A resumed campaign has a budget of its own.
  const bool own_budget = options.resume && !options.dry_run;
  campaign.budget = Nanos(options.budget_ns > 0 ? options.budget_ns : own_budget ? 0.0 : kDefaultBudget);
  campaign.seed = options.seed;
  campaign.resume = options.resume;
  if (!options.config.empty()) {
    auto config = read_campaign_config(options.config);
    if (!config) return tl::unexpected(config.error());
    campaign.config = std::move(*config);
  }
  for (const std::string& file : options.like) {
    auto model = onnx::read_model_file(file);
    if (!model) return tl::unexpected(model.error());
    campaign.like.push_back(std::move(*model));
  }
  return campaign;
}

int show_plan(const Catalogue& catalogue, const CampaignOptions& options) {
  const CampaignPlan plan = plan_campaign(catalogue, options);
  Table table({"block family", "carriers", "MACs"});
  for (const PlanLine& line : plan.lines)
    table.add({line.family, std::to_string(line.carriers), format_count(line.macs)});
  std::cout << table.text() << plan.carriers << " carriers in " << plan.rounds << " rounds, about "
            << format_time(plan.expected_ns)
            << " on a machine of ordinary speed (the first round sets how many there are)\n";
  return kOk;
}

Result<std::int64_t> open_target(Store& store, Worker& worker, const EngineInfo& info, const Options& options) {
  auto settings = worker.describe();
  if (!settings) return tl::unexpected(settings.error());
  const MachineInfo machine = read_machine();
  const Target target = current_target(info, *settings, options.engine.settings.threads);
  return store.ensure_target(
      {0, target.name, machine.device, machine.cpu_features, info.name, info.version, info.library, *settings});
}

int run(const Options& options, Console& console) {
  const std::vector<std::filesystem::path> folders(options.catalogue.begin(), options.catalogue.end());
  const auto catalogue = Catalogue::builtin(folders);
  if (!catalogue) return refuse(console, catalogue.error());
  const auto campaign = campaign_options(options);
  if (!campaign) return refuse(console, campaign.error());
  if (options.dry_run) return show_plan(*catalogue, *campaign);
  if (options.db.empty()) {
    console.error("profile: --db is required");
    return kUsage;
  }
  Worker worker(options.engine.engine, options.engine.settings, {std::chrono::minutes(1), kWorkerMemory});
  const auto info = worker.info();
  if (!info) return refuse(console, info.error());
  if (!info->available) return refuse(console, {Errc::engine_unavailable, info->problem});
  auto store = Store::create(options.db);
  if (!store) return refuse(console, store.error());
  const auto target = open_target(*store, worker, *info, options);
  if (!target) return refuse(console, target.error());
  const CampaignObserver observer{[&](double fraction, const std::string& what) { console.progress(fraction, what); },
                                  [&](const std::string& line) { console.note(line); }, interrupted};
  const auto summary =
      run_campaign(worker, *store, *target, *catalogue, *campaign, advise_from_errors(*catalogue), observer);
  if (!summary) return refuse(console, summary.error());
  console.clear_progress();
  std::cout << "campaign " << summary->campaign << ": " << summary->carriers << " carriers, " << summary->measurements
            << " measurements in " << summary->rounds << " rounds, " << summary->failures << " failures, "
            << format_time(summary->spent_ns) << " -> " << options.db << "\n";
  if (summary->carriers == 0 && !summary->interrupted) {
    return refuse(console,
                  {Errc::invalid_input,
                   "nothing was measured: the budget is too short for a single carrier; give more with --budget"});
  }
  if (summary->interrupted) {
    console.note("interrupted; everything measured is kept. Go on with --resume");
    return kInterrupted;
  }
  return kOk;
}

}  // namespace

void add_profile(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("profile", "Measure modules on this machine's engine into a store");
  auto options = std::make_shared<Options>();
  add_engine_options(*command, options->engine, true);
  command->add_option("--budget", options->budget_ns, "Wall-clock time to spend")
      ->option_text("TIME")
      ->transform(duration_option())
      ->default_str("10m");
  command
      ->add_option("--db", options->db, "Store to add to, created where it does not exist (required but for --dry-run)")
      ->option_text("FILE");
  command->add_option("--config", options->config, "Campaign settings (docs/formats.md)")->option_text("FILE");
  add_catalogue_option(*command, options->catalogue);
  command
      ->add_option("--like", options->like, "ONNX file of a network whose modules should be well covered; repeatable")
      ->option_text("MODEL.onnx")
      ->allow_extra_args(false);
  command->add_option("--seed", options->seed, "Seed of the plan")
      ->option_text("N")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--dry-run", options->dry_run, "Show what would be measured and how long it takes");
  command->add_flag("--resume", options->resume,
                    "Go on with the last campaign of this target, with its own plan and seed; --budget, where given, "
                    "replaces its budget");
  command->callback(
      [options, &context] { context.action = [options, &context] { return run(*options, context.console); }; });
}

}  // namespace latcast::cli
