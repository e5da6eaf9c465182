#include "learn/study/race.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <set>

#include "learn/data/folds.h"
#include "learn/math/cpu_time.h"

namespace latcast::learn {
namespace {

/// A first look costs little: so many rows at most, a quarter of the training side otherwise.
constexpr Eigen::Index kFirstLook = 500;
constexpr Eigen::Index kFirstLookFrom = 300;  // smaller sides are looked at as a whole

/// When a model leaves. `dominated`: another one, no slower and no larger, is better by this factor. `slow`: it is
/// worse than the best by this factor and not among the quick ones. `hopeless`: worse by this factor, however quick.
struct Patience {
  double dominated, slow, hopeless;
};
constexpr Patience kAfterFirstLook = {1.05, 1.15, 4.0};
constexpr Patience kAfterFirstFold = {1.02, 1.05, 3.0};
constexpr Patience kAfterLaterFolds = {1.02, 1.03, 2.5};
constexpr double kQuick_ns = 120.0;  // models that a tight time budget may ask for

/// Models that are good nearly everywhere stay unless they are hopeless here: what a class's samples say against them
/// is often chance, and a selection must be able to fall back on them.
constexpr std::array<std::string_view, 4> kSteady = {"base_gp", "base_mean", "base_blend", "medn"};
bool steady(std::string_view name) { return std::ranges::find(kSteady, name) != kSteady.end(); }

/// A candidate is off the front where another one, no slower and no larger, is better by this factor: less may be luck.
constexpr double kClearlyBetter = 1.03;

struct Contender {
  const RegressionModel* model = nullptr;  // null: joint
  Candidate candidate;
  double seen_error = 0;  // so far
  [[nodiscard]] bool in() const { return candidate.score.note.empty(); }
};

std::size_t distinct_groups(const Rows& rows) { return std::set<int>(rows.group.begin(), rows.group.end()).size(); }

bool may_enter(const RegressionModel& model, const Rows& rows, const RaceOptions& options) {
  if (model.name == kBaseModel) return true;
  if (too_few(rows)) return false;
  return may_compete(model.name, options.models);
}

std::vector<Contender> contenders(const Rows& rows, const RaceOptions& options, std::vector<JointEntry> joint) {
  std::vector<Contender> out;
  for (const RegressionModel& model : regression_models()) {
    if (!may_enter(model, rows, options)) continue;
    Contender one;
    one.model = &model;
    one.candidate.score.name = model.name;
    one.candidate.out_of_fold.resize(static_cast<std::size_t>(rows.size()));
    if (std::ranges::find(options.losers, model.name) != options.losers.end()) {
      one.candidate.score.note = "did not run: it left nearly all of the largest classes' races";
    }
    out.push_back(std::move(one));
  }
  const auto base = std::ranges::find_if(out, [](const Contender& one) { return one.model->name == kBaseModel; });
  std::rotate(out.begin(), base, base + 1);
  for (JointEntry& entry : joint) {
    if (too_few(rows)) break;
    Contender one;
    one.candidate.joint = true;
    one.candidate.score.name = std::move(entry.name);
    one.candidate.score.bytes = entry.bytes;
    one.candidate.score.latency_ns = entry.latency_ns;
    one.candidate.score.note = std::move(entry.failure);
    one.candidate.out_of_fold = std::move(entry.out_of_fold);
    out.push_back(std::move(one));
  }
  return out;
}

/// Some networks' rows, at random, until there are `enough`.
std::vector<Eigen::Index> some_networks(const Rows& rows, std::span<const Eigen::Index> side, Eigen::Index enough,
                                        std::uint64_t seed) {
  std::map<int, std::vector<Eigen::Index>> by_network;
  for (const Eigen::Index row : side) by_network[rows.group[static_cast<std::size_t>(row)]].push_back(row);
  std::vector<int> networks;
  for (const auto& [network, own] : by_network) networks.push_back(network);
  std::mt19937_64 random(seed);
  for (std::size_t i = networks.size(); i > 1; --i) std::swap(networks[i - 1], networks[random() % i]);
  std::vector<Eigen::Index> out;
  for (const int network : networks) {
    if (static_cast<Eigen::Index>(out.size()) >= enough) break;
    out.insert(out.end(), by_network[network].begin(), by_network[network].end());
  }
  std::ranges::sort(out);
  return out;
}

/// Fits those still in to the training rows; forecasts of the test rows per contender, empty for those that are out.
std::vector<std::vector<KernelEstimate>> fit_all(const Rows& train, const Rows& test, const FitOptions& options,
                                                 std::vector<Contender>& all) {
  FitContext context(train, options);
  std::vector<std::vector<KernelEstimate>> out(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    Contender& one = all[i];
    if (one.model == nullptr || !one.in()) continue;
    CandidateScore& score = one.candidate.score;
    const double started = thread_cpu_seconds();
    const auto fit = fit_kernel(*one.model, context);
    score.cost_s += thread_cpu_seconds() - started;
    score.samples_seen += static_cast<std::uint32_t>(train.size());
    if (!fit) {
      score.note = fit.error().context;
      continue;
    }
    score.bytes = fit->bytes;
    score.latency_ns = fit->latency_ns;
    out[i] = forecast(*fit, test);
  }
  return out;
}

/// No slower, and no larger than counts.
bool beats(const CandidateScore& other, const CandidateScore& one) {
  constexpr double kSmall = 20e3;  // bytes: a hundred such classes make a pack of the usual size
  return other.latency_ns <= one.latency_ns && other.bytes <= std::max(one.bytes, kSmall);
}

/// The base stays: it is the last resort. Joint models take no part: they are there already, from all the samples.
void drop(const Patience& patience, const std::string& when, std::vector<Contender>& all) {
  double best = std::numeric_limits<double>::max();
  for (const Contender& one : all) {
    if (one.in() && !one.candidate.joint) best = std::min(best, one.seen_error);
  }
  std::vector<std::size_t> leaving;
  for (std::size_t i = 1; i < all.size(); ++i) {
    const Contender& one = all[i];
    if (!one.in() || one.candidate.joint) continue;
    const bool dominated = std::ranges::any_of(all, [&](const Contender& other) {
      return other.in() && !other.candidate.joint && beats(other.candidate.score, one.candidate.score) &&
             other.seen_error * patience.dominated < one.seen_error;
    });
    const bool slow = one.candidate.score.latency_ns > kQuick_ns && one.seen_error > patience.slow * best;
    const bool loses = !steady(one.candidate.score.name) && (dominated || slow);
    if (loses || one.seen_error > patience.hopeless * best) leaving.push_back(i);
  }
  for (const std::size_t i : leaving) all[i].candidate.score.note = "left " + when;
}

void first_look(const Rows& rows, const Split& sides, const RaceOptions& options, WarmStarts& warm,
                std::vector<Contender>& all) {
  const auto side = static_cast<Eigen::Index>(sides.train.size());
  if (side < kFirstLookFrom) return;
  const auto few = some_networks(rows, sides.train, std::min(side / 4, kFirstLook), options.seed);
  const auto judged = some_networks(rows, sides.test, kFirstLook, options.seed + 1);
  const Rows train = take(rows, few), test = take(rows, judged);
  if (too_few(train) || test.size() == 0) return;
  const FitOptions fit_options{options.seed, Effort::look, {}, &warm};
  const auto forecasts = fit_all(train, test, fit_options, all);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].in() && !all[i].candidate.joint) all[i].seen_error = weighted_error(forecasts[i], test);
  }
  drop(kAfterFirstLook, "after a first look", all);
}

/// The error on the rows of the folds that everyone has done.
double error_so_far(const Contender& one, const Rows& rows, std::span<const int> fold_of_row, int folds_done) {
  std::vector<KernelEstimate> seen = one.candidate.out_of_fold;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (fold_of_row[i] >= folds_done) seen[i] = {};
  }
  return weighted_error(seen, rows);
}

void run_fold(const Rows& rows, const Split& sides, const FitOptions& options, std::vector<Contender>& all) {
  const auto forecasts = fit_all(take(rows, sides.train), take(rows, sides.test), options, all);
  for (std::size_t c = 0; c < all.size(); ++c) {
    for (std::size_t i = 0; i < forecasts[c].size(); ++i) {
      all[c].candidate.out_of_fold[static_cast<std::size_t>(sides.test[i])] = forecasts[c][i];
    }
  }
}

/// Folds of the rows, numbered anew without those that have no row on one of the sides.
std::vector<int> folds_of_rows(const Rows& rows, std::span<const int> fold_of_network, int& folds) {
  std::map<int, int> number;
  std::vector<int> out;
  for (const int network : rows.group) number.emplace(fold_of_network[static_cast<std::size_t>(network)], 0);
  int next = 0;
  for (auto& [fold, own] : number) own = next++;
  for (const int network : rows.group) out.push_back(number[fold_of_network[static_cast<std::size_t>(network)]]);
  folds = next;
  return out;
}

void cross_validate(const Rows& rows, const RaceOptions& options, WarmStarts& warm, std::vector<Contender>& all) {
  int folds = 0;
  const std::vector<int> fold_of_row = folds_of_rows(rows, options.fold_of_network, folds);
  for (int fold = 0; fold < folds; ++fold) {
    Split sides = split(fold_of_row, fold);
    if (folds == 1) sides.train = sides.test;  // one fold only: nothing can be held out
    if (fold == 0 && !options.exhaustive) first_look(rows, sides, options, warm, all);
    const auto seed = options.seed + static_cast<std::uint64_t>(fold);
    run_fold(rows, sides, {seed, Effort::fold, options.prior, &warm}, all);
    if (options.exhaustive || fold + 1 == folds) continue;
    for (Contender& one : all) one.seen_error = error_so_far(one, rows, fold_of_row, fold + 1);
    const std::string when = "after " + std::to_string(fold + 1) + " of " + std::to_string(folds) + " folds";
    drop(fold == 0 ? kAfterFirstFold : kAfterLaterFolds, when, all);
  }
}

}  // namespace

bool too_few(const Rows& rows) { return rows.size() < kFewSamples || distinct_groups(rows) < 3; }

ClassStudy race(const Rows& rows, const RaceOptions& options, std::vector<JointEntry> joint) {
  ClassStudy out;
  std::vector<Contender> all = contenders(rows, options, std::move(joint));
  cross_validate(rows, options, out.warm, all);
  for (Contender& one : all) {
    judge(rows, one.candidate);
    out.candidates.push_back(std::move(one.candidate));
  }
  return out;
}

std::vector<std::string> losers(std::span<const ClassStudy* const> races) {
  std::vector<std::string> out;
  for (const RegressionModel& model : regression_models()) {
    if (!model.costly() || races.empty()) continue;
    const auto finished = std::ranges::count_if(races, [&](const ClassStudy* race) {
      return std::ranges::any_of(race->candidates, [&](const Candidate& one) {
        return one.score.name == model.name && one.score.note.empty();
      });
    });
    if (finished * 5 <= static_cast<std::ptrdiff_t>(races.size())) out.emplace_back(model.name);
  }
  return out;
}

void keep_front(ClassStudy& study) {
  for (Candidate& one : study.candidates) {
    one.score.front = one.score.note.empty();
    if (!one.score.front || steady(one.score.name)) continue;
    for (const Candidate& other : study.candidates) {
      if (&other == &one || !other.score.note.empty() || !beats(other.score, one.score)) continue;
      if (other.score.error * kClearlyBetter < one.score.error) one.score.front = false;
    }
  }
  study.candidates.front().score.front = study.candidates.front().score.note.empty();
  for (Candidate& one : study.candidates) {
    if (!one.score.front) one.out_of_fold = {};
  }
}

void fit_front(const Rows& rows, const RaceOptions& options, ClassStudy& study) {
  FitContext context(rows, {options.seed, Effort::final, options.prior, &study.warm});
  for (Candidate& one : study.candidates) {
    if (!one.score.front || one.joint) continue;
    const double started = thread_cpu_seconds();
    auto fit = fit_kernel(*find_model(one.score.name), context);
    one.score.cost_s += thread_cpu_seconds() - started;
    if (!fit) {
      one.score.note = fit.error().context;
      one.score.front = false;
      continue;
    }
    one.score.bytes = fit->bytes;
    one.score.latency_ns = fit->latency_ns;
    one.fit = std::move(*fit);
  }
}

}  // namespace latcast::learn
