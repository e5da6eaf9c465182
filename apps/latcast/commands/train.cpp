// latcast train: regression models from a store, into a pack. latcast select: another choice among them.
#include <cmath>
#include <filesystem>
#include <iostream>

#include "commands.h"
#include "render/training_text.h"
#include "session/training.h"

namespace latcast::cli {
namespace {

struct Options {
  session::TrainingOptions training;
  std::string out;
  bool all_targets = false;
  bool verbose = false;
};

std::string check_model(const std::string& name) {
  const auto models = session::regression_models();
  if (std::ranges::find(models, name, &session::ModelSummary::name) != models.end()) return {};
  return "there is no regression model '" + name + "'; 'latcast rms' lists them";
}

void add_options(CLI::App& command, Options& options) {
  session::TrainingOptions& training = options.training;
  training.costs.reset();  // timed here
  command.add_option("--db", training.store, "Store made by 'latcast profile' or 'latcast import'")
      ->option_text("FILE")
      ->required();
  command.add_option("--target", training.target, "Target in the store (a part of its name will do when unique)")
      ->option_text("NAME");
  add_catalogue_option(command, training.catalogue);
  command
      .add_option("--rms", training.models,
                  "Only these regression models compete, beside the physical base; separated by commas ('latcast rms' "
                  "lists them)")
      ->option_text("A,B,..")
      ->delimiter(',')
      ->check(check_model);
  command
      .add_option("--max-module-time", training.module_time_ns,
                  "What forecasting a module may take on this machine, on average over the modules of the training "
                  "networks (default: 500ns for campaigns, 5us for tables, or what the quickest models take)")
      ->option_text("TIME")
      ->transform(duration_option());
  command.add_option("--max-pack-size", training.pack_bytes, "What the pack may take on disk (default: no limit)")
      ->option_text("SIZE")
      ->transform(size_option());
  command.add_option("--out", options.out, "Pack to write")->option_text("FILE")->required();
  command.add_flag("--verbose", options.verbose, "Also say which models were chosen and what other budgets would give");
}

int run(const Options& options, Console& console) {
  if (auto ok = check_output(options.out); !ok) return refuse(console, ok.error());
  const auto trained = session::train(options.training, console);
  if (!trained) return refuse(console, trained.error());
  if (auto ok = write_pack(trained->content, options.out); !ok) return refuse(console, ok.error());
  console.clear_progress();
  std::error_code failure;
  std::cout << training_text(*trained, options.verbose) << "-> " << options.out << " ("
            << format_bytes(static_cast<double>(std::filesystem::file_size(options.out, failure))) << ")\n";
  return kOk;
}

std::string pack_file(const std::string& folder, std::string target) {
  std::ranges::replace_if(target, [](char c) { return c == '|' || c == '/' || c == ' '; }, '-');
  return (std::filesystem::path(folder) / (target + ".latpack")).string();
}

int run_all(const Options& options, Console& console) {
  std::error_code failure;
  std::filesystem::create_directories(options.out, failure);
  if (!std::filesystem::is_directory(options.out, failure))
    return refuse(console, Error{Errc::io, options.out + ": cannot be made a folder"});
  int written = 0;
  const auto write = [&](const std::string& target, const Result<session::Trained>& trained) -> Result<void> {
    if (!trained) {
      console.warning(target + ": no pack: " + trained.error().context);
      return {};
    }
    const std::string file = pack_file(options.out, target);
    if (auto ok = write_pack(trained->content, file); !ok) return ok;
    console.clear_progress();
    ++written;
    const TrainingSummary& training = trained->content.info.training;
    std::cout << file << ": " << training.networks << " networks, MAPE out of fold " << format_percent(training.error)
              << "\n";
    return {};
  };
  if (auto ok = session::train_all(options.training, console, write); !ok) return refuse(console, ok.error());
  if (written > 0) return kOk;
  return refuse(console, Error{Errc::not_found, "no target of the store could be learnt from"});
}

constexpr const char* kBudgetCode =
    "Exit code 3: the budget of time or size cannot be met; the message names the nearest that can.";

}  // namespace

void add_train(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("train", "Train regression models on a store's measurements into a pack");
  command->footer(
      std::string("Example: latcast train --db host.db --out host.latpack\n"
                  "The models that competed are kept beside the store (FILE.models-N), for 'latcast select'.\n") +
      kBudgetCode);
  auto options = std::make_shared<Options>();
  add_options(*command, *options);
  command->get_option("--out")->description("Pack to write; with --all-targets the folder for packs");
  auto* proxy =
      command
          ->add_option("--proxy", options->training.proxy,
                       "Pack of another device or core combination of the same tables: what it forecasts for a "
                       "module helps where measurements are few")
          ->option_text("PACK");
  command
      ->add_flag("--proxy-known", options->training.proxy_known,
                 "Networks' latencies on the proxy's target are known: learn what they do not tell. 'latcast predict' "
                 "then asks for them (--known)")
      ->needs(proxy);
  command
      ->add_flag("--all-targets", options->all_targets,
                 "A pack for every target of the store; --out names a folder. Devices whose operations were measured "
                 "with one engine teach each other")
      ->excludes("--target")
      ->excludes(proxy);
  command->callback([options, &context] {
    context.action = [options, &context] {
      return options->all_targets ? run_all(*options, context.console) : run(*options, context.console);
    };
  });
}

void add_select(CLI::App& app, Context& context) {
  auto* command =
      app.add_subcommand("select", "Choose again among the models that 'latcast train' left beside the store");
  command->footer(
      std::string(
          "Example: latcast select --db host.db --max-module-time 150ns --max-pack-size 200kB --out small.latpack\n"
          "Takes seconds; trains first where the store has changed since.\n") +
      kBudgetCode);
  auto options = std::make_shared<Options>();
  options->training.reuse = true;
  add_options(*command, *options);
  on_chosen(*command, context, options, run);
}

}  // namespace latcast::cli
