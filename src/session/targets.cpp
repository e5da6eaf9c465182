#include "session/targets.h"

#include <algorithm>
#include <functional>
#include <map>
#include <sstream>

namespace latcast::session {

std::vector<std::string> target_names(std::span<const TargetRecord> targets) {
  using Name = std::function<std::string(const TargetRecord&)>;
  // Each adds to the one before, so names that differ stay different.
  static const std::vector<Name> kForms = {
      [](const TargetRecord& target) { return target.name; },
      [](const TargetRecord& target) { return target.name + "|" + target.engine; },
      [](const TargetRecord& target) { return target.name + "|" + target.engine + " " + target.engine_version; },
      [](const TargetRecord& target) {
        return target.name + "|" + target.engine + " " + target.engine_version + " #" + std::to_string(target.id);
      }};
  std::vector<std::string> names(targets.size());
  std::vector<std::size_t> open(targets.size());
  for (std::size_t i = 0; i < open.size(); ++i) open[i] = i;
  for (const Name& form : kForms) {
    std::map<std::string, int> uses;
    for (const std::size_t i : open) ++uses[names[i] = form(targets[i])];
    std::erase_if(open, [&](std::size_t i) { return uses[names[i]] == 1; });
  }
  return names;
}

Result<TargetRecord> choose_target(Store& store, const std::string& name) {
  const auto targets = store.targets();
  if (!targets) return tl::unexpected(targets.error());
  if (targets->empty()) {
    return fail(Errc::not_found, "the store holds no measurements; run 'latcast profile' or 'latcast import' first");
  }
  const std::vector<std::string> names = target_names(*targets);
  std::vector<const TargetRecord*> called, fitting;
  std::string known, several;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const TargetRecord& target = (*targets)[i];
    if (names[i] == name) return target;
    known += "\n  " + names[i];
    if (target.name == name) called.push_back(&target);
    if (names[i].find(name) == std::string::npos) continue;
    fitting.push_back(&target);
    several += "\n  " + names[i];
  }
  if (called.size() == 1) return *called.front();
  if (fitting.size() == 1) return *fitting.front();
  if (name.empty()) {
    return fail(Errc::not_found, "the store holds several targets; choose one with --target:" + known);
  }
  if (fitting.empty()) return fail(Errc::not_found, "the store has no target '" + name + "'; it has:" + known);
  return fail(Errc::not_found, "'" + name + "' fits several targets:" + several);
}

std::string StoredTarget::statistic() const {
  const auto found = record.settings.find("statistic");
  return found == record.settings.end() ? "quiet" : found->second;
}

Result<std::vector<StoredTarget>> stored_targets(Store& store) {
  auto targets = store.targets();
  if (!targets) return tl::unexpected(targets.error());
  const std::vector<std::string> names = target_names(*targets);
  std::vector<StoredTarget> out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto contents = store.contents((*targets)[i].id);
    if (!contents) return tl::unexpected(contents.error());
    out.push_back({std::move((*targets)[i]), names[i], *contents});
  }
  return out;
}

Result<std::vector<StoredTarget>> stored_targets(const std::string& db) {
  auto store = Store::open_read_only(db);
  if (!store) return tl::unexpected(store.error());
  return stored_targets(*store);
}

std::vector<std::string> feature_list(const std::string& cpu_features) {
  std::vector<std::string> out;
  std::istringstream features(cpu_features);
  for (std::string feature; features >> feature;) out.push_back(feature);
  return out;
}

Result<Target> target_of(Worker& worker, int threads) {
  const auto engine = worker.info();
  if (!engine) return tl::unexpected(engine.error());
  if (!engine->available) return fail(Errc::engine_unavailable, engine->problem);
  const auto settings = worker.describe();
  if (!settings) return tl::unexpected(settings.error());
  const auto machine = worker.machine();
  if (!machine) return tl::unexpected(machine.error());
  Target target;
  target.device = machine->device;
  target.cpu_features = feature_list(machine->cpu_features);
  target.engine = engine->name;
  target.engine_version = engine->version;
  target.conditions = {{"threads", std::to_string(threads)}, {"batch", "1"}, {"dtype", "float32"}};
  for (const auto& [key, value] : *settings) target.settings.push_back({key, value});
  target.name = machine->device.substr(0, machine->device.find(" (")) + " | " + engine->name + " " + engine->version +
                " | threads=" + std::to_string(threads);
  return target;
}

Result<std::int64_t> store_target(Store& store, Worker& worker, int threads) {
  const auto target = target_of(worker, threads);
  if (!target) return tl::unexpected(target.error());
  TargetRecord record{.id = 0,
                      .name = target->name,
                      .device = target->device,
                      .cpu_features = {},
                      .engine = target->engine,
                      .engine_version = target->engine_version,
                      .library = {},
                      .settings = {}};
  for (const std::string& feature : target->cpu_features)
    record.cpu_features += (record.cpu_features.empty() ? "" : " ") + feature;
  if (const auto engine = worker.info()) record.library = engine->library;
  for (const KeyValue& one : target->settings) record.settings[one.key] = one.value;
  return store.ensure_target(record);
}

}  // namespace latcast::session
