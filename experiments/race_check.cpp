#include "experiments/race_check.h"

#include <algorithm>
#include <cmath>

#include "experiments/take_networks.h"
#include "learn/data/folds.h"
#include "learn/models/fallback.h"
#include "learn/models/prepared.h"
#include "learn/select/selection.h"
#include "learn/study/mixture.h"
#include "learn/study/race.h"
#include "session/training.h"

namespace latcast::experiments {
using namespace learn;

namespace {

constexpr int kParts = 3;

/// What a selection comes to on the networks that were held out.
struct Outcome {
  double cost_s = 0;
  std::vector<double> errors;  // per held-out network that counts
};

/// The rows of every class in the held-out networks.
std::vector<Rows> held_out_rows(const PreparedSet& prepared, const std::vector<bool>& held_out) {
  std::vector<Rows> out;
  for (const PreparedKernel& kernel : prepared.kernels) {
    std::vector<Eigen::Index> inside;
    for (std::size_t i = 0; i < kernel.rows.group.size(); ++i) {
      if (held_out[static_cast<std::size_t>(kernel.rows.group[i])]) inside.push_back(static_cast<Eigen::Index>(i));
    }
    out.push_back(take(kernel.rows, inside));
  }
  return out;
}

/// Per held-out network that counts: what the chosen models' forecasts are off by, as a share of its time.
std::vector<double> errors(const TrainingSet& set, const std::vector<bool>& held_out, const std::vector<Rows>& rows,
                           const Study& study, const Choice& choice) {
  std::vector<double> off(set.networks.size(), 0.0), out;
  for (std::size_t k = 0; k < rows.size(); ++k) {
    if (choice.candidate[k] < 0) continue;  // no sample on the training side: the same for every selection
    const Candidate& chosen = study.classes[k].candidates[static_cast<std::size_t>(choice.candidate[k])];
    if (!chosen.fit) continue;  // a choice has fits only
    const auto forecasts = forecast(*chosen.fit, rows[k]);
    for (std::size_t i = 0; i < forecasts.size(); ++i) {
      const auto network = static_cast<std::size_t>(rows[k].group[i]);
      const double truth = rows[k].latency_ns[static_cast<Eigen::Index>(i)];
      off[network] += std::min(std::abs(forecasts[i].latency_ns - truth), truth) / set.networks[network].quiet_ns;
    }
  }
  for (std::size_t n = 0; n < off.size(); ++n) {
    if (held_out[n] && counts(set.networks[n])) out.push_back(off[n]);
  }
  return out;
}

Result<Outcome> outcome(const TrainingSet& set, const std::vector<bool>& held_out, const std::vector<Rows>& judged,
                        const TrainingSet& train, const PreparedSet& prepared, const StudyOptions& options) {
  auto made = make_study(train, prepared, options);
  if (!made) return tl::unexpected<Error>(made.error());
  Study& study = *made;
  add_mixtures(prepared, study);
  const Fallback fallback = fit_fallback(train);
  const Selector selector(train, prepared, study, fallback);
  const auto chosen = selector.choose();
  return Outcome{study.race_cost_s, errors(set, held_out, judged, study, chosen ? *chosen : selector.only(kBaseModel))};
}

RaceCheck compared(const Outcome& race, const Outcome& all) {
  const std::vector<double>&a = race.errors, &b = all.errors;
  const double n = static_cast<double>(std::max<std::size_t>(a.size(), 2));
  RaceCheck out{race.cost_s, all.cost_s, 0, 0, 0, 0};
  for (std::size_t i = 0; i < a.size(); ++i) {
    out.race_error += a[i] / n;
    out.exhaustive_error += b[i] / n;
  }
  out.difference = out.race_error - out.exhaustive_error;
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) squares += std::pow(a[i] - b[i] - out.difference, 2);
  out.standard_error = std::sqrt(squares / (n - 1) / n);
  return out;
}

}  // namespace

Result<std::vector<RaceCheck>> check_race(const TrainingSet& set, int seeds, const StudyOptions& options) {
  const auto prepared = prepare(set);
  if (!prepared) return tl::unexpected<Error>(prepared.error());
  std::vector<RaceCheck> out;
  for (int seed = 1; seed <= seeds; ++seed) {
    StudyOptions own = options;
    own.seed = static_cast<std::uint64_t>(seed);
    own.families = false;
    const auto parts = network_folds(*prepared, kParts, derive_seed(own.seed, "race check"));
    std::vector<bool> held_out;
    for (const int part : parts) held_out.push_back(part == 0);
    const TrainingSet train = take_networks(set, [&](std::size_t n) { return !held_out[n]; });
    const auto side = prepare(train);
    if (!side) return tl::unexpected<Error>(side.error());
    const std::vector<Rows> judged = held_out_rows(*prepared, held_out);
    const auto race = outcome(set, held_out, judged, train, *side, own);
    own.exhaustive = true;
    const auto all = outcome(set, held_out, judged, train, *side, own);
    if (!race || !all) return tl::unexpected<Error>(race ? all.error() : race.error());
    out.push_back(compared(*race, *all));
  }
  return out;
}

Result<std::vector<RaceCheck>> check_race(const RaceOptions& options, session::Listener& listener) {
  const auto task = session::open_training(options.store, options.target, options.catalogue);
  if (!task) return tl::unexpected<Error>(task.error());
  StudyOptions study;
  study.progress = [&](const TrainProgress& progress) {
    listener.progress(double(progress.done) / double(std::max<std::size_t>(progress.total, 1)), progress.what);
  };
  study.stop = [&] { return listener.cancelled(); };
  return check_race(task->measurements.set, options.seeds, study);
}

}  // namespace latcast::experiments
