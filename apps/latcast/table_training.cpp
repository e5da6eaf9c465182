#include "table_training.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "learn/mixture.h"
#include "learn/proxy.h"
#include "learn/table_networks.h"
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

}  // namespace

Result<Trained> train_table_target(LearningTask& task, const TrainingOptions& options, bool reuse, Console& console) {
  const auto started = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  };
  console.progress(0, "reading measurements");
  const auto catalogue = catalogue_of(task.store, task.target, task.catalogue);
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
  std::optional<PackContent> proxy;
  if (!options.proxy.empty()) {
    auto opened = open_proxy(options.proxy, task.target);
    if (!opened) return tl::unexpected(opened.error());
    proxy = std::move(*opened);
    frame.info.target.settings.push_back({kProxySetting, proxy->info.target.name});
  }
  if (proxy && options.proxy_known) {
    const auto known = known_latencies(task, *proxy);
    if (!known) return tl::unexpected(known.error());
    const auto ratios = learn::known_ratios(data->networks, *catalogue, *proxy, *known);
    if (!ratios) return tl::unexpected(ratios.error());
    learn::divide_totals(data->networks, *ratios);
    frame.info.target.settings.push_back({kKnownSetting, proxy->info.target.name});
  }
  learn::TrainingSet set = learn::make_training_set(data->networks, *catalogue);
  learn::ProxyTerms terms;
  if (proxy) {
    auto added = learn::ProxyTerms::add_to(set, *proxy);
    if (!added) return fail_in("--proxy " + options.proxy, added.error());
    terms = std::move(*added);
  }
  const auto settle = [&](PackContent& content) -> Result<void> {
    if (!proxy) return {};
    if (auto ok = terms.settle(content, *proxy); !ok) return ok;
    const auto bytes = static_cast<double>(pack_bytes(content).size());
    if (bytes <= options.pack_bytes) return {};
    return fail(Errc::budget, "with its proxy's models the pack has " + format_bytes(bytes) + ", more than the " +
                                  format_bytes(options.pack_bytes) + " of --max-pack-size");
  };
  if (learn::totals_only(set)) {
    console.progress(0.5, "fitting totals");
    auto content = learn::train_totals(set, std::move(frame), 1);
    if (!content) return tl::unexpected(content.error());
    if (auto ok = settle(*content); !ok) return tl::unexpected(ok.error());
    std::string report =
        describe(*data, *catalogue, content->info.training) + "done in " + format_time(1e9 * seconds()) + "\n";
    return Trained{std::move(*content), std::move(report)};
  }
  const auto prepared = learn::prepare(set);
  if (!prepared) return tl::unexpected(prepared.error());
  // Candidates that were trained beside a proxy are no use without it: they are not kept.
  const std::filesystem::path study_file = proxy ? std::filesystem::path() : task.study;
  learn::Study study = find_study(study_file, options, reuse, set, *prepared, console);
  learn::add_mixtures(*prepared, study);
  console.progress(1, "choosing");
  auto assembled = learn::assemble(set, *prepared, study, std::move(frame), options.budget(kTableModuleTime_ns));
  if (!assembled) return tl::unexpected(assembled.error());
  if (auto ok = settle(assembled->content); !ok) return tl::unexpected(ok.error());
  std::string report = describe(*data, *catalogue, assembled->content.info.training) +
                       describe_choice(study, *prepared, *assembled, seconds());
  return Trained{std::move(assembled->content), std::move(report)};
}

}  // namespace latcast::cli
