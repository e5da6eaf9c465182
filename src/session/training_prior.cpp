#include "session/training_prior.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "learn/data/table_networks.h"
#include "learn/prior/prior_terms.h"

namespace latcast::session {
namespace {

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
Result<std::map<std::string, double>> known_latencies(TrainingTask& task, const Target& of) {
  const auto targets = task.store.targets();
  if (!targets) return tl::unexpected(targets.error());
  const auto found = std::ranges::find_if(*targets, [&](const TargetRecord& one) {
    return one.name == of.name && one.engine == of.engine && one.engine_version == of.engine_version;
  });
  if (found == targets->end()) {
    return fail(Errc::not_found, "--proxy-known needs networks' latencies on " + of.name +
                                     ", which the store has none of: import a table of them");
  }
  if (found->conditions() != task.target.conditions()) {
    return fail(Errc::mismatch, "--proxy-known: " + of.name + " and " + task.target.name +
                                    " run other kernels (their conditions differ): one's latency tells little of the "
                                    "other's; leave the option away");
  }
  auto networks = learn::load_table_networks(task.store, *found, task.measurements.catalogue);
  if (!networks) return tl::unexpected(networks.error());
  std::map<std::string, double> out;
  for (const learn::TableNetwork& network : networks->networks) {
    if (network.total_ns > 0) out[network.name] = network.total_ns;
  }
  return out;
}

/// Totals become ratios to what is known on the proxy's target.
Result<void> divide_by_known(TrainingTask& task, const PackContent& proxy) {
  learn::Measurements& own = task.measurements;
  const auto known = known_latencies(task, proxy.info.target);
  if (!known) return tl::unexpected(known.error());
  const auto ratios = learn::known_ratios(own.listed, own.catalogue, proxy, *known);
  if (!ratios) return tl::unexpected(ratios.error());
  learn::divide_totals(own.listed, *ratios);
  own.set = learn::make_training_set(own.listed, own.catalogue);
  own.target.settings.push_back({kKnownSetting, proxy.info.target.name});
  return {};
}

}  // namespace

Result<Prior> Prior::use(const TrainingOptions& options, TrainingTask& task) {
  Prior out;
  if (options.proxy.empty()) return out;
  if (task.measurements.listed.empty()) {
    return fail(Errc::invalid_input, "--proxy is for targets of imported tables; " + task.target.name +
                                         " was measured by 'latcast profile'");
  }
  auto proxy = open_proxy(options.proxy, task.target);
  if (!proxy) return tl::unexpected(proxy.error());
  task.measurements.target.settings.push_back({kProxySetting, proxy->info.target.name});
  if (options.proxy_known) {
    if (auto ok = divide_by_known(task, *proxy); !ok) return tl::unexpected(ok.error());
  }
  out.packs_ = std::make_unique<std::vector<PackContent>>();
  out.packs_->push_back(std::move(*proxy));
  auto knowledge = learn::PriorKnowledge::add_to(task.measurements.set, *out.packs_);
  if (!knowledge) return fail_in("--proxy " + options.proxy, knowledge.error());
  out.knowledge_ = std::move(*knowledge);
  return out;
}

Result<void> Prior::settle(PackContent& content, double limit) const {
  if (empty()) return {};
  if (auto ok = knowledge_.settle(content); !ok) return ok;
  const auto bytes = static_cast<double>(pack_bytes(content).size());
  if (bytes <= limit) return {};
  const auto kilobytes = [](double x) { return std::to_string(std::llround(x / 1000)) + " kB"; };
  return fail(Errc::budget, "with its proxy's models the pack has " + kilobytes(bytes) + ", more than the " +
                                kilobytes(limit) + " of --max-pack-size");
}

}  // namespace latcast::session
