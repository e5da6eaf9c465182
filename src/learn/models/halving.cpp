#include "learn/models/halving.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <vector>

#include "learn/data/folds.h"
#include "learn/math/cpu_time.h"

namespace latcast::learn {
namespace {

constexpr Eigen::Index kRowsToSearch = 60;
constexpr std::size_t kGroupsToSearch = 4;
constexpr std::size_t kMostRows = 600;  // of a search altogether
constexpr std::size_t kMostPerGroup = 50;

/// Keeps the usual setting unless another is better by more than chance would have it.
constexpr double kUsualBonus = 0.95;

using Indices = std::vector<Eigen::Index>;

/// Evenly over the group, where it has more rows than one group may give.
Indices thinned(const Indices& rows, std::size_t most) {
  if (rows.size() <= most) return rows;
  Indices out;
  for (std::size_t i = 0; i < most; ++i) out.push_back(rows[i * rows.size() / most]);
  return out;
}

/// Rows of each group, groups in an order that only the seed decides.
std::vector<Indices> shuffled_groups(const LogProblem& problem) {
  std::map<int, Indices> rows;
  for (std::size_t i = 0; i < problem.group.size(); ++i) {
    rows[problem.group[i]].push_back(static_cast<Eigen::Index>(i));
  }
  std::vector<std::pair<std::uint64_t, Indices>> keyed;
  for (auto& [group, indices] : rows) {
    keyed.emplace_back(derive_seed(problem.seed, "halving", static_cast<std::uint64_t>(group)), std::move(indices));
  }
  std::ranges::sort(keyed, {}, &std::pair<std::uint64_t, Indices>::first);
  std::vector<Indices> out;
  for (auto& [key, indices] : keyed) out.push_back(std::move(indices));
  return out;
}

/// What is learnt from, group after group, and what is held out.
struct Ground {
  std::vector<Indices> learnt;
  Indices held;

  /// The first groups that have `count` rows together.
  [[nodiscard]] Indices first(std::size_t count) const {
    Indices out;
    for (const Indices& group : learnt) {
      if (out.size() >= count) break;
      out.insert(out.end(), group.begin(), group.end());
    }
    return out;
  }
  [[nodiscard]] std::size_t rows() const {
    return std::accumulate(learnt.begin(), learnt.end(), std::size_t{0},
                           [](std::size_t sum, const Indices& group) { return sum + group.size(); });
  }
};

Ground lay_out(const std::vector<Indices>& groups) {
  const std::size_t most = std::max(kMostPerGroup, kMostRows / groups.size());
  Ground out;
  std::size_t rows = 0;
  for (std::size_t i = 0; i < groups.size() && rows < kMostRows; ++i) {
    Indices group = thinned(groups[i], most);
    rows += group.size();
    if (i % 3 == 1) {
      out.held.insert(out.held.end(), group.begin(), group.end());
    } else {
      out.learnt.push_back(std::move(group));
    }
  }
  return out;
}

/// Weighted mean of |ratio - 1|, each at most 1; infinite where the fit fails.
double error_of(std::size_t setting, const FitSetting& fit, const LogProblem& problem, const Indices& learnt,
                const Indices& held) {
  const RowMatrix features = problem.features(learnt, Eigen::all), judged = problem.features(held, Eigen::all);
  const Eigen::VectorXd target = problem.target(learnt), weight = problem.weight(learnt);
  std::vector<int> group;
  for (const Eigen::Index i : learnt) group.push_back(problem.group[static_cast<std::size_t>(i)]);
  const auto model = fit({features, target, weight, group, problem.seed, Effort::fold}, setting);
  if (!model) return std::numeric_limits<double>::infinity();
  const Eigen::VectorXd off = (*model)->predict(judged) - Eigen::VectorXd(problem.target(held));
  if (!off.allFinite()) return std::numeric_limits<double>::infinity();
  const Eigen::VectorXd ratio = off.unaryExpr([](double x) { return std::min(std::abs(std::expm1(x)), 1.0); });
  const Eigen::VectorXd judge = problem.weight(held);
  return ratio.dot(judge) / judge.sum();
}

/// Each rung has three times the rows of the one before and keeps the better third.
std::size_t search(std::size_t settings, std::size_t usual, const FitSetting& fit, const LogProblem& problem,
                   const Ground& ground) {
  std::vector<std::size_t> left(settings);
  std::iota(left.begin(), left.end(), 0);
  std::size_t share = 1;
  for (std::size_t n = settings; n > 3; n = (n + 2) / 3) share *= 3;
  while (left.size() > 1) {
    const Indices learnt = ground.first((ground.rows() + share - 1) / share);
    std::vector<std::pair<double, std::size_t>> ranked;
    for (const std::size_t setting : left) {
      const double bonus = setting == usual ? kUsualBonus : 1.0;
      ranked.emplace_back(bonus * error_of(setting, fit, problem, learnt, ground.held), setting);
    }
    std::ranges::sort(ranked);
    left.clear();
    for (std::size_t i = 0; i < (ranked.size() + 2) / 3; ++i) left.push_back(ranked[i].second);
    share = std::max<std::size_t>(share / 3, 1);
  }
  return left.front();
}

}  // namespace

std::size_t choose_setting(std::size_t settings, std::size_t usual, const FitSetting& fit, const LogProblem& problem) {
  if (problem.warm != nullptr && problem.warm->size() == 1) {
    return std::min(static_cast<std::size_t>(std::max((*problem.warm)[0], 0.0)), settings - 1);
  }
  if (problem.features.rows() < kRowsToSearch) return usual;
  const CpuMeter meter(problem.search_s);
  const auto groups = shuffled_groups(problem);
  if (groups.size() < kGroupsToSearch) return usual;
  const std::size_t found = search(settings, usual, fit, problem, lay_out(groups));
  if (problem.warm != nullptr) *problem.warm = Eigen::VectorXd::Constant(1, static_cast<double>(found));
  return found;
}

}  // namespace latcast::learn
