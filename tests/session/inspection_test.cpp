#include "session/inspection.h"

#include <gtest/gtest.h>

#include "core/sample_pack.h"
#include "graph/net_builder.h"
#include "must.h"
#include "scratch.h"

namespace latcast::session {
namespace {

using test::contains;
using test::must;

class Inspecting : public test::ScratchTest {
 protected:
  template <class T>
  [[nodiscard]] T contents(const std::string& file) const {
    return std::get<T>(must(inspect(file)));
  }
  void expect_refused(const std::string& file, Errc code, const std::string& what) const {
    const auto refused = inspect(file);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, code);
    EXPECT_TRUE(contains(refused.error().context, file) && contains(refused.error().context, what))
        << refused.error().context;
  }
};

TEST_F(Inspecting, AStoreIsKnownWhateverItsName) {
  const std::string file = at("some.onnx");
  {
    Store store = must(Store::create(file));
    const std::int64_t target = must(store.ensure_target({0, "cpu | fake", "cpu", "avx2", "fake", "1.0", "", {}}));
    CampaignRecord record;
    record.target = target;
    record.tool_version = "0.1.0";
    record.status = "finished";
    must(store.add_campaign(record));
  }
  const auto store = contents<StoreContents>(file);
  ASSERT_EQ(store.targets.size(), 1U);
  EXPECT_EQ(store.targets[0].name, "cpu | fake");
  ASSERT_EQ(store.targets[0].campaigns.size(), 1U);
  EXPECT_EQ(store.targets[0].campaigns[0].record.status, "finished");
  EXPECT_EQ(store.targets[0].campaigns[0].carriers, 0U);
}

TEST_F(Inspecting, APackIsRead) {
  const std::string file = at("host.latpack");
  ASSERT_TRUE(write_pack(test::sample_content(), file));
  const auto pack = contents<PackFileContents>(file);
  EXPECT_EQ(pack.content.types.front().name, "conv");
  EXPECT_EQ(pack.bytes, static_cast<double>(std::filesystem::file_size(file)));
}

TEST_F(Inspecting, AModelsNodesAndWeightsAreCounted) {
  onnx::Graph graph;
  graph.inputs = {test::value("x", {1, 8})};
  graph.initializers = {test::weight("w", {8, 4})};
  graph.nodes = {test::node("MatMul", {"x", "w"}, {"m"}), test::node("Relu", {"m"}, {"r"}),
                 test::node("FusedGelu", {"r"}, {"y"}, {}, "com.microsoft")};
  graph.outputs = {test::value("y", {1, 4})};
  const auto model = contents<ModelFileContents>(
      put("m.onnx", must(onnx::write_model(test::model(std::move(graph)), onnx::Weights::materialize))));
  EXPECT_EQ(model.opset, 17);
  EXPECT_EQ(model.nodes, 3U);
  EXPECT_EQ(model.weights, 1U);
  EXPECT_EQ(model.weight_bytes, 8 * 4 * 4);
  EXPECT_EQ(model.operators, (std::map<std::string, int>{{"MatMul", 1}, {"Relu", 1}, {"com.microsoft:FusedGelu", 1}}));
}

TEST_F(Inspecting, WhatCannotBeReadIsSaid) {
  expect_refused(at("none.latpack"), Errc::not_found, "No such file");
  expect_refused(put("empty.onnx", ""), Errc::invalid_input, "empty");
  const std::string file = at("host.latpack");
  ASSERT_TRUE(write_pack(test::sample_content(), file));
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
  expect_refused(file, Errc::corrupt, "");
}

}  // namespace
}  // namespace latcast::session
