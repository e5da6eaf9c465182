#include "training.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <iostream>
#include <map>
#include <sstream>

#include "learn/data/dataset.h"
#include "learn/joint/joint_model.h"
#include "learn/models/regression_model.h"
#include "learn/study/mixture.h"
#include "learn/study/race.h"
#include "learn/study/study_file.h"
#include "options.h"
#include "session/targets.h"
#include "table_training.h"

namespace latcast::cli {
namespace {

/// Re-anchoring measures these in seconds: enough of them for a median, none of them slow.
constexpr std::size_t kReferences = 30;
constexpr double kSlowestReference = 15e6;  // ns
constexpr double kFastestReference = 3e5;
constexpr double kReferenceShare = 0.1;  // of a pack whose size is limited

/// Family by family, the least noisy carriers of moderate cost.
std::vector<std::string> choose_references(const learn::TrainingSet& set) {
  std::map<std::string, std::vector<const learn::NetworkTruth*>> by_family;
  for (const learn::NetworkTruth& network : set.networks) {
    const bool moderate = network.quiet_ns < kSlowestReference && network.quiet_ns > kFastestReference;
    if (!network.adaptive && !network.probe && moderate) by_family[network.family].push_back(&network);
  }
  for (auto& [family, networks] : by_family) {
    std::ranges::sort(networks, {}, [](const auto* network) { return network->noise_ns / network->quiet_ns; });
  }
  std::vector<std::string> names;
  for (std::size_t rank = 0; names.size() < kReferences; ++rank) {
    const std::size_t before = names.size();
    for (const auto& [family, networks] : by_family) {
      if (rank < networks.size() && names.size() < kReferences) names.push_back(networks[rank]->name);
    }
    if (names.size() == before) break;
  }
  return names;
}

Result<std::vector<ReferenceCarrier>> read_references(Store& store, const std::vector<CampaignRecord>& campaigns,
                                                      const learn::TrainingSet& set) {
  const std::vector<std::string> names = choose_references(set);
  std::vector<ReferenceCarrier> references;
  for (const CampaignRecord& campaign : campaigns) {
    auto networks = store.networks(campaign.id);
    if (!networks) return tl::unexpected(networks.error());
    for (const NetworkRecord& network : *networks) {
      const bool wanted = std::ranges::find(names, network.name) != names.end();
      const bool taken = std::ranges::find(references, network.name, &ReferenceCarrier::name) != references.end();
      const auto truth = std::ranges::find(set.networks, network.name, &learn::NetworkTruth::name);
      if (!wanted || taken || truth == set.networks.end()) continue;
      references.push_back({network.name, {network.skeleton.begin(), network.skeleton.end()}, truth->quiet_ns});
    }
  }
  return references;
}

Target pack_target(const TargetRecord& record) {
  Target target;
  target.name = record.name;
  target.device = record.device;
  std::istringstream features(record.cpu_features);
  for (std::string feature; features >> feature;) target.cpu_features.push_back(feature);
  target.engine = record.engine;
  target.engine_version = record.engine_version;
  const auto threads = record.settings.find("threads");
  target.conditions = {
      {"threads", threads == record.settings.end() ? "1" : threads->second}, {"batch", "1"}, {"dtype", "float32"}};
  for (const auto& [key, value] : record.settings) target.settings.push_back({key, value});
  return target;
}

/// Operators without a module type; those that hardly take time are only counted.
std::string describe_unknown(const std::vector<std::pair<std::string, double>>& operators) {
  constexpr double kWorthALine = 1e-4;  // share of the time
  std::string text;
  std::size_t small = 0;
  for (const auto& [op, share] : operators) {
    if (share < kWorthALine) {
      ++small;
    } else {
      text += "not covered: " + op + " (" + format_percent(share, 2) + " of the time)\n";
    }
  }
  if (small > 0)
    text += "not covered: " + std::to_string(small) + " more operators, each with less than 0.01 % of the time\n";
  return text;
}

std::string describe(const learn::DatasetReport& data, const TrainingSummary& training) {
  std::ostringstream text;
  text << data.carriers << " carriers, " << data.modules << " modules";
  if (data.carriers_left_out > 0) text << " (" << data.carriers_left_out << " carriers left out: no complete profile)";
  text << ", noise " << format_percent(data.noise) << "\n"
       << "profiler cost: " << data.profiler.per_pause << " of the pause after a node, "
       << format_time(data.profiler.per_node_ns) << " a node, " << format_time(data.profiler.per_value_ns)
       << " a value; scale " << data.profiler.scale << "; a run " << format_time(data.profiler.per_run_ns) << "\n";
  text << describe_unknown(data.unknown_operators);
  if (training.families.empty()) {
    text << "no carrier was like a network: the sum is not calibrated and its error unknown\n";
  } else {
    text << "carriers, cross-validated by network: MAPE " << format_percent(training.error) << "\n";
  }
  return text.str();
}

/// How often each model was chosen, and which classes had too few samples for a choice.
std::string describe_models(const learn::Study& study, const learn::PreparedSet& prepared,
                            const learn::Choice& choice) {
  std::map<std::string, int> chosen;
  std::string few;
  for (std::size_t k = 0; k < study.classes.size(); ++k) {
    if (choice.candidate[k] < 0) continue;
    ++chosen[study.classes[k].candidates[static_cast<std::size_t>(choice.candidate[k])].score.name];
    const learn::PreparedKernel& kernel = prepared.kernels[k];
    if (!learn::too_few(kernel.rows)) continue;
    few += (few.empty() ? "" : ", ") + kernel.type_name + "/" + kernel.kernel_name + " " +
           std::to_string(kernel.rows.size());
  }
  std::string text = "models chosen:";
  for (const auto& [name, count] : chosen) text += " " + name + " " + std::to_string(count) + ",";
  text.back() = '\n';
  if (!few.empty()) text += "too few samples for a choice, the base with care: " + few + "\n";
  return text;
}

/// What other budgets would give.
std::string describe_front(const learn::Assembled& assembled) {
  Table table({"a module takes", "modules' error", "networks' MAPE", "models' bytes", ""});
  const auto add = [&](const learn::Choice& one, const char* note) {
    table.add({format_time(one.module_time_ns), format_percent(one.module_error, 2),
               format_percent(one.network_error, 2), format_bytes(one.form_bytes), note});
  };
  for (const learn::Choice& one : assembled.front) add(one, "");
  add(assembled.choice, "chosen");
  return table.text();
}

std::size_t count_outliers(const learn::Study& study, const learn::PreparedSet& prepared, const learn::Choice& choice) {
  std::size_t out = 0;
  for (std::size_t k = 0; k < study.classes.size(); ++k) {
    if (choice.candidate[k] < 0) continue;
    const auto& forecasts = study.classes[k].candidates[static_cast<std::size_t>(choice.candidate[k])].out_of_fold;
    for (std::size_t i = 0; i < forecasts.size(); ++i) {
      const double ratio = forecasts[i].latency_ns / prepared.kernels[k].rows.latency_ns[static_cast<Eigen::Index>(i)];
      if (ratio > 0 && (ratio > 5 || ratio < 0.2)) ++out;
    }
  }
  return out;
}

double peak_memory_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return 1024.0 * static_cast<double>(usage.ru_maxrss);
}

/// The smallest of them that fit into so many bytes.
std::vector<ReferenceCarrier> within(std::vector<ReferenceCarrier> references, double bytes) {
  std::ranges::stable_sort(references, {}, [](const ReferenceCarrier& one) { return one.onnx.size(); });
  double sum = 0;
  std::size_t count = 0;
  while (count < references.size() && sum + static_cast<double>(references[count].onnx.size()) <= bytes) {
    sum += static_cast<double>(references[count++].onnx.size());
  }
  references.resize(count);
  return references;
}

/// The pack but for its models; with a limit of size it has fewer reference carriers.
Result<PackContent> pack_frame(LearningTask& task, const learn::TrainingSet& set, double pack_bytes) {
  PackContent frame = learn::untrained(task.catalogue.types());
  auto campaigns = task.store.campaigns(task.target.id);
  if (!campaigns) return tl::unexpected(campaigns.error());
  auto references = read_references(task.store, *campaigns, set);
  if (!references) return tl::unexpected(references.error());
  frame.references = within(std::move(*references), kReferenceShare * pack_bytes);
  PackInfo& info = frame.info;
  info.tool_version = LATCAST_VERSION;
  info.created_unix_s = std::time(nullptr);
  info.target = pack_target(task.target);
  info.training.started_unix_s = campaigns->front().started_unix_s;
  info.training.finished_unix_s =
      campaigns->back().started_unix_s + static_cast<std::int64_t>(campaigns->back().spent_ns / 1e9);
  info.anchor.unix_s = info.training.finished_unix_s;
  return frame;
}

}  // namespace

std::string describe_choice(const learn::Study& study, const learn::PreparedSet& prepared,
                            const learn::Assembled& assembled, double seconds) {
  const learn::Choice& choice = assembled.choice;
  std::string text = describe_models(study, prepared, choice);
  text += describe_front(assembled);
  if (choice.exchanged > 0)
    text += "the local search exchanged the models of " + std::to_string(choice.exchanged) + " kernel classes\n";
  if (!choice.exact) text += "the choice was not proven to be the best: the search ran into its limit\n";
  if (const std::size_t outliers = count_outliers(study, prepared, choice); outliers > 0) {
    text +=
        std::to_string(outliers) + " samples are off by a factor of 5 or more from what models make of the others\n";
  }
  if (prepared.repeated > 0) text += std::to_string(prepared.repeated) + " samples repeat another one\n";
  if (prepared.dropped > 0)
    text += std::to_string(prepared.dropped) + " samples could not be used (not above 0, or not a number)\n";
  for (const std::string& note : study.notes) text += "left out: " + note + "\n";
  text += "a forecast takes about " + format_time(choice.module_time_ns) + " a module, " +
          format_time(choice.network_time_ns) + " a carrier\n";
  return text + "done in " + format_time(seconds * 1e9) + ", of which models' CPU time " +
         format_time(1e9 * (study.race_cost_s + study.fit_cost_s)) + "; peak memory " +
         format_bytes(peak_memory_bytes()) + "\n";
}

learn::StudyOptions study_options(const TrainingOptions& options, Console& console) {
  learn::StudyOptions out;
  out.models = options.models;
  out.stop = interrupted;
  out.progress = [&console](const learn::TrainProgress& progress) {
    console.progress(static_cast<double>(progress.done) / static_cast<double>(std::max<std::size_t>(progress.total, 1)),
                     std::string(progress.stage) + ": " + std::string(progress.what));
  };
  return out;
}

void keep_study(const learn::Study& study, std::uint64_t fingerprint, const std::filesystem::path& file,
                Console& console) {
  if (auto ok = learn::write_study(study, fingerprint, file); !ok) {
    console.warning("the candidates are not kept for 'latcast select': " + ok.error().context);
  }
}

Result<learn::Study> find_study(const std::filesystem::path& file, const TrainingOptions& options, bool reuse,
                                const learn::TrainingSet& set, const learn::PreparedSet& prepared, Console& console) {
  const learn::StudyOptions own = study_options(options, console);
  const std::uint64_t fingerprint = learn::study_fingerprint(set, own);
  if (reuse) {
    auto kept = learn::read_study(file, fingerprint);
    if (kept) return learn::restricted(std::move(*kept), options.models);
    console.warning(kept.error().context + "; training first");
  }
  auto study = learn::make_study(set, prepared, own);
  if (study && !file.empty()) keep_study(*study, fingerprint, file, console);
  return study;
}

void add_training_options(CLI::App& command, TrainingOptions& options) {
  command.add_option("--db", options.db, "Store made by 'latcast profile' or 'latcast import'")
      ->option_text("FILE")
      ->required();
  command.add_option("--target", options.target, "Target in the store (a part of its name will do when unique)")
      ->option_text("NAME");
  add_catalogue_option(command, options.catalogue);
  command
      .add_option("--rms", options.models,
                  "Only these regression models compete, beside the physical base; separated by commas ('latcast rms' "
                  "lists them)")
      ->option_text("A,B,..")
      ->delimiter(',')
      ->check([](const std::string& name) -> std::string {
        if (learn::find_model(name) != nullptr || learn::find_joint_model(name) != nullptr) return {};
        return "there is no regression model '" + name + "'; 'latcast rms' lists them";
      });
  command
      .add_option("--max-module-time", options.module_time_ns,
                  "What forecasting a module may take, on average over the modules of the carriers")
      ->option_text("TIME")
      ->transform(duration_option())
      ->default_str(std::to_string(std::lround(learn::kDefaultModuleTime_ns)) + "ns");
  command.add_option("--max-pack-size", options.pack_bytes, "What the pack may take on disk (default: no limit)")
      ->option_text("SIZE")
      ->transform(size_option());
  command.add_option("--out", options.out, "Pack to write")->option_text("FILE")->required();
}

Result<LearningTask> open_learning_task(const TrainingOptions& options) {
  const std::vector<std::filesystem::path> folders(options.catalogue.begin(), options.catalogue.end());
  auto catalogue = Catalogue::builtin(folders);
  if (!catalogue) return tl::unexpected(catalogue.error());
  auto store = Store::open_read_only(options.db);
  if (!store) return tl::unexpected(store.error());
  auto target = session::choose_target(*store, options.target);
  if (!target) return tl::unexpected(target.error());
  auto contents = store->contents(target->id);
  if (!contents) return tl::unexpected(contents.error());
  const bool tables = contents->campaigns == 0;
  // Modules of tables are nothing that a campaign measures.
  Catalogue own = catalogue->restricted([&](const ModuleType& type) { return tables == type.given(); });
  const std::filesystem::path study = options.db + ".models-" + std::to_string(target->id);
  return LearningTask{std::move(own), std::move(*store), std::move(*target), tables, study};
}

Result<Trained> train_target(LearningTask& task, const TrainingOptions& options, bool reuse, Console& console) {
  if (task.tables) return train_table_target(task, options, reuse, console);
  if (!options.proxy.empty()) {
    return fail(Errc::invalid_input, "--proxy is for targets of imported tables; " + task.target.name +
                                         " was measured by 'latcast profile'");
  }
  const auto started = std::chrono::steady_clock::now();
  console.progress(0, "reading measurements");
  auto dataset = learn::load_dataset(task.store, task.target.id, task.catalogue);
  if (!dataset) return tl::unexpected(dataset.error());
  if (auto ok = learn::check_catalogue(dataset->samples, task.catalogue.types()); !ok)
    return tl::unexpected(ok.error());
  const auto prepared = learn::prepare(dataset->samples);
  if (!prepared) return tl::unexpected(prepared.error());
  auto study = find_study(task.study, options, reuse, dataset->samples, *prepared, console);
  if (!study) return tl::unexpected(study.error());
  learn::add_mixtures(*prepared, *study);
  console.progress(1, "choosing");
  auto frame = pack_frame(task, dataset->samples, options.pack_bytes);
  if (!frame) return tl::unexpected(frame.error());
  auto assembled = learn::assemble(dataset->samples, *prepared, *study, std::move(*frame),
                                   options.budget(learn::kDefaultModuleTime_ns));
  if (!assembled) return tl::unexpected(assembled.error());
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  std::string report = describe(dataset->report, assembled->content.info.training) +
                       describe_choice(*study, *prepared, *assembled, seconds);
  return Trained{std::move(assembled->content), std::move(report)};
}

int run_training(const TrainingOptions& options, bool reuse, Console& console) {
  if (auto ok = check_output(options.out); !ok) return refuse(console, ok.error());
  auto task = open_learning_task(options);
  if (!task) return refuse(console, task.error());
  const auto trained = train_target(*task, options, reuse, console);
  if (!trained) return refuse(console, trained.error());
  if (auto ok = write_pack(trained->content, options.out); !ok) return refuse(console, ok.error());
  console.clear_progress();
  std::error_code failure;
  std::cout << trained->report << "-> " << options.out << " ("
            << format_bytes(static_cast<double>(std::filesystem::file_size(options.out, failure))) << ")\n";
  return kOk;
}

}  // namespace latcast::cli
