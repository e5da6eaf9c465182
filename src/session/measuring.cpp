#include "session/measuring.h"

#include <cstddef>
#include <utility>

#include "engine/worker/worker.h"
#include "session/conditions.h"
#include "session/forecaster.h"
#include "session/targets.h"

namespace latcast::session {
namespace {

std::vector<Result<LoadedModel>> load(const MeasureOptions& options, Measurements& out) {
  std::vector<Result<LoadedModel>> models;
  std::vector<std::vector<KeyValue>> conditions;
  for (const std::string& path : options.models) {
    out.models.push_back({path, {}});
    models.push_back(load_for_engine(path, options));
    if (models.back())
      conditions.push_back(out.models.back().conditions = conditions_of(out.target.conditions, *models.back()));
  }
  if (auto common = common_conditions(conditions)) out.target.conditions = std::move(*common);
  return models;
}

}  // namespace

Result<LoadedModel> load_for_engine(const std::string& file, const MeasureOptions& options) {
  auto loaded = load_model_file(file, options.dims);
  if (!loaded) return loaded;
  if (auto ok = loaded->check_for_engine(); !ok) return tl::unexpected(ok.error());
  if (auto ok = give_inputs(loaded->engine_model, options.inputs); !ok) return fail_in(file, ok.error());
  return loaded;
}

Result<BatchMeasurement> measure_batch(Worker& worker, std::vector<Result<LoadedModel>> models,
                                       const MeasureOptions& options, Conditions conditions, const std::string& doing,
                                       Listener& listener) {
  std::vector<EngineModel> ready;
  std::vector<std::string> names;
  for (Result<LoadedModel>& one : models) {
    if (!one) continue;
    ready.push_back(std::move(one->engine_model));
    names.push_back(one->path);
    one->model = {};
  }
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
  auto results = measure_interleaved(
      worker, ready, names, interleaved, [&](std::size_t done, std::size_t total, const std::string& name) {
        listener.progress(static_cast<double>(done) / static_cast<double>(total), doing + name);
      });
  if (!results) return tl::unexpected(results.error());
  BatchMeasurement out;
  RoundTable minima;
  auto result = results->begin();
  for (const Result<LoadedModel>& one : models) {
    if (!one) {
      out.models.emplace_back(tl::unexpected(one.error()));
      continue;
    }
    if (!result->failed) minima.push_back(result->round_minima_ns);
    out.models.push_back(result->failed ? fail_in(one->path, result->error)
                                        : Result<NetworkMeasurement>(std::move(*result)));
    ++result;
  }
  out.machine = report_machine(worker, options.settings.threads, minima, listener);
  return out;
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
  auto batch = measure_batch(worker, load(options, out), options, *conditions, "", listener);
  if (!batch) return tl::unexpected(batch.error());
  out.machine = batch->machine;
  for (std::size_t i = 0; i < out.models.size(); ++i) out.models[i].measurement = std::move(batch->models[i]);
  return out;
}

}  // namespace latcast::session
