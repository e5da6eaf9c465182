// latcast rms: the regression models there are.
#include <iostream>

#include "commands.h"
#include "session/training.h"

namespace latcast::cli {
namespace {

int run() {
  Table table({"name", "what it is", "trained on", "exported form", "a forecast", "source"});
  for (const session::ModelSummary& one : session::regression_models()) {
    table.add({std::string(one.name), std::string(one.summary), std::string(one.trained_on), std::string(one.form),
               std::string(one.cost), std::string(one.source)});
  }
  std::cout << table.text()
            << "\nThe mean, in logs, of a base_... model and medn competes as well: base_gp+medn and so on.\n";
  return kOk;
}

}  // namespace

void add_rms(Command app, Context& context) {
  const Command command = app.subcommand("rms", "List the regression models that compete for every kernel class");
  command.on_chosen([&context] { context.action = [] { return run(); }; });
}

}  // namespace latcast::cli
