// latcast profile: measure modules of this machine's engine, in company.
#include <cmath>
#include <iostream>

#include "commands.h"
#include "session/profiling.h"

namespace latcast::cli {
namespace {

struct Options : session::ProfileOptions {
  bool dry_run = false;
};

int show_plan(const Options& options, Console& console) {
  const auto plan = session::plan(options, console);
  if (!plan) return refuse(console, plan.error());
  const CampaignPlan& campaign = plan->campaign;
  Table table({"block family", "carriers", "MACs"});
  for (const PlanLine& line : campaign.lines)
    table.add({line.family, std::to_string(line.carriers), format_count(line.macs)});
  std::cout << table.text() << campaign.carriers << " carriers in " << campaign.rounds << " rounds, about "
            << format_time(campaign.expected_ns)
            << " on a machine of ordinary speed (the first round sets how many there are); seed " << plan->seed << "\n";
  return kOk;
}

void note_unreached(const std::vector<std::string>& types, Console& console) {
  std::string names;
  for (const std::string& type : types) names += (names.empty() ? "" : ", ") + type;
  if (!names.empty())
    console.note("not reached: " + names + "; a longer --budget reaches them, or --like with a network that has them");
}

int run(const Options& options, Console& console) {
  if (options.dry_run) return show_plan(options, console);
  if (options.db.empty()) {
    console.error("profile: --db is required");
    return kUsage;
  }
  const auto summary = session::profile(options, console);
  if (!summary) return refuse(console, summary.error());
  console.clear_progress();
  std::cout << "campaign " << summary->campaign << ": " << summary->carriers << " carriers";
  if (summary->again > 0) std::cout << " (" << summary->again << " of an earlier campaign)";
  std::cout << ", " << summary->measurements << " measurements in " << summary->rounds << " rounds, "
            << summary->failures << " failures, " << format_time(summary->spent_ns) << ", seed " << summary->seed
            << " -> " << options.db << "\n";
  if (summary->interrupted) {
    console.note("interrupted; everything measured is kept. Go on with --resume");
    return kInterrupted;
  }
  note_unreached(summary->unreached, console);
  if (options.max_noise < 0 || summary->noise <= options.max_noise) return kOk;
  console.error("the carriers' noise, " +
                (std::isfinite(summary->noise) ? format_percent(summary->noise) : std::string("unknown")) +
                " in the median, is above --max-noise " + format_percent(options.max_noise) +
                "; everything measured is kept");
  return kNoiseTargetMissed;
}

}  // namespace

void add_profile(Command app, Context& context) {
  const Command command = app.subcommand("profile", "Measure modules on this machine's engine into a store");
  auto options = std::make_shared<Options>();
  add_engine_choice(command, options->engine, options->settings);
  add_at_option(command, options->at,
                "Conditions to measure under, of those that the engine can set ('latcast engines --json'): threads=2. "
                "Several values of one: [conditions] in --config");
  command.option("--budget", "TIME", quantity(Unit::ns, options->budget), "Wall-clock time to spend").by_default("10m");
  add_noise_option(command, options->max_noise,
                   "exit with 4 where the carriers' noise is above this in the median; waiting is part of the budget");
  command.option("--db", "FILE", options->db,
                 "Store to add to, created where it does not exist (required but for --dry-run)");
  command.option("--config", "FILE", options->config, "Campaign settings (docs/formats.md)");
  add_catalogue_option(command, options->catalogue);
  command
      .option("--like", "MODEL.onnx", list(options->like),
              "ONNX file of a network whose modules should be well covered; repeatable")
      .repeatable();
  command.option("--seed", "N", whole_number(options->seed, 0),
                 "Seed of the plan (default: drawn, and recorded with the campaign)");
  command.flag("--dry-run", options->dry_run, "Show what would be measured and how long it takes");
  command.flag("--resume", options->resume,
               "Go on with the last campaign of this target, with its own plan and seed; --budget, where given, "
               "replaces its budget");
  on_chosen(command, context, options, run);
}

}  // namespace latcast::cli
