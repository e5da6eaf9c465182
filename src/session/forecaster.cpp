#include "session/forecaster.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "core/pack_content.h"
#include "learn/train.h"
#include "rules/executed_graph.h"
#include "session/conditions.h"
#include "session/targets.h"

namespace latcast::session {

WorkerLimits interactive_limits() {
  const auto pages = static_cast<std::size_t>(std::max(sysconf(_SC_PHYS_PAGES), 0L));
  const auto page = static_cast<std::size_t>(std::max(sysconf(_SC_PAGESIZE), 0L));
  return {std::chrono::minutes(10), pages * page / 10 * 9};
}

int pack_threads(const Pack& pack) {
  const auto& known = pack.info().conditions;
  const auto threads = std::ranges::find(known, "threads", &ConditionRange::name);
  if (threads != known.end()) return static_cast<int>(std::clamp(threads->usual, 1.0, 1024.0));
  const std::string_view text = find_value(pack.target().conditions, "threads");  // of packs without ranges
  int count = 1;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return std::max(count, 1);
}

Forecaster::Forecaster(OpenPack pack, const EngineSettings& settings)
    : open_(std::move(pack)), engine_named_(!settings.library.empty()) {
  EngineSettings engine = settings;
  engine.threads = pack_threads(open_.pack);
  // A session as the pack's models learnt it.
  for (const KeyValue& one : open_.pack.target().settings) {
    if (one.key != "threads") engine.session[one.key] = one.value;
  }
  worker_ = std::make_unique<Worker>(open_.pack.target().engine, engine, interactive_limits());
}

namespace {

/// All that it has models of are rows of tables.
bool of_tables(const OpenPack& open) {
  bool any = false;
  for (std::size_t i = 0; i < open.types.size(); ++i) {
    if (open.types[i] == kUnknownType) continue;
    any = true;
    if (!open.catalogue.types()[i].given()) return false;
  }
  return any;
}

}  // namespace

Result<Forecaster> Forecaster::open(const std::string& pack_file, const EngineSettings& settings) {
  const auto pack = Pack::open(pack_file);
  if (!pack) return tl::unexpected(pack.error());
  auto open = OpenPack::open(*pack);
  if (!open) return fail_in(pack_file, open.error());
  if (of_tables(*open))
    return fail(Errc::mismatch,
                pack_file + ": the pack is of the imported table '" + open->pack.target().name +
                    "': it forecasts networks that a table lists (predict --table with --map), not ONNX files");
  return Forecaster(std::move(*open), settings);
}

Result<Forecaster> Forecaster::of_this_machine(const EngineSettings& settings) {
  auto catalogue = Catalogue::builtin({});
  if (!catalogue) return tl::unexpected(catalogue.error());
  Worker worker(kDefaultEngine, settings, interactive_limits());
  const auto machine = worker.machine();
  if (!machine) return tl::unexpected(machine.error());
  auto own = catalogue->of_graphs(kDefaultEngine).of_device(device_facts(machine->context));
  if (!own) return tl::unexpected(own.error());
  PackContent content = learn::untrained(*own);
  Target& target = content.info.target;
  target.engine = kDefaultEngine;
  target.name = target.device = machine->device;
  target.cpu_features = feature_list(machine->cpu_features);
  const auto info = worker.info();
  target.engine_version = info && info->available ? info->version : std::string(rules::newest_known(target.engine));
  auto pack = Pack::from_bytes(pack_bytes(content));
  if (!pack) return tl::unexpected(pack.error());
  return Forecaster(OpenPack::with(std::move(*pack), std::move(*own)), settings);
}

Result<Conditions> bind_conditions(OpenPack& pack, const std::string& at, DimBindings& dims, Listener& listener) {
  const std::vector<ConditionRange>& known = pack.pack.info().conditions;
  auto asked = asked_conditions(at, known, dims);
  if (!asked) return asked;
  auto predictor = pack.predictor.at(*asked);
  if (!predictor) return tl::unexpected(predictor.error());
  for (const ConditionRange& one : known) {
    const auto value = asked->find(one.name);
    if (value == asked->end() || (value->second >= one.low && value->second <= one.high)) continue;
    const std::string low = condition_text(one, one.low), high = condition_text(one, one.high);
    std::string range = low == high ? "at " : "from ";
    range.append(low).append(low == high ? "" : " to " + high);
    listener.warning(one.name + " was measured " + range + ", not at " + condition_text(one, value->second) +
                     ": every forecast is an extrapolation");
  }
  pack.predictor = std::move(*predictor);
  return asked;
}

Result<void> Forecaster::bind(const std::string& at, DimBindings& dims, Listener& listener) {
  auto asked = bind_conditions(open_, at, dims, listener);
  if (!asked) return tl::unexpected(asked.error());
  asked_ = std::move(*asked);
  return {};
}

void Forecaster::take_batch(const LoadedModel& loaded) {
  const auto asked = asked_.find("batch");
  const auto own = batch_of(loaded);
  if (asked == asked_.end() || !own) return;
  const ConditionRange& range = *std::ranges::find(open_.pack.info().conditions, "batch", &ConditionRange::name);
  const double batch = static_cast<double>(*own) == asked->second ? asked->second : range.usual;
  if (auto predictor = open_.predictor.at({{"batch", batch}})) open_.predictor = std::move(*predictor);
}

Result<EngineInfo> Forecaster::engine_info() {
  auto info = worker_->info();
  if (!info) return tl::unexpected(info.error());
  if (!info->available) return fail(Errc::engine_unavailable, info->problem);
  return info;
}

bool Forecaster::tells() {
  const auto can = worker_->capabilities();
  return !can || can->executed_graph;
}

bool Forecaster::foreign(std::string& why) {
  const Target& target = open_.pack.target();
  const auto info = engine_info();
  if (info && info->version != target.engine_version) {
    why = "the pack was made for " + target.engine + " " + target.engine_version + ", here it is " + info->version;
    return true;
  }
  const auto machine = worker_->machine();
  if (!machine) {
    why = machine.error().context;
    return true;
  }
  std::string features;
  for (const std::string& feature : target.cpu_features) features += (features.empty() ? "" : " ") + feature;
  if (machine->device == target.device && machine->cpu_features == features) return false;
  why = "the pack was made on " + target.device + ", this is " + machine->device;
  if (machine->device == target.device)
    why = "the pack was made with CPU features '" + features + "', here they are '" + machine->cpu_features + "'";
  return true;
}

Result<void> Forecaster::check_engine(Listener& listener) {
  if (auto info = engine_info(); !info) return tl::unexpected(info.error());
  std::string why;
  if (foreign(why)) listener.warning(why + "; forecasts are for the pack's target");
  return {};
}

std::string Forecaster::why_not_the_engine(const rules::EngineTarget& target) {
  const auto info = engine_info();
  if (!info) return info.error().context;
  const Target& wanted = open_.pack.target();
  if (info->version != wanted.engine_version)
    return "the pack is of " + wanted.engine + " " + wanted.engine_version + ", here it is " + info->version;
  const auto machine = worker_->machine();
  if (!machine) return machine.error().context;
  if (!tells()) return wanted.engine + " does not tell";
  const auto here = rules::engine_target(wanted.engine, info->version, machine->cpu_features);
  return here && here->block == target.block ? "" : "the pack is of a CPU with another vector width";
}

void Forecaster::take_rules(const rules::EngineTarget& target, Listener& listener) {
  const std::string_view newest = rules::newest_known(open_.pack.target().engine);
  const auto known = rules::engine_target(open_.pack.target().engine, newest, {});
  if (known && target.version > known->version) {
    listener.warning("rules were compared with " + open_.pack.target().engine + " up to " + std::string(newest) +
                     "; the pack is of " + open_.pack.target().engine_version +
                     " ('latcast bench graph --probes' compares it)");
  }
  rules_ = target;
}

Result<void> Forecaster::choose_graph(GraphSource source, Listener& listener) {
  const auto target = rule_target(open_.pack.target());
  if (source == GraphSource::rules) {
    if (!target) return tl::unexpected(target.error());
    take_rules(*target, listener);
    return {};
  }
  if ((source == GraphSource::engine && tells()) || !target) return check_engine(listener);
  rules_if_needed_ = *target;
  if (const auto info = engine_info(); !info && engine_named_) return tl::unexpected(info.error());
  if (const std::string why = why_not_the_engine(*target); !why.empty()) {
    listener.warning("what is executed is deduced by rules: " + why);
    take_rules(*target, listener);
    return {};
  }
  return check_engine(listener);
}

Result<LoadedModel> Forecaster::load(const std::string& file, const DimBindings& bindings) const {
  return load_model_file(file, bindings, rules_ ? onnx::ExternalWeights::ignored : onnx::ExternalWeights::required);
}

Result<ExecutedNetwork> Forecaster::execute(const LoadedModel& loaded, const DimBindings& bindings) {
  const auto& rules = loaded.fixed_batch && !rules_ ? rules_if_needed_ : rules_;
  if (auto ok = rules ? Result<void>() : loaded.check_for_engine(); !ok) return tl::unexpected(ok.error());
  auto graph = rules
                   ? rules::executed_graph(loaded.model, bindings, open_.pack.target().engine, *rules, &open_.catalogue)
               : tells() ? worker_->executed_graph(loaded.engine_model)
                         : executed_as_is(loaded.model, bindings);
  if (!graph) return fail_in(loaded.path, graph.error());
  ModuleNetwork network = match_modules(*graph, open_.catalogue, &loaded.model);
  return ExecutedNetwork{std::move(*graph), std::move(network)};
}

Result<FileForecast> Forecaster::forecast(const std::string& file, const DimBindings& bindings) {
  auto loaded = load(file, bindings);
  if (!loaded) return tl::unexpected(loaded.error());
  return forecast(*loaded, bindings);
}

Result<FileForecast> Forecaster::forecast(const LoadedModel& loaded, const DimBindings& bindings) {
  take_batch(loaded);
  auto executed = execute(loaded, bindings);
  if (!executed) return tl::unexpected(executed.error());
  auto result = forecast_network(open_, std::move(executed->network));
  if (!result) return fail_in(loaded.path, result.error());
  return result;
}

}  // namespace latcast::session
