#include "measure/campaign.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "measure/carrier_plan.h"
#include "must.h"

namespace latcast {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::vector<std::string> some_families(std::size_t count) {
  std::vector<std::string> all = families();
  all.resize(std::min(all.size(), count));
  return all;
}

class Campaign : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              ("latcast_campaign_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    options_.budget = 10s;
    options_.config.families = some_families(6);
    options_.config.max_macs = 5e7;
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] Store open() const {
    auto store = Store::create((folder_ / "host.db").string());
    if (!store) throw std::runtime_error(store.error().context);
    return std::move(*store);
  }

  Result<CampaignSummary> run(Worker& worker, const Advisor& advisor = {}) {
    Store store = open();
    const auto target = store.ensure_target({0, "t", "cpu", "", "fake", "1.0", "", {}});
    log_.clear();
    CampaignObserver observer;
    observer.log = [this](const std::string& line) { log_.push_back(line); };
    observer.progress = [this](double fraction, const std::string&) { fractions_.push_back(fraction); };
    observer.interrupted = [this] { return stop_after_ >= 0 && static_cast<int>(fractions_.size()) >= stop_after_; };
    return run_campaign(worker, store, *target, *Catalogue::builtin(), options_, advisor, observer);
  }

  struct Counted {
    std::size_t campaigns = 0, networks = 0, measurements = 0, unmeasured = 0;
    std::set<std::string> names;
    std::vector<std::string> statuses;
    std::int64_t failures = 0;
  };
  [[nodiscard]] Counted count() const {
    Store store = open();
    Counted counted;
    for (const CampaignRecord& campaign : test::must(store.campaigns(1))) {
      ++counted.campaigns;
      counted.statuses.push_back(campaign.status);
      for (const NetworkRecord& network : test::must(store.networks(campaign.id))) {
        ++counted.networks;
        counted.names.insert(network.name);
        const auto measurements = test::must(store.measurements(network.id));
        counted.measurements += measurements.size();
        counted.unmeasured += measurements.empty() ? 1 : 0;
      }
      for (const auto& [message, times] : test::must(store.failures(campaign.id))) counted.failures += times;
    }
    return counted;
  }

  fs::path folder_;
  CampaignOptions options_;
  std::vector<std::string> log_;
  std::vector<double> fractions_;
  int stop_after_ = -1;
};

TEST_F(Campaign, SpendsItsBudgetAndLittleMore) {
  Worker worker("fake", {}, {});
  const Nanos before = worker.now();
  const auto summary = run(worker);
  ASSERT_TRUE(summary.has_value()) << summary.error().context;
  const double spent = (worker.now() - before).count();
  EXPECT_GT(spent, 0.8 * 10e9);
  EXPECT_LT(spent, 1.05 * 10e9);
  EXPECT_NEAR(summary->spent_ns, spent, 1e6);
  EXPECT_FALSE(summary->interrupted);
  EXPECT_GE(summary->rounds, 2);
  EXPECT_EQ(summary->failures, 0);
  const Counted counted = count();
  EXPECT_EQ(counted.measurements, static_cast<std::size_t>(summary->measurements));
  EXPECT_EQ(counted.networks, static_cast<std::size_t>(summary->carriers));
  EXPECT_EQ(counted.statuses, std::vector<std::string>{"finished"});
}

TEST_F(Campaign, KeepsGraphsAndNodesWithEachMeasurement) {
  Worker worker("fake", {}, {});
  ASSERT_TRUE(run(worker).has_value());
  Store store = open();
  for (const NetworkRecord& network : test::must(store.networks(1))) {
    const ExecutedGraph executed = test::must(read_executed_graph(network.executed));
    for (const MeasurementRecord& measurement : test::must(store.measurements(network.id))) {
      EXPECT_EQ(measurement.nodes_ns.size(), executed.order.size());
      EXPECT_GE(measurement.runs_ns.size(), 4U);
      EXPECT_TRUE(std::ranges::all_of(measurement.nodes_ns, [](std::int64_t time) { return time > 0; }));
      EXPECT_GT(measurement.started_unix_ms, 0);
    }
  }
}

TEST_F(Campaign, AFaultCostsOneSampleAndALine) {
  for (const char* behaviour : {"abort=7", "refuse=7"}) {
    TearDown();
    SetUp();
    Worker worker("fake", {behaviour, 1}, {std::chrono::milliseconds(10000), 0});
    const auto summary = run(worker);
    ASSERT_TRUE(summary.has_value()) << summary.error().context;
    EXPECT_GT(summary->failures, 0);
    EXPECT_GT(summary->measurements, 4 * summary->failures);
    EXPECT_EQ(count().failures, summary->failures);
    EXPECT_EQ(static_cast<int>(std::ranges::count_if(
                  log_, [](const std::string& line) { return contains(line, "was not measured: "); })),
              summary->failures);
  }
}

TEST_F(Campaign, AHangCostsOneSample) {
  options_.budget = 5s;
  Worker worker("fake", {"hang=9", 1}, {std::chrono::milliseconds(300), 0});
  const auto summary = run(worker);
  ASSERT_TRUE(summary.has_value()) << summary.error().context;
  EXPECT_GT(summary->failures, 0);
  EXPECT_GT(summary->measurements, 4 * summary->failures);
}

TEST_F(Campaign, AnEngineThatNeverWorksIsGivenUp) {
  Worker worker("fake", {"refuse=1", 1}, {});
  const auto summary = run(worker);
  ASSERT_FALSE(summary.has_value());
  EXPECT_EQ(summary.error().code, Errc::engine_failure);
  EXPECT_TRUE(contains(summary.error().context, "carriers all failed")) << summary.error().context;
}

TEST_F(Campaign, AnInterruptKeepsWhatWasMeasuredAndResumeGoesOn) {
  Worker worker("fake", {}, {});
  stop_after_ = 7;
  const auto first = run(worker);
  ASSERT_TRUE(first.has_value()) << first.error().context;
  EXPECT_TRUE(first->interrupted);
  const Counted interrupted = count();
  EXPECT_EQ(interrupted.measurements, 7U);
  EXPECT_EQ(interrupted.statuses, std::vector<std::string>{"interrupted"});
  stop_after_ = -1;
  options_.resume = true;
  const Nanos before = worker.now();
  const auto second = run(worker);
  ASSERT_TRUE(second.has_value()) << second.error().context;
  EXPECT_LT((worker.now() - before).count(), 1.05 * 10e9 - first->spent_ns);
  EXPECT_TRUE(contains(log_.front(), "resuming campaign 1")) << log_.front();
  const Counted counted = count();
  EXPECT_EQ(counted.campaigns, 1U);
  EXPECT_EQ(counted.statuses, std::vector<std::string>{"finished"});
  EXPECT_EQ(counted.names.size(), counted.networks) << "a carrier was planned twice";
  EXPECT_EQ(counted.measurements, 7U + static_cast<std::size_t>(second->measurements));
  EXPECT_EQ(counted.unmeasured, 0U);
}

TEST_F(Campaign, ResumingGivesTheCarriersOfOneThatWasNotStopped) {
  Worker whole("fake", {}, {});
  ASSERT_TRUE(run(whole).has_value());
  const std::set<std::string> names = count().names;
  TearDown();
  SetUp();
  Worker worker("fake", {}, {});
  stop_after_ = 5;
  ASSERT_TRUE(run(worker).has_value());
  stop_after_ = -1;
  options_.resume = true;
  options_.seed = 99;  // the plan is the interrupted campaign's, whatever is said now
  options_.config = {};
  ASSERT_TRUE(run(worker).has_value());
  const std::set<std::string> resumed = count().names;
  // What was interrupted may reach a little less or further; it goes nowhere else.
  const std::set<std::string>& larger = resumed.size() > names.size() ? resumed : names;
  const std::set<std::string>& smaller = resumed.size() > names.size() ? names : resumed;
  EXPECT_GT(smaller.size(), 5U);
  EXPECT_TRUE(std::ranges::includes(larger, smaller));
}

TEST_F(Campaign, ThereMayBeNothingToResume) {
  Worker worker("fake", {}, {});
  options_.resume = true;
  const auto summary = run(worker);
  ASSERT_FALSE(summary.has_value());
  EXPECT_TRUE(contains(summary.error().context, "leave --resume out")) << summary.error().context;
}

TEST_F(Campaign, ASecondOneIsAdded) {
  Worker worker("fake", {}, {});
  ASSERT_TRUE(run(worker).has_value());
  const Counted once = count();
  options_.seed = 2;
  const auto second = run(worker);
  ASSERT_TRUE(second.has_value());
  const Counted twice = count();
  EXPECT_EQ(twice.campaigns, 2U);
  EXPECT_EQ(twice.measurements, once.measurements + static_cast<std::size_t>(second->measurements));
}

TEST_F(Campaign, CarriersOfAnEarlierOneAreMeasuredAgainFirst) {
  options_.budget = 60s;
  Worker worker("fake", {}, {});
  ASSERT_TRUE(run(worker).has_value());
  {
    Store store = open();
    options_.again = test::must(store.networks(1));
  }
  options_.again.resize(8);
  options_.seed = 2;
  const auto second = run(worker);
  ASSERT_TRUE(second.has_value()) << second.error().context;
  EXPECT_EQ(second->again, 8);
  EXPECT_GT(second->carriers, 24);
  Store store = open();
  std::map<std::string, std::size_t> rounds;
  for (const NetworkRecord& network : test::must(store.networks(2))) {
    const std::size_t measured = test::must(store.measurements(network.id)).size();
    if (network.plan_index < 0) {
      rounds[network.skeleton] = measured;
    } else {
      EXPECT_FALSE(rounds.contains(network.skeleton)) << network.name;
    }
  }
  ASSERT_EQ(rounds.size(), 8U);
  for (const NetworkRecord& known : options_.again) {
    ASSERT_TRUE(rounds.contains(known.skeleton)) << known.name;
    EXPECT_GE(rounds[known.skeleton], 2U) << known.name;
  }
}

TEST_F(Campaign, ACarrierIsPlannedOnceThoughItIsMeasuredAgain) {
  options_.budget = 60s;
  Worker worker("fake", {}, {});
  ASSERT_TRUE(run(worker).has_value());
  {
    Store store = open();
    options_.again = test::must(store.networks(1));
  }
  options_.again.resize(8);
  ASSERT_TRUE(run(worker).has_value());  // the same plan
  Store store = open();
  std::set<std::string> skeletons;
  const auto networks = test::must(store.networks(2));
  for (const NetworkRecord& network : networks) skeletons.insert(network.skeleton);
  EXPECT_EQ(skeletons.size(), networks.size());
}

TEST_F(Campaign, ResumingCountsOnlyWhatWasPlanned) {
  options_.budget = 60s;
  Worker worker("fake", {}, {});
  ASSERT_TRUE(run(worker).has_value());
  {
    Store store = open();
    options_.again = test::must(store.networks(1));
  }
  options_.again.resize(6);
  options_.seed = 2;
  fractions_.clear();
  stop_after_ = 9;
  ASSERT_TRUE(run(worker).has_value());
  stop_after_ = -1;
  options_.resume = true;
  const auto resumed = run(worker);
  ASSERT_TRUE(resumed.has_value()) << resumed.error().context;
  EXPECT_EQ(resumed->again, 6);
  Store store = open();
  std::set<int> planned;
  for (const NetworkRecord& network : test::must(store.networks(2))) planned.insert(network.plan_index);
  EXPECT_EQ(*planned.begin(), -6);
  EXPECT_EQ(*planned.rbegin() + 1, resumed->carriers - 6);
}

TEST_F(Campaign, ShortBudgetsPlanNothingTheyCannotMeasure) {
  options_.budget = 1ms;
  Worker worker("fake", {}, {});
  const auto summary = run(worker);
  ASSERT_TRUE(summary.has_value());
  EXPECT_EQ(summary->measurements, 0);
}

TEST_F(Campaign, AsksAnAdvisorAndFollowsIt) {
  options_.config.adaptive_share = 0.5;
  const std::string wanted = families().back();
  int asked = 0;
  const Advisor advisor = [&](Store&, std::int64_t) {
    ++asked;
    return std::vector<std::pair<std::string, double>>{{wanted, 1.0}};
  };
  Worker worker("fake", {}, {});
  ASSERT_TRUE(run(worker, advisor).has_value());
  EXPECT_EQ(asked, 1);
  Store store = open();
  int adaptive = 0;
  for (const NetworkRecord& network : test::must(store.networks(1))) {
    EXPECT_EQ(network.adaptive, network.family == wanted) << network.name;
    adaptive += network.adaptive ? 1 : 0;
  }
  EXPECT_GT(adaptive, 0);
}

TEST_F(Campaign, OfAnEngineThatTellsNothingKeepsTotalsAndWhatTheModelsHave) {
  Worker worker("fake", {.library = "graph=none,times=none"}, {});
  ASSERT_TRUE(run(worker).has_value());
  Store store = open();
  for (const NetworkRecord& network : test::must(store.networks(1))) {
    for (const MeasurementRecord& one : test::must(store.measurements(network.id))) {
      EXPECT_EQ(network.executed, write_executed_graph(test::must(read_executed_graph(network.skeleton))));
      EXPECT_FALSE(one.runs_ns.empty());
      EXPECT_TRUE(one.nodes_ns.empty());
    }
  }
}

TEST_F(Campaign, TakesWhatIsExecutedFromWhoDeducesItWhereTheEngineDoesNotTell) {
  options_.executed = [](const onnx::Model& model) {
    auto graph = executed_as_is(model, {});
    graph->kernels.assign(graph->order.size(), "deduced");
    return graph;
  };
  Worker worker("fake", {.library = "graph=none"}, {});
  ASSERT_TRUE(run(worker).has_value());
  Store store = open();
  for (const NetworkRecord& network : test::must(store.networks(1))) {
    if (test::must(store.measurements(network.id)).empty()) continue;
    EXPECT_EQ(test::must(read_executed_graph(network.executed)).kernels.front(), "deduced");
  }
}

// ---- the plan

TEST(CampaignPlan, TellsWhatWouldBeMeasured) {
  CampaignOptions options;
  options.budget = 2min;
  const auto catalogue = Catalogue::builtin();
  const CampaignPlan plan = plan_campaign(*catalogue, options);
  EXPECT_GT(plan.carriers, 10);
  EXPECT_EQ(plan.rounds, 2);
  EXPECT_LE(plan.expected_ns, 120e9);
  EXPECT_GT(plan.expected_ns, 60e9);
  int carriers = 0;
  for (const PlanLine& line : plan.lines) carriers += line.carriers;
  EXPECT_EQ(carriers, plan.carriers);
  options.budget = 10min;
  EXPECT_GT(plan_campaign(*catalogue, options).carriers, plan.carriers);
  EXPECT_EQ(plan_campaign(*catalogue, options, [] { return true; }).carriers, 0);
}

TEST(CampaignPlan, OfABudgetThatNobodyHasIsToldFromItsBeginning) {
  CampaignOptions options;
  options.config.max_macs = 5e7;
  options.budget = 500h;
  const auto catalogue = Catalogue::builtin();
  const CampaignPlan plan = plan_campaign(*catalogue, options);
  EXPECT_NEAR(plan.expected_ns, options.budget.count(), 1e-6 * options.budget.count());
  EXPECT_GT(plan.carriers, 500'000);
  int carriers = 0;
  for (const PlanLine& line : plan.lines) carriers += line.carriers;
  EXPECT_EQ(carriers, plan.carriers);
}

TEST(CampaignPlan, IsTheSameForTheSameSeed) {
  const auto catalogue = Catalogue::builtin();
  CampaignOptions options;
  options.config.max_macs = 5e7;
  const CarrierPlan one(*catalogue, options);
  const CarrierPlan same(*catalogue, options);
  options.seed = 2;
  const CarrierPlan other(*catalogue, options);
  int differing = 0;
  for (std::size_t index = 0; index < 12; ++index) {
    EXPECT_EQ(one.make(index).name, same.make(index).name);
    differing += one.make(index).name != other.make(index).name ? 1 : 0;
  }
  EXPECT_GT(differing, 0);
}

TEST(CampaignPlan, KeepsToTheFamiliesAsked) {
  const auto catalogue = Catalogue::builtin();
  CampaignOptions options;
  options.config.families = {families()[1]};
  options.config.max_macs = 5e7;
  options.config.module_share = 0;
  const CarrierPlan plan(*catalogue, options);
  for (std::size_t index = 0; index < 6; ++index) EXPECT_EQ(plan.make(index).family, families()[1]);
}

TEST(CampaignPlan, KeepsToTheModuleTypesAsked) {
  const auto catalogue = Catalogue::builtin();
  CampaignOptions options;
  options.config.max_macs = 5e7;
  options.config.families = {"module:lrn"};
  for (const double share : {0.0, 0.5}) {  // nothing else is asked for
    options.config.module_share = share;
    const CarrierPlan plan(*catalogue, options);
    for (std::size_t index = 0; index < 6; ++index) EXPECT_EQ(plan.make(index).family, "module:lrn");
  }
  options.config.families.push_back(families()[1]);
  const CarrierPlan both(*catalogue, options);
  for (std::size_t index = 0; index < 6; ++index)
    EXPECT_EQ(both.make(index).family, index % 2 == 1 ? "module:lrn" : families()[1]);
  options.config.families = {"module:none"};
  EXPECT_TRUE(CarrierPlan(*catalogue, options).empty());
}

TEST(CampaignPlan, ModuleCarriersGetTheirShare) {
  const auto catalogue = Catalogue::builtin();
  CampaignOptions options;
  options.config.max_macs = 5e7;
  options.config.module_share = 0.5;
  const CarrierPlan plan(*catalogue, options);
  int modules = 0;
  for (std::size_t index = 0; index < 20; ++index) modules += plan.make(index).family.starts_with("module:") ? 1 : 0;
  EXPECT_EQ(modules, 10);
}

TEST(CampaignPlan, EveryTypeIsMadeBeforeAnyComesAgain) {
  const Catalogue catalogue = test::must(Catalogue::builtin());
  CampaignOptions options;
  options.config.max_macs = 5e7;
  options.config.module_share = 1;
  const CarrierPlan plan(catalogue, options);
  const auto types = static_cast<std::size_t>(
      std::ranges::count_if(catalogue.types(), [](const ModuleType& type) { return type.build.has_value(); }));
  std::set<std::string> made;
  for (std::size_t index = 0; index < types; ++index) made.insert(plan.make(index).family);
  EXPECT_EQ(made.size(), types);
}

TEST(CampaignPlan, TellsWhichTypesNoCarrierHad) {
  const Catalogue catalogue = test::must(Catalogue::builtin());
  const CarrierPlan plan(catalogue, {});
  const auto none = plan.unreached({});
  EXPECT_NE(std::ranges::find(none, "lrn"), none.end());
  EXPECT_EQ(std::ranges::find(none, "view"), none.end());  // no carriers are made of it
  EXPECT_EQ(plan.unreached({{"", "LRN"}}).size(), none.size() - 1);
}

TEST(CampaignPlan, RareModulesOfLikedNetworksComeFirst) {
  const Catalogue catalogue = test::must(Catalogue::builtin());
  CampaignOptions options;
  const auto carriers_with_lrn = [&] {
    const CarrierPlan plan(catalogue, options);
    int count = 0;
    for (std::size_t i = 0; i < 60; ++i) count += plan.make(i).family == "module:lrn" ? 1 : 0;
    return count;
  };
  const int usual = carriers_with_lrn();
  onnx::Node node;
  node.op = "LRN";
  options.like.emplace_back().graph.nodes.push_back(node);
  EXPECT_LE(usual, 1);
  EXPECT_EQ(carriers_with_lrn(), 3);
}

TEST(CampaignPlan, IsPulledTowardsNetworksThatAreLiked) {
  const auto catalogue = Catalogue::builtin();
  CampaignOptions options;
  options.config.max_macs = 5e7;
  options.config.module_share = 0;
  const auto share_of = [&](const std::string& family) {
    const CarrierPlan plan(*catalogue, options);
    int found = 0;
    for (std::size_t index = 0; index < 160; ++index) found += plan.make(index).family == family ? 1 : 0;
    return found;
  };
  const std::string family = families().front();
  const int before = share_of(family);
  for (std::uint64_t seed = 100; seed < 103; ++seed)
    options.like.push_back(make_carrier(family, seed, {.max_macs = 5e7}).model);
  EXPECT_GT(share_of(family), before);
}

// ---- campaign.toml

class CampaignConfigFile : public testing::Test {
 protected:
  void TearDown() override { fs::remove(file_); }
  Result<CampaignConfig> read(const std::string& text) const {
    std::ofstream(file_) << text;
    return read_campaign_config(file_.string(), test::must(Catalogue::builtin()));
  }
  std::string problem_of(const std::string& text) const {
    const auto config = read(text);
    EXPECT_FALSE(config.has_value()) << text;
    if (config) return "";
    EXPECT_EQ(config.error().code, Errc::invalid_input);
    EXPECT_TRUE(contains(config.error().context, file_.string())) << config.error().context;
    return config.error().context;
  }
  fs::path file_ = fs::path(testing::TempDir()) /
                   ("campaign_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) + ".toml");
};

TEST_F(CampaignConfigFile, ReadsWhatIsSetAndKeepsTheRest) {
  const auto config =
      read("families = [\"" + families()[0] +
           "\"]\nrounds = 4\nmax_macs = 1e9\nburst_ms = 20\nprofile_ms = 30\nmodule_share = 0.2\nadaptive_share = 0\n");
  ASSERT_TRUE(config.has_value()) << config.error().context;
  EXPECT_EQ(config->families, std::vector<std::string>{families()[0]});
  EXPECT_EQ(config->rounds, 4);
  EXPECT_EQ(config->max_macs, 1e9);
  EXPECT_EQ(config->burst, Nanos(20e6));
  EXPECT_EQ(config->profile, Nanos(30e6));
  EXPECT_EQ(config->module_share, 0.2);
  EXPECT_EQ(config->adaptive_share, 0);
  EXPECT_EQ(config->max_weight_bytes, CampaignConfig().max_weight_bytes);
  EXPECT_TRUE(read("").has_value());
}

TEST_F(CampaignConfigFile, AMisspeltKeyIsAnErrorWithASuggestion) {
  const std::string problem = problem_of("rounds = 3\nmax_mac = 1e9\n");
  EXPECT_TRUE(contains(problem, ":2: unknown key 'max_mac'; did you mean 'max_macs'?")) << problem;
}

TEST_F(CampaignConfigFile, AMisspeltFamilyIsAnErrorWithASuggestion) {
  const std::string problem = problem_of("families = [\"" + families()[0] + "x\"]\n");
  EXPECT_TRUE(contains(problem, "did you mean '" + families()[0] + "'?")) << problem;
  problem_of("families = [3]\n");
  problem_of("families = \"all\"\n");
}

TEST_F(CampaignConfigFile, ModuleTypesThatCanBeBuiltAreFamilies) {
  EXPECT_TRUE(read("families = [\"module:lrn\"]\n").has_value());
  const std::string problem = problem_of("families = [\"module:lm\"]\n");
  EXPECT_TRUE(contains(problem, "did you mean 'module:lrn'?")) << problem;
  problem_of("families = [\"module:mobile_conv2d\"]\n");  // of tables
}

TEST_F(CampaignConfigFile, NonsensicalValuesAreErrors) {
  for (const char* text :
       {"rounds = -1", "rounds = 1e9", "rounds = \"three\"", "rounds = nan", "max_macs = 0", "max_macs = -5",
        "max_macs = inf", "max_weight_bytes = 1", "burst_ms = 0", "burst_ms = -3", "profile_ms = 1e9",
        "module_share = 1.5", "module_share = -0.1", "adaptive_share = 1", "rounds ="}) {
    EXPECT_TRUE(contains(problem_of(text), ":1: ")) << text;
  }
}

TEST_F(CampaignConfigFile, AMissingFileIsNamed) {
  const auto config = read_campaign_config("/nonexistent/campaign.toml", Catalogue());
  ASSERT_FALSE(config.has_value());
  EXPECT_TRUE(contains(config.error().context, "/nonexistent/campaign.toml"));
}

}  // namespace
}  // namespace latcast
