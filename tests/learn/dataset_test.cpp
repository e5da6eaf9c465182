// Campaigns of a store become one training set.
#include "learn/data/dataset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <span>

#include "graph/net_builder.h"
#include "learn/data/reference_carriers.h"
#include "learn/models/prepared.h"
#include "must.h"

namespace latcast::learn {
namespace {

namespace fs = std::filesystem;
using latcast::test::must;

/// Carriers differ by their shapes.
onnx::Model carrier(int index) { return latcast::test::relu_chain(4, {1, 8 + index, 32, 32}); }

class DatasetTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              ("latcast_dataset_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  Store open() const { return must(Store::create((folder_ / "host.db").string())); }

  /// A campaign of carriers [first, last) on a machine slower by `factor`, in three rounds.
  void add_campaign(int first, int last, double factor) const {
    Store store = open();
    const auto target = must(store.ensure_target({0, "t", "cpu", "", "fake", "1.0", "", {}}));
    const auto campaign = must(store.add_campaign({0, target, 1700000000, "1", 1, 1e9, 1e9, "finished", "{}", {}}));
    for (int i = first; i < last; ++i) {
      const std::string skeleton = must(onnx::write_model(carrier(i), onnx::Weights::skeleton));
      const auto network = must(store.add_network({0,
                                                   campaign,
                                                   i - first,
                                                   "relus/" + std::to_string(i - first),
                                                   "family" + std::to_string(i % 3),
                                                   1,
                                                   false,
                                                   false,
                                                   skeleton,
                                                   {}}));
      ASSERT_TRUE(store.set_executed(network, skeleton).has_value());
      for (int round = 0; round < 3; ++round) {
        const double noise = 1 + 0.002 * ((i + round) % 3);
        const auto time = [&](double ns) { return std::llround(ns * factor * noise); };
        MeasurementRecord record;
        record.network = network;
        record.round = round;
        for (int run = 0; run < 4; ++run) record.runs_ns.push_back(time(quiet(i)));
        record.nodes_ns.assign(4, time(quiet(i) / 4 + 5000));
        record.overheads_ns["pause"].assign(4, time(5000));
        ASSERT_TRUE(store.add_measurement(record).has_value());
      }
    }
  }
  static double quiet(int index) { return 4e5 * (8 + index); }

  Dataset load() const {
    Store store = open();
    return must(load_dataset(store, 1, *Catalogue::builtin()));
  }

  fs::path folder_;
};

TEST_F(DatasetTest, ACarrierOfTwoCampaignsIsOneNetwork) {
  add_campaign(0, 12, 1.0);
  add_campaign(0, 12, 1.0);  // the same seed, the same plan
  const Dataset dataset = load();
  ASSERT_EQ(dataset.samples.networks.size(), 12U);
  EXPECT_EQ(dataset.report.carriers, 12);
  EXPECT_EQ(dataset.report.modules, 48);
  std::set<std::uint64_t> identities;
  for (const NetworkTruth& network : dataset.samples.networks) identities.insert(network.identity);
  EXPECT_EQ(identities.size(), 12U);
  EXPECT_EQ(std::set(dataset.records.begin(), dataset.records.end()),
            (std::set<std::int64_t>{13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24}));
  EXPECT_TRUE(prepare(dataset.samples).has_value());
}

TEST_F(DatasetTest, OneNameOfTwoCarriersIsTwoNetworks) {
  add_campaign(0, 6, 1.0);
  add_campaign(6, 12, 1.0);
  EXPECT_EQ(load().samples.networks.size(), 12U);
}

TEST_F(DatasetTest, DriftBetweenTiedCampaignsIsTakenOut) {
  add_campaign(0, 20, 1.1);
  add_campaign(14, 40, 1.0);
  const Dataset dataset = load();  // carriers 14 to 19 stand where the first campaign had them
  ASSERT_EQ(dataset.samples.networks.size(), 40U);
  for (int i = 0; i < 40; ++i) {
    EXPECT_NEAR(dataset.samples.networks[static_cast<std::size_t>(i)].quiet_ns / quiet(i), 1.0, 0.01) << i;
  }
  ASSERT_EQ(dataset.report.campaigns.size(), 2U);
  EXPECT_EQ(dataset.report.campaigns[0].common, 6);
  EXPECT_NEAR(std::exp(dataset.report.campaigns[0].log_offset), 1.1, 0.005);
  EXPECT_TRUE(dataset.report.campaigns[0].tied);
  for (const KernelSamples& kernel : dataset.samples.kernels) {
    for (Eigen::Index row = 0; row < kernel.latency_ns.size(); ++row) {
      const int network = kernel.network[static_cast<std::size_t>(row)];
      EXPECT_NEAR(kernel.latency_ns[row] / (quiet(network) / 4), 1.0, 0.02) << network;
    }
  }
}

TEST_F(DatasetTest, WithoutCommonCarriersDriftIsLeftInAndSaid) {
  add_campaign(0, 20, 1.1);
  add_campaign(20, 40, 1.0);
  const Dataset dataset = load();
  EXPECT_NEAR(dataset.samples.networks[0].quiet_ns / quiet(0), 1.1, 0.01);
  EXPECT_FALSE(dataset.report.campaigns[0].tied);
  EXPECT_TRUE(dataset.report.campaigns[1].tied);
}

TEST_F(DatasetTest, ReferencesAreKnownByWhatTheyAre) {
  add_campaign(0, 12, 1.1);
  add_campaign(0, 12, 1.0);
  const Dataset dataset = load();
  Store store = open();
  const auto references = must(read_references(store, 1, dataset, 6));
  ASSERT_EQ(references.size(), 6U);
  for (const ReferenceRecord& reference : references) {
    EXPECT_EQ(reference.record.campaign, 2);
    const auto network =
        std::ranges::find(dataset.samples.networks, identity_of(reference.record.skeleton), &NetworkTruth::identity);
    ASSERT_NE(network, dataset.samples.networks.end());
    EXPECT_EQ(reference.quiet_ns, network->quiet_ns);
  }
}

TEST(Prepared, ANetworkThatIsThereTwiceIsRefused) {
  TrainingSet set;
  KernelSamples samples;
  samples.term_names = {"t"};
  samples.feature_names = {"f"};
  samples.terms = samples.features = Eigen::MatrixXd::Ones(2, 1);
  samples.latency_ns = samples.weight = Eigen::VectorXd::Ones(2);
  samples.network = {0, 1};
  set.kernels = {samples};
  set.networks.resize(2);
  EXPECT_TRUE(prepare(set).has_value());
  set.networks[0].identity = set.networks[1].identity = identity_of("one and the same");
  const auto prepared = prepare(set);
  ASSERT_FALSE(prepared.has_value());
  EXPECT_EQ(prepared.error().code, Errc::invalid_input);
}

}  // namespace
}  // namespace latcast::learn
