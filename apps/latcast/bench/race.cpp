// latcast bench race: what the race of regression models saves, and what that costs in accuracy.
#include "commands.h"
#include "experiments/race_check.h"
#include "render/json_output.h"

namespace latcast::cli {
namespace {

struct Options : experiments::RaceOptions {
  OutputOptions output;
};

int run(const Options& options, Console& console) {
  if (auto ok = check_outputs(options.output); !ok) return refuse(console, ok.error());
  const auto checks = experiments::check_race(options, console);
  console.clear_progress();
  if (!checks) return refuse(console, checks.error());
  Table table({"seed", "race, CPU", "everything, CPU", "share", "race, error", "everything, error", "difference",
               "standard error"});
  Json list = Json::array();
  for (std::size_t i = 0; i < checks->size(); ++i) {
    const experiments::RaceCheck& one = (*checks)[i];
    table.add({std::to_string(i + 1), format_time(1e9 * one.race_cost_s), format_time(1e9 * one.exhaustive_cost_s),
               format_percent(one.race_cost_s / one.exhaustive_cost_s), format_percent(one.race_error, 2),
               format_percent(one.exhaustive_error, 2), format_percent(one.difference, 2),
               format_percent(one.standard_error, 2)});
    list.push_back({{"race_cost_s", one.race_cost_s},
                    {"exhaustive_cost_s", one.exhaustive_cost_s},
                    {"race_error", one.race_error},
                    {"exhaustive_error", one.exhaustive_error},
                    {"difference", one.difference},
                    {"standard_error", one.standard_error}});
  }
  Json json = json_head();
  json["seeds"] = std::move(list);
  return write_results(console, options.output, table.text(), json);
}

}  // namespace

void add_bench_race(Command bench, Context& context) {
  const Command command =
      bench.subcommand("race", "What the race of regression models saves against cross-validating all of them");
  command.footer(
      "Per seed a selection from each is judged on a third of the carriers that neither has seen: minutes each.");
  auto options = std::make_shared<Options>();
  command.option("--db", "FILE", options->store, "Store made by 'latcast profile'").required();
  add_target_option(command, options->target);
  add_catalogue_option(command, options->catalogue);
  command.option("--seeds", "N", whole_number(options->seeds, 1, 100), "Number of seeds, each with folds of its own")
      .by_default(std::to_string(options->seeds));
  add_output_options(command, options->output, false);
  on_chosen(command, context, options, run);
}

}  // namespace latcast::cli
