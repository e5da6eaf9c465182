#include "learn/race_check.h"

#include <algorithm>
#include <cmath>

#include "learn/prepared.h"
#include "learn/selection.h"

namespace latcast::learn {
namespace {

/// The name of the class's best candidate that finished the race.
std::string_view winner(const ClassStudy& one) {
  const Candidate* best = nullptr;
  for (const Candidate& candidate : one.candidates) {
    if (!candidate.score.note.empty()) continue;
    if (best == nullptr || candidate.score.error < best->score.error) best = &candidate;
  }
  return best == nullptr ? std::string_view() : std::string_view(best->score.name);
}

/// Per network that counts: what the winners of `race` are off by, judged by `all`'s forecasts.
std::vector<double> errors(const TrainingSet& set, const PreparedSet& prepared, const Study& race, const Study& all) {
  std::vector<double> out(set.networks.size(), 0.0);
  for (std::size_t k = 0; k < prepared.kernels.size(); ++k) {
    const auto& candidates = all.classes[k].candidates;
    const std::string_view name = winner(race.classes[k]);
    const auto judge = std::ranges::find(candidates, name, [](const Candidate& c) { return c.score.name; });
    if (judge == candidates.end()) continue;
    const Rows& rows = prepared.kernels[k].rows;
    for (std::size_t i = 0; i < judge->out_of_fold.size(); ++i) {
      const auto network = static_cast<std::size_t>(rows.group[i]);
      const double truth = rows.latency_ns[static_cast<Eigen::Index>(i)];
      const double off = std::abs(judge->out_of_fold[i].latency_ns - truth);
      out[network] += std::min(off, truth) / set.networks[network].quiet_ns;
    }
  }
  std::vector<double> counted;
  for (std::size_t n = 0; n < out.size(); ++n) {
    if (counts(set.networks[n])) counted.push_back(out[n]);
  }
  return counted;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0.0 : sum / static_cast<double>(values.size());
}

}  // namespace

Result<std::vector<RaceCheck>> check_race(const TrainingSet& set, int seeds, const StudyOptions& options) {
  const auto prepared = prepare(set);
  if (!prepared) return tl::unexpected<Error>(prepared.error());
  std::vector<RaceCheck> out;
  for (int seed = 1; seed <= seeds; ++seed) {
    StudyOptions own = options;
    own.seed = static_cast<std::uint64_t>(seed);
    const Study race = cross_validate(set, *prepared, own);
    own.exhaustive = true;
    const Study all = cross_validate(set, *prepared, own);
    const std::vector<double> raced = errors(set, *prepared, race, all), exhaustive = errors(set, *prepared, all, all);
    RaceCheck check{race.race_cost_s, all.race_cost_s, mean(raced), mean(exhaustive), 0, 0};
    check.difference = check.race_error - check.exhaustive_error;
    double squares = 0;
    for (std::size_t i = 0; i < raced.size(); ++i) squares += std::pow(raced[i] - exhaustive[i] - check.difference, 2);
    const double n = static_cast<double>(std::max<std::size_t>(raced.size(), 2));
    check.standard_error = std::sqrt(squares / (n - 1) / n);
    out.push_back(check);
  }
  return out;
}

}  // namespace latcast::learn
