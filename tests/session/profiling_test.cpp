#include "session/profiling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>

#include "learn/data/dataset.h"
#include "learn/train.h"
#include "must.h"
#include "scratch.h"

namespace latcast::session {
namespace {

using test::must;
using namespace std::chrono_literals;

class Log : public Listener {
 public:
  void note(std::string_view text) override { lines.emplace_back(text); }
  void progress(double, std::string_view) override { ++steps; }
  [[nodiscard]] bool cancelled() const override { return stop_after >= 0 && steps >= stop_after; }
  std::vector<std::string> lines;
  int steps = 0, stop_after = -1;
};

class Profiling : public test::ScratchTest {
 protected:
  void SetUp() override {
    ScratchTest::SetUp();
    options_.engine = "fake";
    options_.db = at("host.db");
    options_.config = put("campaign.toml", "max_macs = 5e7\n");
    options_.budget = 10s;
  }

  CampaignSummary run() {
    log_ = {};
    return must(profile(options_, log_));
  }
  [[nodiscard]] std::vector<CampaignRecord> campaigns() const {
    return must(must(Store::open_read_only(options_.db)).campaigns(1));
  }
  [[nodiscard]] std::set<std::string> names(std::int64_t campaign) const {
    Store store = must(Store::open_read_only(options_.db));
    std::set<std::string> out;
    for (const NetworkRecord& network : must(store.networks(campaign))) {
      if (network.plan_index >= 0) out.insert(network.name);
    }
    return out;
  }
  [[nodiscard]] learn::Dataset load() const {
    Store store = must(Store::open_read_only(options_.db));
    return must(learn::load_dataset(store, 1, *Catalogue::builtin()));
  }
  /// Cross-validated error of whole networks of a pack trained on the store.
  [[nodiscard]] double trained_error() const {
    learn::TrainOptions options;
    options.study.models = {"base_ridge"};
    options.study.families = false;
    return must(learn::train(load().samples, Catalogue::builtin()->types(), options)).info.training.error;
  }

  ProfileOptions options_;
  Log log_;
};

TEST_F(Profiling, EachCampaignHasCarriersOfItsOwn) {
  const CampaignSummary first = run();
  const CampaignSummary second = run();
  EXPECT_NE(first.seed, second.seed);
  ASSERT_EQ(campaigns().size(), 2U);
  EXPECT_EQ(campaigns()[0].seed, first.seed);
  EXPECT_EQ(campaigns()[1].seed, second.seed);
  for (const std::string& name : names(2)) EXPECT_FALSE(names(1).contains(name)) << name;
  EXPECT_EQ(log_.lines.front(), "seed " + std::to_string(second.seed));
}

TEST_F(Profiling, ASeedThatIsGivenHolds) {
  options_.seed = 7;
  EXPECT_EQ(run().seed, 7U);
  EXPECT_EQ(must(plan(options_, log_)).seed, 7U);
  options_.seed.reset();
  EXPECT_NE(must(plan(options_, log_)).seed, must(plan(options_, log_)).seed);
}

TEST_F(Profiling, ResumingGoesOnWithTheSeedThatWasDrawn) {
  log_.stop_after = 3;
  const auto first = must(profile(options_, log_));
  EXPECT_TRUE(first.interrupted);
  options_.resume = true;
  options_.budget = Nanos(0);
  const auto second = run();
  EXPECT_EQ(second.campaign, first.campaign);
  EXPECT_EQ(second.seed, first.seed);
  EXPECT_FALSE(second.interrupted);
}

TEST_F(Profiling, ASecondCampaignIsTiedToTheFirst) {
  options_.budget = 60s;
  EXPECT_EQ(run().again, 0);
  options_.settings.library = "scale=1.1";
  const CampaignSummary second = run();
  EXPECT_GE(second.again, learn::kCarriersToTie);
  EXPECT_LT(second.again, second.carriers / 3);
  const learn::Dataset dataset = load();
  ASSERT_EQ(dataset.report.campaigns.size(), 2U);
  EXPECT_TRUE(dataset.report.campaigns[0].tied);
  EXPECT_EQ(dataset.report.campaigns[0].common, second.again);
  EXPECT_NEAR(std::exp(dataset.report.campaigns[0].log_offset), 1 / 1.1, 0.005);
  std::set<std::uint64_t> identities;
  for (const learn::NetworkTruth& network : dataset.samples.networks) identities.insert(network.identity);
  EXPECT_EQ(identities.size(), dataset.samples.networks.size());
}

TEST_F(Profiling, TwoCampaignsThatDriftTrainAsOne) {
  options_.budget = 40s;
  options_.seed = 1;
  run();
  options_.seed = 2;
  run();
  const double steady = trained_error();
  std::filesystem::remove(options_.db);
  for (const char* end : {"-wal", "-shm"}) std::filesystem::remove(options_.db + end);
  options_.settings.library = "scale=1.1";
  options_.seed = 1;
  run();
  options_.settings.library.clear();
  options_.seed = 2;
  run();
  EXPECT_LT(trained_error(), 1.1 * steady);
}

TEST_F(Profiling, TheSamePlanTwiceIsTheSameNetworks) {
  options_.seed = 3;
  options_.budget = 60s;
  run();
  const std::size_t networks = load().samples.networks.size();
  const CampaignSummary second = run();
  EXPECT_NEAR(double(load().samples.networks.size()), double(networks), 0.2 * double(networks));
  EXPECT_GT(second.carriers, int(networks) / 2);
}

TEST_F(Profiling, AnEngineThatIsNotThereIsNamed) {
  options_.settings.library = "nonsense=1";
  const auto summary = profile(options_, log_);
  ASSERT_FALSE(summary.has_value());
  EXPECT_EQ(summary.error().code, Errc::engine_unavailable);
}

}  // namespace
}  // namespace latcast::session
