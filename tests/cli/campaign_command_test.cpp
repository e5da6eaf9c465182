// `latcast profile` as it is used: planned, stopped, killed, gone on with.
#include <set>

#include "store/store.h"
#include "world.h"

namespace latcast {
namespace {

using test::contains;
using test::must;
using test::Outcome;

class ProfileCommand : public test::CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    test::write_text(at("campaign.toml"), "max_macs = 2e7\n");
  }

  [[nodiscard]] std::vector<std::string> profile(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"profile", "--engine", "fake", "--db", at("host.db"), "--config", at("campaign.toml")});
    return more;
  }

  struct Counted {
    std::size_t campaigns = 0, networks = 0, measurements = 0, unmeasured = 0;
    std::set<std::string> names;
    std::string status;
    double spent_ns = 0;
  };
  [[nodiscard]] Counted count() const {
    Counted counted;
    auto store = Store::open_read_only(at("host.db"));
    if (!store) return counted;
    for (const TargetRecord& target : must(store->targets())) {
      for (const CampaignRecord& campaign : must(store->campaigns(target.id))) {
        ++counted.campaigns;
        counted.status = campaign.status;
        counted.spent_ns = campaign.spent_ns;
        for (const NetworkRecord& network : must(store->networks(campaign.id))) {
          ++counted.networks;
          counted.names.insert(network.name);
          const auto measurements = must(store->measurements(network.id));
          counted.measurements += measurements.size();
          counted.unmeasured += measurements.empty() ? 1 : 0;
        }
      }
    }
    return counted;
  }

  /// Starts a campaign far longer than the test, and stops it by `number` once it has measured something.
  Outcome stop_by(int number) const {
    test::Command command(folder_, profile({"--budget", "100h"}));
    for (int tries = 0; tries < 3000 && count().measurements < 5; ++tries)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    command.send(number);
    return command.wait();
  }
};

TEST_F(ProfileCommand, SaysWhatItDid) {
  const Outcome outcome = run(profile({"--budget", "5s"}));
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_TRUE(contains(outcome.out, "campaign 1: ") && contains(outcome.out, "measurements") &&
              contains(outcome.out, at("host.db")))
      << outcome;
  const Counted counted = count();
  EXPECT_EQ(counted.status, "finished");
  EXPECT_LT(counted.spent_ns, 5.5e9);
  EXPECT_GT(counted.measurements, 5U);
}

TEST_F(ProfileCommand, ADryRunMeasuresNothing) {
  const Outcome outcome = run({"profile", "--engine", "fake", "--budget", "1m", "--dry-run"});
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_TRUE(contains(outcome.out, "block family") && contains(outcome.out, "carriers in") &&
              contains(outcome.out, " rounds, about ") && contains(outcome.out, "; seed "))
      << outcome;
  EXPECT_FALSE(test::fs::exists(at("host.db")));
  EXPECT_EQ(run(profile({"--dry-run"})).code, 0);
  EXPECT_FALSE(test::fs::exists(at("host.db")));
}

TEST_F(ProfileCommand, TheSameSeedMeasuresTheSameCarriers) {
  ASSERT_EQ(run(profile({"--budget", "4s", "--seed", "5"})).code, 0);
  const auto names = count().names;
  for (const char* end : {"", "-wal", "-shm"}) test::fs::remove(at("host.db") + end);
  ASSERT_EQ(run(profile({"--budget", "4s", "--seed", "5"})).code, 0);
  EXPECT_EQ(count().names, names);
  for (const char* end : {"", "-wal", "-shm"}) test::fs::remove(at("host.db") + end);
  ASSERT_EQ(run(profile({"--budget", "4s", "--seed", "6"})).code, 0);
  EXPECT_NE(count().names, names);
}

TEST_F(ProfileCommand, AnotherCampaignIsAddedToTheStoreWithASeedOfItsOwn) {
  const Outcome first = run(profile({"--budget", "3s"}));
  ASSERT_EQ(first.code, 0) << first;
  const Counted once = count();
  ASSERT_EQ(run(profile({"--budget", "3s"})).code, 0);
  const Counted twice = count();
  EXPECT_EQ(twice.campaigns, 2U);
  EXPECT_GT(twice.measurements, once.measurements);
  auto store = must(Store::open_read_only(at("host.db")));
  const auto campaigns = must(store.campaigns(1));
  EXPECT_NE(campaigns[0].seed, campaigns[1].seed);
  EXPECT_TRUE(contains(first.out, ", seed " + std::to_string(campaigns[0].seed) + " -> ")) << first;
}

TEST_F(ProfileCommand, CtrlCKeepsWhatWasMeasuredAndResumeGoesOn) {
  const Outcome stopped = stop_by(SIGINT);
  EXPECT_EQ(stopped.code, 130) << stopped;
  EXPECT_TRUE(contains(stopped.err, "--resume")) << stopped;
  const Counted before = count();
  EXPECT_GE(before.measurements, 5U);
  EXPECT_EQ(before.status, "interrupted");
  const std::string budget = std::to_string(static_cast<int>(before.spent_ns / 1e9) + 5) + "s";
  const Outcome resumed = run(profile({"--resume", "--budget", budget}));
  EXPECT_EQ(resumed.code, 0) << resumed;
  const Counted after = count();
  EXPECT_EQ(after.campaigns, 1U);
  EXPECT_EQ(after.status, "finished");
  EXPECT_GT(after.measurements, before.measurements);
  EXPECT_EQ(after.names.size(), after.networks);
  EXPECT_EQ(run({"train", "--rms", test::kQuickModels, "--db", at("host.db"), "--out", at("x.latpack")}).code, 0);
}

TEST_F(ProfileCommand, KillLosesAtMostTheMeasurementUnderWay) {
  const Outcome killed = stop_by(SIGKILL);
  EXPECT_EQ(killed.code, 128 + SIGKILL);
  const Counted before = count();
  EXPECT_GE(before.measurements, 5U);
  EXPECT_LE(before.unmeasured, 1U);
  EXPECT_EQ(before.status, "running");
  EXPECT_GT(before.spent_ns, 0);
  const std::string budget = std::to_string(static_cast<int>(before.spent_ns / 1e9) + 5) + "s";
  const Outcome resumed = run(profile({"--resume", "--budget", budget}));
  EXPECT_EQ(resumed.code, 0) << resumed;
  const Counted after = count();
  EXPECT_GT(after.measurements, before.measurements);
  EXPECT_EQ(after.unmeasured, 0U);
  EXPECT_EQ(after.names.size(), after.networks);
}

TEST_F(ProfileCommand, AResumedCampaignKeepsItsBudgetAndPlan) {
  test::write_text(at("campaign.toml"), "max_macs = 2e7\nfamilies = [\"" + families()[0] + "\"]\nmodule_share = 0\n");
  ASSERT_EQ(run(profile({"--budget", "4s", "--seed", "3"})).code, 0);
  const Counted before = count();
  const Outcome resumed = run({"profile", "--engine", "fake", "--db", at("host.db"), "--resume"});
  EXPECT_EQ(resumed.code, 0) << resumed;
  const Counted after = count();
  EXPECT_LT(after.spent_ns, 1.2 * before.spent_ns);  // it was spent already
  const Outcome more = run({"profile", "--engine", "fake", "--db", at("host.db"), "--resume", "--budget", "8s"});
  EXPECT_EQ(more.code, 0) << more;
  const Counted longer = count();
  EXPECT_GT(longer.measurements, after.measurements);
  for (const std::string& name : longer.names) EXPECT_TRUE(name.starts_with(families()[0] + "/")) << name;
}

TEST_F(ProfileCommand, ThereMustBeACampaignToResume) {
  const Outcome outcome = run(profile({"--resume", "--budget", "5s"}));
  EXPECT_EQ(outcome.code, 1) << outcome;
  EXPECT_TRUE(contains(outcome.err, "--resume")) << outcome;
}

TEST_F(ProfileCommand, FaultsAreLoggedAndTheCampaignGoesOn) {
  const Outcome outcome = run(profile({"--budget", "10s", "--engine-path", "abort=9"}));
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_TRUE(contains(outcome.err, "was not measured: the engine's worker process was killed by signal 6")) << outcome;
  EXPECT_FALSE(contains(outcome.out, " 0 failures")) << outcome;
  EXPECT_TRUE(contains(run({"inspect", at("host.db")}).out, "failed ")) << outcome;
}

TEST_F(ProfileCommand, MayBePulledTowardsAModel) {
  test::save(test::small_cnn(), at("cnn.onnx"));
  const Outcome outcome = run(profile({"--budget", "4s", "--like", at("cnn.onnx")}));
  EXPECT_EQ(outcome.code, 0) << outcome;
}

TEST_F(ProfileCommand, TargetsOfOtherThreadCountsAreApart) {
  ASSERT_EQ(run(profile({"--budget", "3s", "--seed", "1"})).code, 0);
  ASSERT_EQ(run(profile({"--budget", "3s", "--seed", "1", "--threads", "2"})).code, 0);
  EXPECT_EQ(must(must(Store::open_read_only(at("host.db"))).targets()).size(), 2U);
  const Outcome unclear = run({"train", "--rms", test::kQuickModels, "--db", at("host.db"), "--out", at("x.latpack")});
  EXPECT_EQ(unclear.code, 1) << unclear;
  EXPECT_TRUE(contains(unclear.err, "--target")) << unclear;
  const Outcome chosen = run(
      {"train", "--rms", test::kQuickModels, "--db", at("host.db"), "--out", at("x.latpack"), "--target", "threads=2"});
  EXPECT_EQ(chosen.code, 0) << chosen;
  test::save(test::small_cnn(), at("cnn.onnx"));
  EXPECT_EQ(
      run_json({"predict", at("cnn.onnx"), "--pack", at("x.latpack"), "--json"})["target"]["conditions"]["threads"], 2);
}

}  // namespace
}  // namespace latcast
