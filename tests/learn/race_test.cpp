// The race of regression models: who wins, who leaves, and that nothing of the test side is used.
#include "learn/study/race.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "learn/data/folds.h"
#include "learn/synthetic.h"

namespace latcast::learn {
namespace {

using test::one_kernel;
using test::synthetic_rows;

std::vector<int> folds_of(int networks) {
  std::vector<int> out;
  for (int i = 0; i < networks; ++i) out.push_back(i % 4);
  return out;
}

struct Raced {
  ClassStudy study;
  const Candidate* best = nullptr;
};

/// Quick models only, unless others are named.
Raced raced(const Rows& rows, std::vector<std::string> models = {"base_ridge", "base_gp", "base_gbdt", "ridge", "knn"},
            bool exhaustive = false) {
  const std::vector<int> folds = folds_of(*std::ranges::max_element(rows.group) + 1);
  RaceOptions options;
  options.fold_of_network = folds;
  options.models = std::move(models);
  options.exhaustive = exhaustive;
  Raced out;
  out.study = race(rows, options);
  keep_front(out.study);
  fit_front(rows, options, out.study);
  for (const Candidate& one : out.study.candidates) {
    if (one.fit && (out.best == nullptr || one.score.error < out.best->score.error)) out.best = &one;
  }
  return out;
}

/// None, and a failure, where nobody won.
std::vector<KernelEstimate> best_forecasts(const Raced& found, const Rows& rows) {
  if (found.best == nullptr || !found.best->fit) {
    ADD_FAILURE() << "no candidate has a fit";
    return {};
  }
  return forecast(*found.best->fit, rows);
}

TEST(Race, ALinearLawIsLearntToItsNoise) {
  auto options = one_kernel(60, 1);
  options.law = [](const test::Work& w, int) { return 0.05 * w.macs() + 0.3 * w.elements() + 2000; };
  options.module_noise = 0.02;
  EXPECT_LT(raced(synthetic_rows(options)).best->score.error, 0.022);  // the mean of |N(0, 0.02)| is 0.016
}

TEST(Race, AStaircaseIsLearnt) {
  const Raced found = raced(synthetic_rows(one_kernel(100, 1)));
  EXPECT_LT(found.best->score.error, 0.045);
  EXPECT_LT(found.best->score.error, 0.9 * found.study.candidates.front().score.error);
}

TEST(Race, OutliersDoNotSpoilIt) {
  auto options = one_kernel(80, 1);
  const Raced clean = raced(synthetic_rows(options));
  options.outliers = 0.03;
  const Raced dirty = raced(synthetic_rows(options));
  options.outliers = 0;
  options.seed = 9;
  const Rows other = synthetic_rows(options);
  EXPECT_LT(weighted_error(best_forecasts(dirty, other), other),
            1.35 * weighted_error(best_forecasts(clean, other), other));
}

TEST(Race, FewSamplesGetTheBase) {
  auto options = one_kernel(5, 1);
  options.modules = 3;
  const Rows rows = synthetic_rows(options);
  ASSERT_TRUE(too_few(rows));
  const Raced found = raced(rows);
  EXPECT_EQ(found.best->score.name, kBaseModel);
  EXPECT_EQ(found.study.candidates.size(), 1U);
}

TEST(Race, OneSampleIsEnoughNotToCrash) {
  Rows rows = synthetic_rows(one_kernel(5, 1));
  const std::vector<Eigen::Index> first = {0};
  rows = take(rows, first);
  const Raced found = raced(rows);
  EXPECT_NEAR(best_forecasts(found, rows).at(0).latency_ns / rows.latency_ns[0], 1.0, 0.1);
}

TEST(Race, EveryRowIsForecastWithoutItsNetwork) {
  const Rows rows = synthetic_rows(one_kernel(40, 1));
  const Raced found = raced(rows);
  ASSERT_EQ(found.best->out_of_fold.size(), static_cast<std::size_t>(rows.size()));
  for (const KernelEstimate& estimate : found.best->out_of_fold) EXPECT_GT(estimate.latency_ns, 0);
}

/// What is forecast of a row must not depend on its own latency.
TEST(Race, ARowIsNotForecastFromItself) {
  Rows rows = synthetic_rows(one_kernel(60, 1));
  const std::vector<int> folds = folds_of(60);
  RaceOptions options;
  options.fold_of_network = folds;
  options.models = {"lookup", "base_ridge"};
  options.exhaustive = true;
  const ClassStudy before = race(rows, options);
  rows.latency_ns[7] *= 100;
  const ClassStudy after = race(rows, options);
  for (std::size_t c = 0; c < before.candidates.size(); ++c) {
    EXPECT_EQ(after.candidates[c].out_of_fold[7].latency_ns, before.candidates[c].out_of_fold[7].latency_ns)
        << before.candidates[c].score.name;
  }
}

TEST(Race, LosersLeaveEarlyAndCostLess) {
  const Rows rows = synthetic_rows(one_kernel(120, 1));
  const Raced quick = raced(rows), all = raced(rows, {"base_ridge", "base_gp", "base_gbdt", "ridge", "knn"}, true);
  double seen_quick = 0, seen_all = 0;
  for (const Candidate& one : quick.study.candidates) seen_quick += one.score.samples_seen;
  for (const Candidate& one : all.study.candidates) seen_all += one.score.samples_seen;
  EXPECT_LT(seen_quick, 0.8 * seen_all);
  EXPECT_LT(quick.best->score.error, 1.05 * all.best->score.error);
  const auto left = [](const Candidate& one) { return one.score.note.starts_with("left "); };
  EXPECT_TRUE(std::ranges::any_of(quick.study.candidates, left));
  EXPECT_TRUE(std::ranges::none_of(all.study.candidates, left));
}

TEST(Race, TheFrontHasNobodyBeaten) {
  const Raced found = raced(synthetic_rows(one_kernel(80, 1)));
  for (const Candidate& one : found.study.candidates) {
    if (!one.score.front) {
      EXPECT_TRUE(one.out_of_fold.empty());
      continue;
    }
    for (const Candidate& other : found.study.candidates) {
      if (&one == &other || !other.score.front || &one == &found.study.candidates.front()) continue;
      EXPECT_FALSE(other.score.error < one.score.error && other.score.latency_ns < one.score.latency_ns &&
                   other.score.bytes < one.score.bytes)
          << one.score.name << " is beaten by " << other.score.name;
    }
  }
}

TEST(Race, AModelThatFailsIsOutWithItsReason) {
  Rows rows = synthetic_rows(one_kernel(40, 1));
  rows.features.resize(rows.size(), 0);  // nothing to learn from but the base's terms
  rows.logs.resize(rows.size(), 0);
  const Raced found = raced(rows);
  EXPECT_EQ(found.best->score.name, kBaseModel);
  for (const Candidate& one : found.study.candidates) EXPECT_TRUE(one.fit || !one.score.note.empty()) << one.score.name;
}

TEST(StratifiedFolds, SpreadEveryClass) {
  std::vector<std::vector<int>> classes;
  for (int network = 0; network < 60; ++network) {
    classes.push_back({0, 0, 1});
    if (network % 7 == 0) classes.back().push_back(2);  // a rare class
  }
  const auto folds = stratified_folds(classes, 3, 1);
  std::vector<int> rare(3, 0), all(3, 0);
  for (std::size_t network = 0; network < classes.size(); ++network) {
    ++all[static_cast<std::size_t>(folds[network])];
    rare[static_cast<std::size_t>(folds[network])] += network % 7 == 0 ? 1 : 0;
  }
  for (int fold = 0; fold < 3; ++fold) {
    EXPECT_NEAR(all[static_cast<std::size_t>(fold)], 20, 3);
    EXPECT_EQ(rare[static_cast<std::size_t>(fold)], 3);
  }
}

/// A race in which these models came to the end and these left.
ClassStudy race_with(const std::vector<std::string>& finished, const std::vector<std::string>& left) {
  ClassStudy out;
  for (const std::string& name : finished) out.candidates.emplace_back().score.name = name;
  for (const std::string& name : left) {
    Candidate& one = out.candidates.emplace_back();
    one.score.name = name;
    one.score.note = "left after a first look";
  }
  return out;
}

TEST(Race, LosersAreCostlyModelsThatHardlyEverComeToTheEnd) {
  const ClassStudy usual = race_with({"base_gp"}, {"mlp", "forest", "knn"});
  const ClassStudy forest = race_with({"base_gp", "forest"}, {"mlp", "knn"});
  std::vector<const ClassStudy*> races(10, &usual);
  EXPECT_EQ(losers(std::vector<const ClassStudy*>()), std::vector<std::string>());
  races[0] = races[1] = &forest;  // twice in ten is not enough
  const auto once = losers(races);
  EXPECT_TRUE(std::ranges::count(once, "mlp") == 1 && std::ranges::count(once, "forest") == 1);
  EXPECT_TRUE(std::ranges::count(once, "knn") == 0 && std::ranges::count(once, "base_gp") == 0);
  races[2] = &forest;
  EXPECT_EQ(std::ranges::count(losers(races), "forest"), 0);
}

TEST(Race, LosersOfOtherClassesDoNotRunAndSayWhy) {
  const Rows rows = synthetic_rows(one_kernel(30, 1));
  const std::vector<int> folds = folds_of(*std::ranges::max_element(rows.group) + 1);
  RaceOptions options;
  options.fold_of_network = folds;
  options.models = {"base_ridge", "forest"};
  options.losers = {"forest"};
  const ClassStudy study = race(rows, options);
  const auto forest = std::ranges::find(study.candidates, "forest", [](const Candidate& c) { return c.score.name; });
  ASSERT_NE(forest, study.candidates.end());
  EXPECT_NE(forest->score.note.find("did not run"), std::string::npos);
  EXPECT_EQ(forest->score.samples_seen, 0U);
}

}  // namespace
}  // namespace latcast::learn
