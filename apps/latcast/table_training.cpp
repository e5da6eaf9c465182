#include "table_training.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include "learn/data/table_networks.h"
#include "learn/prior/proxy.h"
#include "learn/study/mixture.h"
#include "learn/study/study_file.h"
#include "tables/table_map.h"

namespace latcast::cli {
namespace {

/// Where a forecast is made once, for planning, accuracy counts for more than a microsecond.
constexpr double kTableModuleTime_ns = 5000;

/// The types that the engine's maps speak of: a table to forecast may have operations that no training network had.
Result<Catalogue> catalogue_of(Store& store, const TargetRecord& target, const Catalogue& all) {
  auto imports = store.imports();
  if (!imports) return tl::unexpected(imports.error());
  std::set<std::string> wanted;
  for (const ImportRecord& import : *imports) {
    const auto map = parse_map(import.map, "the map of " + import.name);
    if (!map) return tl::unexpected(map.error());
    if (map->target.engine.text() != target.engine) continue;
    for (const ModuleRule& rule : map->modules) wanted.insert(rule.type);
  }
  return all.restricted([&](const ModuleType& type) { return wanted.contains(type.name); });
}

std::string number(double value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

PackContent pack_frame(const Catalogue& catalogue, const TargetRecord& target) {
  PackContent frame = learn::untrained(catalogue.types());
  PackInfo& info = frame.info;
  info.tool_version = LATCAST_VERSION;
  info.created_unix_s = std::time(nullptr);
  info.target.name = target.name;
  info.target.device = target.device;
  info.target.engine = target.engine;
  info.target.engine_version = target.engine_version;
  for (const auto& [name, value] : target.conditions()) info.target.conditions.push_back({name, number(value)});
  for (const auto& [key, value] : target.settings) {
    if (!key.starts_with("condition.")) info.target.settings.push_back({key, value});
  }
  info.training.started_unix_s = info.training.finished_unix_s = info.created_unix_s;
  info.anchor.unix_s = info.created_unix_s;
  info.anchor.widening_per_sqrt_hour = 0;  // a table does not grow old
  return frame;
}

std::string describe(const learn::TableNetworks& data, const Catalogue& catalogue, const TrainingSummary& training) {
  std::ostringstream text;
  std::size_t totals = 0, modules = 0, measured = 0;
  for (const learn::TableNetwork& network : data.networks) {
    totals += network.total_ns > 0 ? 1 : 0;
    modules += network.modules.size();
    measured += static_cast<std::size_t>(
        std::ranges::count_if(network.modules, [](const auto& one) { return std::isfinite(one.latency_ns); }));
  }
  text << data.networks.size() << " networks, " << totals << " with a total; " << modules << " modules, " << measured
       << " measured\n";
  if (data.without_operations > 0) {
    text << data.without_operations << " networks have a total but no list of operations ("
         << data.first_without_operations << " ...): not used\n";
  }
  if (const auto rules = learn::check_rules(data.networks, catalogue); rules.recorded > 0) {
    text << "kernel classes by the catalogue's rules: as recorded in " << rules.recorded - rules.other << " of "
         << rules.recorded << " rows";
    if (rules.other > 0) text << " (" << rules.first << ")";
    text << "\n";
  }
  if (training.families.empty()) {
    text << "no network could be judged: the sum is not calibrated and its error unknown\n";
  } else {
    text << "networks, cross-validated: MAPE " << format_percent(training.error) << "\n";
  }
  return text.str();
}

bool same_engine(const Target& proxy, const TargetRecord& target) {
  return proxy.engine == target.engine && proxy.engine_version == target.engine_version;
}

Result<PackContent> open_proxy(const std::string& file, const TargetRecord& target) {
  auto content = read_pack_content(file);
  if (!content) return content;
  if (content->info.target.engine != target.engine) {
    return fail(Errc::mismatch, "--proxy " + file + " is of the engine " + content->info.target.engine + ", " +
                                    target.name + " of " + target.engine);
  }
  return content;
}

/// The networks' latencies on the proxy's target, from the same store.
Result<std::map<std::string, double>> known_latencies(LearningTask& task, const PackContent& proxy) {
  const Target& of = proxy.info.target;
  const auto targets = task.store.targets();
  if (!targets) return tl::unexpected(targets.error());
  const auto found = std::ranges::find_if(
      *targets, [&](const TargetRecord& one) { return one.name == of.name && same_engine(of, one); });
  if (found == targets->end()) {
    return fail(Errc::not_found, "--proxy-known needs networks' latencies on " + of.name +
                                     ", which the store has none of: import a table of them");
  }
  if (found->conditions() != task.target.conditions()) {
    return fail(Errc::mismatch, "--proxy-known: " + of.name + " and " + task.target.name +
                                    " run other kernels (their conditions differ): one's latency tells little of the "
                                    "other's; leave the option away");
  }
  auto networks = learn::load_table_networks(task.store, *found, task.catalogue);
  if (!networks) return tl::unexpected(networks.error());
  std::map<std::string, double> out;
  for (const learn::TableNetwork& network : networks->networks) {
    if (network.total_ns > 0) out[network.name] = network.total_ns;
  }
  return out;
}

/// A target's tables with everything that is learnt from.
struct Tables {
  Catalogue catalogue;
  learn::TableNetworks data;
  PackContent frame;
  std::optional<PackContent> proxy;
  learn::ProxyTerms proxy_terms;
  learn::TrainingSet set;
  learn::PreparedSet prepared;  // empty where there is nothing but totals

  [[nodiscard]] bool totals_only() const { return learn::totals_only(set); }
};

Result<void> use_proxy(LearningTask& task, const TrainingOptions& options, Tables& tables) {
  auto opened = open_proxy(options.proxy, task.target);
  if (!opened) return tl::unexpected(opened.error());
  tables.proxy = std::move(*opened);
  auto& settings = tables.frame.info.target.settings;
  settings.push_back({kProxySetting, tables.proxy->info.target.name});
  if (!options.proxy_known) return {};
  const auto known = known_latencies(task, *tables.proxy);
  if (!known) return tl::unexpected(known.error());
  const auto ratios = learn::known_ratios(tables.data.networks, tables.catalogue, *tables.proxy, *known);
  if (!ratios) return tl::unexpected(ratios.error());
  learn::divide_totals(tables.data.networks, *ratios);
  settings.push_back({kKnownSetting, tables.proxy->info.target.name});
  return {};
}

Result<Tables> open_tables(LearningTask& task, const TrainingOptions& options) {
  auto catalogue = catalogue_of(task.store, task.target, task.catalogue);
  if (!catalogue) return tl::unexpected(catalogue.error());
  auto data = learn::load_table_networks(task.store, task.target, *catalogue);
  if (!data) return tl::unexpected(data.error());
  if (data->networks.empty()) {
    return fail(Errc::not_found, "no network of " + task.target.name +
                                     " has a list of operations: import a table of its operations, or of the same "
                                     "networks' operations with " +
                                     task.target.engine);
  }
  PackContent frame = pack_frame(*catalogue, task.target);
  Tables out{std::move(*catalogue), std::move(*data), std::move(frame), {}, {}, {}, {}};
  if (!options.proxy.empty()) {
    if (auto ok = use_proxy(task, options, out); !ok) return tl::unexpected(ok.error());
  }
  out.set = learn::make_training_set(out.data.networks, out.catalogue);
  if (out.proxy) {
    auto added = learn::ProxyTerms::add_to(out.set, *out.proxy);
    if (!added) return fail_in("--proxy " + options.proxy, added.error());
    out.proxy_terms = std::move(*added);
  }
  if (learn::totals_only(out.set)) return out;
  auto prepared = learn::prepare(out.set);
  if (!prepared) return tl::unexpected(prepared.error());
  out.prepared = std::move(*prepared);
  return out;
}

/// The proxy's models into the pack that asks for them.
Result<void> settle(const Tables& tables, const TrainingOptions& options, PackContent& content) {
  if (!tables.proxy) return {};
  if (auto ok = tables.proxy_terms.settle(content, *tables.proxy); !ok) return ok;
  const auto bytes = static_cast<double>(pack_bytes(content).size());
  if (bytes <= options.pack_bytes) return {};
  return fail(Errc::budget, "with its proxy's models the pack has " + format_bytes(bytes) + ", more than the " +
                                format_bytes(options.pack_bytes) + " of --max-pack-size");
}

class Stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  }

 private:
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

Result<Trained> from_totals(Tables& tables, const TrainingOptions& options, const Stopwatch& watch) {
  auto content = learn::train_totals(tables.set, std::move(tables.frame), 1);
  if (!content) return tl::unexpected(content.error());
  if (auto ok = settle(tables, options, *content); !ok) return tl::unexpected(ok.error());
  std::string report = describe(tables.data, tables.catalogue, content->info.training) + "done in " +
                       format_time(1e9 * watch.seconds()) + "\n";
  return Trained{std::move(*content), std::move(report)};
}

Result<Trained> from_study(Tables& tables, learn::Study study, const TrainingOptions& options, const Stopwatch& watch) {
  learn::add_mixtures(tables.prepared, study);
  auto assembled =
      learn::assemble(tables.set, tables.prepared, study, std::move(tables.frame), options.budget(kTableModuleTime_ns));
  if (!assembled) return tl::unexpected(assembled.error());
  if (auto ok = settle(tables, options, assembled->content); !ok) return tl::unexpected(ok.error());
  std::string report = describe(tables.data, tables.catalogue, assembled->content.info.training) +
                       describe_choice(study, tables.prepared, *assembled, watch.seconds());
  return Trained{std::move(assembled->content), std::move(report)};
}

}  // namespace

Result<Trained> train_table_target(LearningTask& task, const TrainingOptions& options, bool reuse, Console& console) {
  const Stopwatch watch;
  console.progress(0, "reading measurements");
  auto tables = open_tables(task, options);
  if (!tables) return tl::unexpected(tables.error());
  if (tables->totals_only()) {
    console.progress(0.5, "fitting totals");
    return from_totals(*tables, options, watch);
  }
  // Candidates that were trained beside a proxy are no use without it: they are not kept.
  const std::filesystem::path file = tables->proxy ? std::filesystem::path() : task.study;
  auto study = find_study(file, options, reuse, tables->set, tables->prepared, console);
  if (!study) return tl::unexpected(study.error());
  console.progress(1, "choosing");
  return from_study(*tables, std::move(*study), options, watch);
}

Result<std::vector<Result<Trained>>> train_tables_together(std::vector<LearningTask>& tasks,
                                                           const TrainingOptions& options, Console& console) {
  const Stopwatch watch;
  console.progress(0, "reading measurements");
  std::vector<Result<Tables>> all;
  for (LearningTask& task : tasks) all.push_back(open_tables(task, options));
  std::vector<learn::Subject> subjects;
  for (const Result<Tables>& one : all) {
    if (one && !one->totals_only()) subjects.push_back({one->set, one->prepared});
  }
  const learn::StudyOptions own = study_options(options, console);
  auto studies = learn::make_studies(subjects, own);
  if (!studies) return tl::unexpected(studies.error());
  console.progress(1, "choosing");
  std::vector<Result<Trained>> out;
  auto study = studies->begin();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!all[i]) {
      out.emplace_back(tl::unexpected(all[i].error()));
    } else if (all[i]->totals_only()) {
      out.push_back(from_totals(*all[i], options, watch));
    } else {
      keep_study(*study, learn::study_fingerprint(all[i]->set, own), tasks[i].study, console);
      out.push_back(from_study(*all[i], std::move(*study++), options, watch));
    }
  }
  return out;
}

}  // namespace latcast::cli
