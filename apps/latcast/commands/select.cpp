// latcast select: another choice among models that are already trained.
#include "commands.h"
#include "training.h"

namespace latcast::cli {

void add_select(CLI::App& app, Context& context) {
  auto* command =
      app.add_subcommand("select", "Choose again among the models that 'latcast train' left beside the store");
  command->footer(
      "Takes seconds; trains first where the store has changed since.\n"
      "Exit code 3: the budget of time or size cannot be met; the message names the nearest that can.");
  auto options = std::make_shared<TrainingOptions>();
  add_training_options(*command, *options);
  command->callback([options, &context] {
    context.action = [options, &context] { return run_training(*options, true, context.console); };
  });
}

}  // namespace latcast::cli
