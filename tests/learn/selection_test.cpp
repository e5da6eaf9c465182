// Choices under budgets, and a study that is kept in a file.
#include "learn/select/selection.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <numeric>

#include "core/pack_content.h"
#include "learn/forecast_costs.h"
#include "learn/models/fallback.h"
#include "learn/study/study_file.h"
#include "learn/synthetic.h"
#include "learn/train.h"

namespace latcast::learn {
namespace {

struct World {
  std::vector<ModuleType> types;
  TrainingSet set;
  PreparedSet prepared;
  StudyOptions options;
  Study study;
};

const World& world() {
  static const World shared = [] {
    World out;
    test::SyntheticOptions options;
    options.networks = 48;
    options.modules = 25;
    out.types = test::make_types(options.types, options.kernels);
    out.set = test::make_set(out.types, options);
    out.prepared = *prepare(out.set);
    out.options.models = {"base_ridge", "base_gp", "base_gp_small", "base_gbdt_small", "lasso", "constant"};
    out.study = *make_study(out.set, out.prepared, out.options);
    return out;
  }();
  return shared;
}

Selector selector() {
  static const Fallback fallback = fit_fallback(world().set);
  return {world().set, world().prepared, world().study, fallback};
}

TEST(Selector, TighterBudgetsAreKeptAndCostAccuracy) {
  const Selector choose = selector();
  const Choice free = choose.choose({1e9, 1e9}).value_or(Choice{});
  ASSERT_GT(free.module_time_ns, 0.0);
  const Budget least = choose.least();
  double error = 0;
  for (const double part : {1.0, 0.5, 0.2, 0.0}) {
    const double time = 1.001 * least.module_time_ns + part * (free.module_time_ns - least.module_time_ns);
    const Choice choice = choose.choose({time, 1e9}).value_or(Choice{});
    ASSERT_GT(choice.module_time_ns, 0.0);
    EXPECT_LE(choice.module_time_ns, time * 1.0001);
    EXPECT_GE(choice.module_error, 0.97 * error);  // the local search may trade a little
    error = choice.module_error;
  }
  EXPECT_FALSE(choose.choose({0.99 * least.module_time_ns, 1e9}));
  EXPECT_FALSE(choose.choose({1e9, 0.99 * least.form_bytes}));
}

TEST(Selector, NothingIsMoreAccurateThanTheBestOfEachClass) {
  const Selector choose = selector();
  const Choice best = choose.most_accurate();
  for (const char* name : {"base", "base_gp", "lasso"}) EXPECT_LE(best.module_error, choose.only(name).module_error);
  const Choice free = choose.choose({1e9, 1e9}).value_or(Choice{});
  ASSERT_GT(free.network_error, 0.0);
  EXPECT_LE(free.network_error, 1.05 * best.network_error);
}

TEST(Selector, TheFrontIsOne) {
  const auto front = selector().front();
  ASSERT_GE(front.size(), 2U);
  for (std::size_t i = 1; i < front.size(); ++i) {
    EXPECT_GE(front[i].module_time_ns, front[i - 1].module_time_ns);
  }
}

/// Where the cost of Gaussian processes stands.
constexpr std::size_t kProcess = 1 + static_cast<std::size_t>(FormKind::gaussian_process);

TEST(Selector, ALimitOfTimeIsThatOfTheMachineItIsToldOf) {
  const Selector here = selector();
  static const Fallback fallback = fit_fallback(world().set);
  const auto on = [](const FormCosts& costs) {
    return Selector(world().set, world().prepared, world().study, fallback, costs);
  };
  FormCosts twice, slow_processes = kReferenceCosts;
  twice.fill(2);
  slow_processes[kProcess] = 100;
  const Choice free = here.choose({1e9, 1e9}).value_or(Choice{});
  const Choice same = on(twice).choose({1e9, 1e9}).value_or(Choice{});
  EXPECT_EQ(same.candidate, free.candidate);  // the machine matters where a limit does
  EXPECT_NEAR(same.module_time_ns, 2 * free.module_time_ns, 1e-9 * free.module_time_ns);
  const Choice limited = here.choose({0.7 * free.module_time_ns, 1e9}).value_or(Choice{});
  ASSERT_FALSE(limited.candidate.empty());
  EXPECT_EQ(on(twice).choose({1.4 * free.module_time_ns, 1e9}).value_or(Choice{}).candidate, limited.candidate);
  const auto processes = [](const Choice& choice) {
    std::size_t out = 0;
    for (std::size_t k = 0; k < choice.candidate.size(); ++k) {
      const Candidate& one = world().study.classes[k].candidates[static_cast<std::size_t>(choice.candidate[k])];
      out += one.score.name.starts_with("base_gp") ? 1U : 0U;
    }
    return out;
  };
  EXPECT_GT(processes(free), 0U);
  EXPECT_EQ(processes(on(slow_processes).choose({free.module_time_ns, 1e9}).value_or(Choice{})), 0U);
}

TEST(Assemble, SaysWhatForecastsWereTakenToCost) {
  const World& w = world();
  PackBudget budget;
  budget.costs[0] = 1.25;
  const auto pack = assemble(w.set, w.prepared, w.study, untrained(w.types), budget);
  ASSERT_TRUE(pack);
  EXPECT_EQ(find_value(pack->content.info.extras, "forecast_costs"), "1.25 1 1 1 1 1 1 1 1 1 1 1 1 1");
}

TEST(Assemble, ALimitThatNobodyAskedForYieldsToTheQuickestModels) {
  const World& w = world();
  PackBudget budget{.module_time_ns = 1, .time_yields = true};
  EXPECT_TRUE(assemble(w.set, w.prepared, w.study, untrained(w.types), budget));
  budget.time_yields = false;
  EXPECT_FALSE(assemble(w.set, w.prepared, w.study, untrained(w.types), budget));
}

TEST(ForecastCosts, AreTheFactorsThatExplainTheTimes) {
  const World& w = world();
  FormCosts truth;
  truth.fill(0.5);
  truth[kProcess] = 2;
  const auto by_law = [&](const CostProbe& probe) {
    return std::inner_product(truth.begin(), truth.end(), probe.reference_ns.begin(), 0.0);
  };
  EXPECT_EQ(measure_costs(w.set, w.study, w.types, by_law), truth);
}

TEST(ForecastCosts, AreTheReferencesWhereNothingCanBeTimed) {
  EXPECT_EQ(measure_costs({}, {}, world().types), kReferenceCosts);
}

TEST(ForecastCosts, AreTimedOnNetworksOfTheTrainingSet) {
  const World& w = world();
  std::size_t probes = 0;
  const FormCosts costs = measure_costs(w.set, w.study, w.types, [&](const CostProbe& probe) {
    std::vector<ModuleForecast> modules(probe.modules.size());
    EXPECT_TRUE(probe.predictor.forecast_network(probe.modules, modules));
    for (const ModuleForecast& module : modules) EXPECT_EQ(module.status, ForecastStatus::ok);
    ++probes;
    return 1e3;
  });
  EXPECT_GE(probes, 4U);
  for (const double factor : costs) EXPECT_GT(factor, 0);
}

TEST(Assemble, SaysWhatCanBeMet) {
  const World& w = world();
  PackBudget budget;
  budget.module_time_ns = 1e-3;
  const auto slow = assemble(w.set, w.prepared, w.study, untrained(w.types), budget);
  ASSERT_FALSE(slow);
  EXPECT_EQ(slow.error().code, Errc::budget);
  EXPECT_NE(slow.error().context.find("--max-module-time"), std::string::npos);
  budget = {};
  budget.pack_bytes = 100;
  const auto large = assemble(w.set, w.prepared, w.study, untrained(w.types), budget);
  ASSERT_FALSE(large);
  EXPECT_NE(large.error().context.find("--max-pack-size"), std::string::npos);
}

TEST(Assemble, ThePackIsNoLargerThanAsked) {
  const World& w = world();
  const auto free = assemble(w.set, w.prepared, w.study, untrained(w.types), {});
  ASSERT_TRUE(free);
  const double all = static_cast<double>(pack_bytes(free->content).size());
  PackBudget budget;
  budget.pack_bytes = 0.85 * all;
  const auto small = assemble(w.set, w.prepared, w.study, untrained(w.types), budget);
  ASSERT_TRUE(small) << small.error().context;
  EXPECT_LE(static_cast<double>(pack_bytes(small->content).size()), budget.pack_bytes);
}

class StudyFile : public ::testing::Test {
 protected:
  std::filesystem::path path = std::filesystem::path(LATCAST_TEST_SCRATCH) / "study_file_test.models";
  std::uint64_t fingerprint = study_fingerprint(world().set, world().options);
  void SetUp() override { std::filesystem::create_directories(path.parent_path()); }
  void TearDown() override { std::filesystem::remove(path); }
};

TEST_F(StudyFile, GivesTheSamePack) {
  const World& w = world();
  ASSERT_TRUE(write_study(w.study, fingerprint, path));
  const auto kept = read_study(path, fingerprint);
  ASSERT_TRUE(kept) << kept.error().context;
  const auto expected = assemble(w.set, w.prepared, w.study, untrained(w.types), {});
  const auto found = assemble(w.set, w.prepared, *kept, untrained(w.types), {});
  ASSERT_TRUE(expected && found);
  EXPECT_EQ(found->choice.candidate, expected->choice.candidate);
  EXPECT_NEAR(found->content.info.calibration.scale, expected->content.info.calibration.scale, 1e-5);
}

TEST_F(StudyFile, IsRefusedForOtherMeasurements) {
  ASSERT_TRUE(write_study(world().study, fingerprint, path));
  TrainingSet other = world().set;
  other.kernels[0].latency_ns[0] *= 1.5;
  const auto refused = read_study(path, study_fingerprint(other, world().options));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::mismatch);
}

TEST_F(StudyFile, DamageIsNoticed) {
  ASSERT_TRUE(write_study(world().study, fingerprint, path));
  const auto size = std::filesystem::file_size(path);
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(size / 2));
    file.put('!').put('?');
  }
  EXPECT_EQ(read_study(path, fingerprint).error().code, Errc::corrupt);
  std::filesystem::resize_file(path, 3);
  EXPECT_EQ(read_study(path, fingerprint).error().code, Errc::corrupt);
  std::filesystem::resize_file(path, 0);
  EXPECT_EQ(read_study(path, fingerprint).error().code, Errc::corrupt);
  std::filesystem::remove(path);
  EXPECT_EQ(read_study(path, fingerprint).error().code, Errc::not_found);
}

}  // namespace
}  // namespace latcast::learn
