// latcast train: regression models from a store, into a pack.
#include "all_targets.h"
#include "commands.h"
#include "training.h"

namespace latcast::cli {

void add_train(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("train", "Train regression models on a store's measurements into a pack");
  command->footer(
      "The models that competed are kept beside the store (FILE.models-N), for 'latcast select'.\n"
      "Exit code 3: the budget of time or size cannot be met; the message names the nearest that can.");
  auto options = std::make_shared<TrainingOptions>();
  add_training_options(*command, *options);
  command->get_option("--out")->description("Pack to write; with --all-targets the folder for packs");
  auto* proxy =
      command
          ->add_option("--proxy", options->proxy,
                       "Pack of another device or core combination of the same tables: what it forecasts for a "
                       "module helps where measurements are few")
          ->option_text("PACK");
  command
      ->add_flag("--proxy-known", options->proxy_known,
                 "Networks' latencies on the proxy's target are known: learn what they do not tell. 'latcast predict' "
                 "then asks for them (--known)")
      ->needs(proxy);
  auto all = std::make_shared<bool>(false);
  command
      ->add_flag("--all-targets", *all,
                 "A pack for every target of the store; --out names a folder. Devices whose operations were measured "
                 "with one engine teach each other")
      ->excludes("--target")
      ->excludes(proxy);
  command->callback([options, all, &context] {
    context.action = [options, all, &context] {
      return *all ? run_all_targets(*options, context.console) : run_training(*options, false, context.console);
    };
  });
}

}  // namespace latcast::cli
