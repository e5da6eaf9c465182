// latcast train: regression models from a store, into a pack. latcast select: another choice among them.
#include <cmath>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "commands.h"
#include "core/output_file.h"
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

/// Names with commas between them.
Reader model_list(std::vector<std::string>& names) {
  return [&names](const std::string& text) -> std::string {
    const auto models = session::regression_models();
    std::istringstream list(text);
    for (std::string name; std::getline(list, name, ',');) {
      if (std::ranges::find(models, name, &session::ModelSummary::name) == models.end())
        return "there is no regression model '" + name + "'; 'latcast rms' lists them";
      names.push_back(name);
    }
    return {};
  };
}

void add_options(Command command, Options& options, const std::string& out) {
  session::TrainingOptions& training = options.training;
  training.costs.reset();  // timed here
  command.option("--db", "FILE", training.store, "Store made by 'latcast profile' or 'latcast import'").required();
  add_target_option(command, training.target);
  add_catalogue_option(command, training.catalogue);
  command.option("--rms", "A,B,..", model_list(training.models),
                 "Only these regression models compete, beside the physical base; separated by commas ('latcast rms' "
                 "lists them)");
  command.option("--max-module-time", "TIME", quantity(Unit::ns, training.module_time_ns),
                 "What forecasting a module may take on this machine, on average over the modules of the training "
                 "networks (default: 500ns for campaigns, 5us for tables, or what the quickest models take)");
  command.option("--max-pack-size", "SIZE", quantity(Unit::bytes, training.pack_bytes),
                 "What the pack may take on disk (default: no limit)");
  command.flag("--force", training.force, "Learn from imported latencies that are beyond reason");
  command.option("--out", "FILE", options.out, out).required();
  command.flag("--verbose", options.verbose, "Also say which models were chosen and what other budgets would give");
}

int run(const Options& options, Console& console) {
  if (auto ok = check_writable(options.out); !ok) return refuse(console, ok.error());
  const auto trained = session::train(options.training, console);
  if (!trained) return refuse(console, trained.error());
  if (auto ok = write_pack(trained->content, options.out); !ok) return refuse(console, ok.error());
  console.clear_progress();
  std::cout << training_text(*trained, options.verbose) << "-> " << options.out;
  std::error_code no_plain_file;
  const auto bytes = std::filesystem::file_size(options.out, no_plain_file);
  if (!no_plain_file) std::cout << " (" << format_bytes(static_cast<double>(bytes)) << ")";
  std::cout << "\n";
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

void add_train(Command app, Context& context) {
  const Command command = app.subcommand("train", "Train regression models on a store's measurements into a pack");
  command.footer(
      std::string("Example: latcast train --db host.db --out host.latpack\n"
                  "The models that competed are kept beside the store (FILE.models-N), for 'latcast select'.\n") +
      kBudgetCode);
  auto options = std::make_shared<Options>();
  add_options(command, *options, "Pack to write; with --all-targets the folder for packs");
  const Option proxy =
      command.option("--proxy", "PACK", options->training.proxy,
                     "Pack of another device or core combination of the same tables: what it forecasts for a "
                     "module helps where measurements are few");
  command
      .flag("--proxy-known", options->training.proxy_known,
            "Networks' latencies on the proxy's target are known: learn what they do not tell. 'latcast predict' "
            "then asks for them (--known)")
      .needs(proxy);
  command
      .flag("--all-targets", options->all_targets,
            "A pack for every target of the store; --out names a folder. Devices whose operations were measured "
            "with one engine teach each other")
      .excludes(command.find("--target"))
      .excludes(proxy);
  command.on_chosen([options, &context] {
    context.action = [options, &context] {
      return options->all_targets ? run_all(*options, context.console) : run(*options, context.console);
    };
  });
}

void add_select(Command app, Context& context) {
  const Command command =
      app.subcommand("select", "Choose again among the models that 'latcast train' left beside the store");
  command.footer(
      std::string(
          "Example: latcast select --db host.db --max-module-time 150ns --max-pack-size 200kB --out small.latpack\n"
          "Takes seconds; trains first where the store has changed since.\n") +
      kBudgetCode);
  auto options = std::make_shared<Options>();
  options->training.reuse = true;
  add_options(command, *options, "Pack to write");
  on_chosen(command, context, options, run);
}

}  // namespace latcast::cli
