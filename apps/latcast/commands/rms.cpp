// latcast rms: the regression models there are.
#include <iostream>

#include "commands.h"
#include "learn/joint/joint_model.h"
#include "learn/models/regression_model.h"

namespace latcast::cli {
namespace {

int run() {
  Table table({"name", "what it is", "trained on", "exported form", "a forecast", "source"});
  const auto add = [&](const auto& model) {
    table.add({std::string(model.name), std::string(model.summary), std::string(model.trained_on),
               std::string(model.form), std::string(model.cost), std::string(model.source)});
  };
  for (const learn::RegressionModel& model : learn::regression_models()) add(model);
  for (const learn::JointModel& model : learn::joint_models()) add(model);
  std::cout << table.text()
            << "\nThe mean, in logs, of a base_... model and medn competes as well: base_gp+medn and so on.\n";
  return kOk;
}

}  // namespace

void add_rms(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("rms", "List the regression models that compete for every kernel class");
  command->callback([&context] { context.action = [] { return run(); }; });
}

}  // namespace latcast::cli
