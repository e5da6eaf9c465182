#include "session/recalibration.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <limits>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "core/pack_content.h"
#include "measure/model_file.h"
#include "session/forecaster.h"
#include "store/rounds.h"

namespace latcast::session {
namespace {

constexpr std::size_t kFewestReferences = 5;
constexpr Nanos kBurst = std::chrono::milliseconds(80);

struct Reference {
  const ReferenceCarrier* carrier = nullptr;
  EngineModel model;
};

std::vector<Reference> prepare(const PackContent& content) {
  std::vector<Reference> references;
  for (const ReferenceCarrier& carrier : content.references) {
    auto model = onnx::read_model(std::as_bytes(std::span(carrier.onnx)));
    if (!model) continue;
    auto planned = plan_inputs(*model, {});
    if (!planned) continue;
    planned->bytes.assign(carrier.onnx.begin(), carrier.onnx.end());
    references.push_back({&carrier, std::move(*planned)});
  }
  return references;
}

/// Rounds of bursts until the budget is spent: references x rounds.
Result<RoundTable> measure(Worker& worker, const std::vector<Reference>& references,
                           const RecalibrationOptions& options, Listener& listener) {
  const Nanos budget = options.budget;
  const Nanos start = worker.now();
  RoundTable table(references.size());
  std::mt19937_64 random(1);
  std::vector<std::size_t> order(references.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  Nanos longest{0};
  for (std::size_t round = 0;; ++round) {
    std::ranges::shuffle(order, random);
    for (auto& row : table) row.resize(round + 1, std::numeric_limits<double>::quiet_NaN());
    for (const std::size_t index : order) {
      if (listener.cancelled()) return fail(Errc::interrupted, "interrupted; the pack is unchanged");
      if (options.max_noise >= 0)
        wait_for_quiet(worker, options.settings.threads, budget - (worker.now() - start), listener);
      const Nanos before = worker.now();
      if (before - start + longest > budget) return table;
      auto reply = worker.measure({references[index].model, {kBurst, 1, 4, 100000}, std::nullopt, false});
      if (!reply && reply.error().code == Errc::interrupted) return tl::unexpected(reply.error());
      if (reply) table[index][round] = *std::ranges::min_element(reply->runs_ns);
      longest = std::max(longest, worker.now() - before);
      listener.progress((worker.now() - start) / budget, references[index].carrier->name);
    }
  }
}

/// Log ratios of now to then, one for each reference that was measured.
std::vector<double> log_ratios(const RoundTable& table, const std::vector<Reference>& references) {
  const std::vector<QuietLatency> quiet = quiet_latencies(table);
  std::vector<double> ratios;
  for (std::size_t i = 0; i < references.size(); ++i) {
    if (quiet[i].rounds > 0) ratios.push_back(std::log(quiet[i].quiet / references[i].carrier->quiet_ns));
  }
  return ratios;
}

/// The anchor that the ratios tell, with everything else of `anchor`.
Anchor moved(Anchor anchor, const std::vector<double>& ratios) {
  const double middle = median(ratios);
  std::vector<double> deviations;
  for (const double ratio : ratios) deviations.push_back(std::abs(ratio - middle));
  anchor.scale = std::exp(middle);
  anchor.scatter = 1.4826 * median(deviations);
  anchor.carriers = static_cast<std::uint32_t>(ratios.size());
  anchor.unix_s = std::time(nullptr);
  return anchor;
}

}  // namespace

Result<Recalibration> recalibrate(const RecalibrationOptions& options, Listener& listener) {
  auto forecaster = Forecaster::open(options.pack, options.settings);
  if (!forecaster) return tl::unexpected(forecaster.error());
  std::string why;
  if (forecaster->foreign(why)) {
    return fail(Errc::mismatch,
                why + ". A pack can be re-anchored only where it was made; run 'latcast profile' and 'train' here");
  }
  if (auto ok = forecaster->check_engine(listener); !ok) return tl::unexpected(ok.error());
  auto content = read_pack_content(options.pack);
  if (!content) return tl::unexpected(content.error());
  const std::vector<Reference> references = prepare(*content);
  if (references.size() < kFewestReferences) {
    return fail(Errc::unsupported, options.pack + " has " + std::to_string(references.size()) +
                                       " reference carriers; at least " + std::to_string(kFewestReferences) +
                                       " are needed. Train it anew");
  }
  const auto table = measure(forecaster->worker(), references, options, listener);
  if (!table) return tl::unexpected(table.error());
  const std::vector<double> ratios = log_ratios(*table, references);
  if (ratios.size() < kFewestReferences) {
    return fail(Errc::unstable, "only " + std::to_string(ratios.size()) +
                                    " reference carriers were measured within the budget" +
                                    (options.max_noise < 0 ? "" : ", for which the machine was too busy") +
                                    "; give more with --budget");
  }
  const MachineReport machine = report_machine(forecaster->worker(), options.settings.threads, *table, listener);
  if (options.max_noise >= 0 && !(machine.scatter <= options.max_noise)) {
    return fail(Errc::unstable, "the reference carriers' bursts scatter by more than --max-noise: " + machine.text() +
                                    "; the pack is unchanged");
  }
  Anchor& anchor = content->info.anchor;
  const Anchor before = std::exchange(anchor, moved(anchor, ratios));
  if (auto ok = write_pack(*content, options.pack); !ok) return tl::unexpected(ok.error());
  return Recalibration{before, anchor, machine};
}

}  // namespace latcast::session
