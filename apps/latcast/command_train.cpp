// latcast train: regression models from a store, into a pack.
#include <iostream>

#include "commands.h"
#include "forecaster.h"
#include "training.h"

namespace latcast::cli {
namespace {

struct Options {
  std::string db;
  std::string target;
  std::vector<std::string> catalogue;
  std::string out;
};

int run(const Options& options, Console& console) {
  if (auto ok = check_output(options.out); !ok) return refuse(console, ok.error());
  const std::vector<std::filesystem::path> folders(options.catalogue.begin(), options.catalogue.end());
  const auto catalogue = Catalogue::builtin(folders);
  if (!catalogue) return refuse(console, catalogue.error());
  auto store = Store::open_read_only(options.db);
  if (!store) return refuse(console, store.error());
  const auto target = choose_target(*store, options.target);
  if (!target) return refuse(console, target.error());
  const auto trained = train_target(*store, *target, *catalogue, console);
  if (!trained) return refuse(console, trained.error());
  if (auto ok = write_pack(trained->content, options.out); !ok) return refuse(console, ok.error());
  console.clear_progress();
  std::cout << trained->report << "-> " << options.out << "\n";
  return kOk;
}

}  // namespace

void add_train(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("train", "Train regression models on a store's measurements into a pack");
  auto options = std::make_shared<Options>();
  command->add_option("--db", options->db, "Store made by 'latcast profile'")->option_text("FILE")->required();
  command->add_option("--target", options->target, "Target in the store (a part of its name will do when unique)")
      ->option_text("NAME");
  add_catalogue_option(*command, options->catalogue);
  command->add_option("--out", options->out, "Pack to write")->option_text("FILE")->required();
  command->callback(
      [options, &context] { context.action = [options, &context] { return run(*options, context.console); }; });
}

}  // namespace latcast::cli
