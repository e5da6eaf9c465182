// train, select, rms and inspect, as a user chooses models with them.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "world.h"

namespace latcast {
namespace {

using test::contains;
using test::Outcome;

class Select : public test::CliTest {
 protected:
  /// A store of its own, because whoever trains on a store replaces the models that are kept beside it.
  [[nodiscard]] std::string db() const { return at("host.db"); }
  void SetUp() override {
    CliTest::SetUp();
    std::filesystem::copy_file(test::world().db, db());
  }
  void train() {
    const Outcome outcome = run({"train", "--rms", test::kQuickModels, "--db", db(), "--out", at("first.latpack")});
    ASSERT_EQ(outcome.code, 0) << outcome;
  }
  static double size_of(const std::string& file) { return static_cast<double>(std::filesystem::file_size(file)); }
};

TEST_F(Select, ChoosesAgainWithoutTraining) {
  train();
  const Outcome all = run({"select", "--db", db(), "--out", at("all.latpack")});
  ASSERT_EQ(all.code, 0) << all;
  EXPECT_FALSE(contains(all.err, "training first")) << all;
  const Outcome small = run({"select", "--db", db(), "--max-pack-size", "400kB", "--out", at("small.latpack")});
  ASSERT_EQ(small.code, 0) << small;
  EXPECT_LE(size_of(at("small.latpack")), 400e3);
  EXPECT_TRUE(contains(small.out, "a forecast takes ") && contains(small.out, "timed here")) << small;
}

TEST_F(Select, ABudgetThatCannotBeMetNamesTheNearestThatCan) {
  train();
  const Outcome slow = run({"select", "--db", db(), "--max-module-time", "1ns", "--out", at("x.latpack")});
  EXPECT_EQ(slow.code, 3) << slow;
  EXPECT_TRUE(contains(slow.err, "--max-module-time")) << slow;
  const Outcome large = run({"select", "--db", db(), "--max-pack-size", "1kB", "--out", at("x.latpack")});
  EXPECT_EQ(large.code, 3) << large;
  EXPECT_TRUE(contains(large.err, "--max-pack-size")) << large;
  EXPECT_FALSE(std::filesystem::exists(at("x.latpack")));
}

TEST_F(Select, TrainsFirstWhereNothingIsKept) {
  const Outcome first = run({"select", "--rms", test::kQuickModels, "--db", at("host.db"), "--out", at("x.latpack")});
  EXPECT_EQ(first.code, 0) << first;
  EXPECT_TRUE(contains(first.err, "training first")) << first;
  const Outcome again = run({"select", "--db", db(), "--out", at("y.latpack")});
  EXPECT_FALSE(contains(again.err, "training first")) << again;
}

TEST_F(Select, OnlyTheModelsThatAreAskedForCompete) {
  train();
  ASSERT_EQ(run({"select", "--db", db(), "--rms", "lasso", "--out", at("x.latpack")}).code, 0);
  const Outcome inspected = run({"inspect", at("x.latpack")});
  EXPECT_TRUE(contains(inspected.out, "lasso")) << inspected;
  EXPECT_FALSE(contains(inspected.out, "base_gp_small")) << inspected;
}

TEST_F(Select, UnknownModelsAndSizesAreUsage) {
  const Outcome model = run({"train", "--db", db(), "--rms", "base,magic", "--out", at("x.latpack")});
  EXPECT_EQ(model.code, 2) << model;
  EXPECT_TRUE(contains(model.err, "magic") && contains(model.err, "latcast rms")) << model;
  for (const char* size : {"0kB", "-1", "many", "1TB"}) {
    EXPECT_EQ(run({"select", "--db", db(), "--max-pack-size", size, "--out", at("x.latpack")}).code, 2) << size;
  }
}

TEST_F(Select, ListsAtLeastADozenModels) {
  const Outcome list = run({"rms"});
  EXPECT_EQ(list.code, 0) << list;
  EXPECT_GE(std::ranges::count(list.out, '\n'), 14);
  for (const char* name : {"constant", "lookup", "ols", "ridge", "lasso", "poly2", "knn", "svr", "forest", "gbdt", "gp",
                           "mlp", "medn", "base_gbdt", "base_gp"}) {
    EXPECT_TRUE(contains(list.out, name)) << name;
  }
}

TEST_F(Select, InspectShowsWhatLost) {
  const Outcome inspected = run({"inspect", test::world().pack});
  EXPECT_EQ(inspected.code, 0) << inspected;
  EXPECT_TRUE(contains(inspected.out, "candidates that were not chosen")) << inspected;
  EXPECT_TRUE(contains(inspected.out, "samples") && contains(inspected.out, "bytes")) << inspected;
}

}  // namespace
}  // namespace latcast
