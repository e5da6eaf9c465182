#include "session/measuring.h"

#include <cstddef>
#include <utility>

#include "engine/worker/worker.h"
#include "session/conditions.h"
#include "session/forecaster.h"
#include "session/targets.h"

namespace latcast::session {
namespace {

/// Models that could be read, ready for the engine.
struct Batch {
  std::vector<EngineModel> models;
  std::vector<std::string> names;
  std::vector<std::size_t> places;  // in the answer
};

Batch load(const MeasureOptions& options, Measurements& out) {
  Batch batch;
  std::vector<std::vector<KeyValue>> conditions;
  for (const std::string& path : options.models) {
    auto loaded = load_for_engine(path, options);
    out.models.push_back({path, {}, fail(Errc::interrupted, path + ": not measured")});
    if (!loaded) {
      out.models.back().measurement = tl::unexpected(loaded.error());
      continue;
    }
    conditions.push_back(out.models.back().conditions = conditions_of(out.target.conditions, *loaded));
    batch.places.push_back(out.models.size() - 1);
    batch.models.push_back(std::move(loaded->engine_model));
    batch.names.push_back(path);
  }
  if (auto common = common_conditions(conditions)) out.target.conditions = std::move(*common);
  return batch;
}

}  // namespace

Result<LoadedModel> load_for_engine(const std::string& file, const MeasureOptions& options) {
  auto loaded = load_model_file(file, options.dims);
  if (!loaded) return loaded;
  if (auto ok = loaded->check_for_engine(); !ok) return tl::unexpected(ok.error());
  if (auto ok = give_inputs(loaded->engine_model, options.inputs); !ok) return fail_in(file, ok.error());
  return loaded;
}

RoundTable round_table(std::span<const NetworkMeasurement> measurements) {
  RoundTable out;
  for (const NetworkMeasurement& one : measurements)
    if (!one.failed) out.push_back(one.round_minima_ns);
  return out;
}

Result<std::vector<NetworkMeasurement>> measure_batch(Worker& worker, std::span<const EngineModel> models,
                                                      std::span<const std::string> names, const MeasureOptions& options,
                                                      Conditions conditions, const std::string& doing,
                                                      Listener& listener) {
  conditions.erase("batch");
  InterleavedOptions interleaved;
  interleaved.rounds = options.rounds;
  interleaved.burst.duration = options.burst;
  interleaved.profile = options.modules;
  interleaved.conditions = std::move(conditions);
  interleaved.stop = [&, left = options.max_noise < 0 ? Nanos{0} : options.patience]() mutable {
    left -= wait_for_quiet(worker, options.settings.threads, left, listener);
    return listener.cancelled();
  };
  return measure_interleaved(worker, models, names, interleaved,
                             [&](std::size_t done, std::size_t total, const std::string& name) {
                               listener.progress(static_cast<double>(done) / static_cast<double>(total), doing + name);
                             });
}

Result<Measurements> measure(const MeasureOptions& given, Listener& listener) {
  MeasureOptions options = given;
  const auto catalogue = Catalogue::builtin();
  if (!catalogue) return tl::unexpected(catalogue.error());
  const auto conditions = asked_conditions(options.at, *catalogue, options.dims);
  if (!conditions) return tl::unexpected(conditions.error());
  if (const auto threads = conditions->find("threads"); threads != conditions->end())
    options.settings.threads = static_cast<int>(threads->second);
  Worker worker(options.engine, options.settings, interactive_limits());
  auto target = target_of(worker, options.settings.threads);
  if (!target) return tl::unexpected(target.error());
  if (const auto can = worker.capabilities(); options.modules && can && can->node_times == "none")
    listener.warning(target->engine + " tells no times of nodes: there are no modules");
  Measurements out{std::move(*target), {}};
  for (const auto& [name, value] : *conditions) {
    if (name == "threads" || name == "batch") continue;  // told by the settings and by the models
    out.target.conditions.push_back({name, condition_text(catalogue->find_condition(name)->possible, value)});
  }
  const Batch batch = load(options, out);
  auto results = measure_batch(worker, batch.models, batch.names, options, *conditions, "", listener);
  if (!results) return tl::unexpected(results.error());
  out.machine = report_machine(worker, options.settings.threads, round_table(*results), listener);
  for (std::size_t i = 0; i < results->size(); ++i) {
    NetworkMeasurement& result = (*results)[i];
    MeasuredModel& model = out.models[batch.places[i]];
    if (result.failed) {
      model.measurement = fail_in(model.model, result.error);
    } else {
      model.measurement = std::move(result);
    }
  }
  return out;
}

}  // namespace latcast::session
