#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "graph/link.h"
#include "graph/network_access.h"
#include "measure/carriers/carrier.h"
#include "measure/carriers/graph_builder.h"
#include "must.h"

namespace latcast {
namespace {

TEST(CarrierFamilies, EveryFamilyBuildsAtManySeedsWithConsistentShapes) {
  for (const std::string& family : families()) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      SCOPED_TRACE(family + "/" + std::to_string(seed));
      Carrier carrier;
      ASSERT_NO_THROW(carrier = make_carrier(family, seed));  // the builder throws where shapes do not fit
      const onnx::Graph& graph = carrier.model.graph;
      EXPECT_GE(graph.nodes.size(), 3U);
      EXPECT_LE(graph.nodes.size(), 400U);  // in the file; about 20 to 180 are executed
      EXPECT_FALSE(graph.inputs.empty());
      EXPECT_FALSE(graph.outputs.empty());
      EXPECT_EQ(carrier.family, family);
      EXPECT_EQ(carrier.seed, seed);
    }
  }
}

TEST(CarrierFamilies, NodesAreInOrderUniqueAndConsumeOnlyWhatExists) {
  for (const std::string& family : families()) {
    SCOPED_TRACE(family);
    const Carrier carrier = make_carrier(family, 77);
    std::set<std::string> known, names;
    for (const auto& t : carrier.model.graph.initializers) EXPECT_TRUE(known.insert(t.name).second) << t.name;
    for (const auto& v : carrier.model.graph.inputs) EXPECT_TRUE(known.insert(v.name).second) << v.name;
    for (const onnx::Node& node : carrier.model.graph.nodes) {
      EXPECT_TRUE(names.insert(node.name).second) << node.name;
      for (const std::string& input : node.inputs) EXPECT_TRUE(input.empty() || known.contains(input)) << input;
      for (const std::string& output : node.outputs) EXPECT_TRUE(known.insert(output).second) << output;
    }
    for (const auto& v : carrier.model.graph.outputs) EXPECT_TRUE(known.contains(v.name)) << v.name;
  }
}

TEST(CarrierFamilies, TheSameSeedGivesTheSameNetworkAndAnotherSeedAnother) {
  for (const std::string& family : families()) {
    SCOPED_TRACE(family);
    const auto text = [&](std::uint64_t seed) {
      const Carrier carrier = make_carrier(family, seed);
      auto bytes = onnx::write_model(carrier.model, onnx::Weights::skeleton);
      EXPECT_TRUE(bytes.has_value());
      return bytes.value_or("");
    };
    EXPECT_EQ(text(5), text(5));
    EXPECT_NE(text(5), text(6));
  }
}

TEST(CarrierFamilies, SkeletonsAreSmallAndAreReadBack) {
  for (const std::string& family : families()) {
    SCOPED_TRACE(family);
    const Carrier carrier = make_carrier(family, 11);
    const auto bytes = onnx::write_model(carrier.model, onnx::Weights::skeleton);
    ASSERT_TRUE(bytes.has_value());
    EXPECT_LT(bytes->size(), 200'000U);
    const auto back = onnx::read_model(std::as_bytes(std::span(bytes->data(), bytes->size())));
    ASSERT_TRUE(back.has_value()) << back.error().context;
    EXPECT_EQ(back->graph.nodes.size(), carrier.model.graph.nodes.size());
    EXPECT_EQ(back->graph.initializers.size(), carrier.model.graph.initializers.size());
  }
}

TEST(CarrierFamilies, LimitsAreRespected) {
  CarrierOptions options;
  options.max_macs = 2e8;
  options.max_weight_bytes = 3e7;
  int over = 0;
  int all = 0;
  for (const std::string& family : families()) {
    for (std::uint64_t seed = 100; seed < 112; ++seed, ++all) {
      const Carrier carrier = make_carrier(family, seed, options);
      if (carrier.macs > options.max_macs || carrier.weight_bytes > options.max_weight_bytes) ++over;
    }
  }
  EXPECT_LE(over, all / 200) << "of " << all;
}

TEST(CarrierFamilies, CostSpreadsOverOrdersOfMagnitudeWithinAFamily) {
  for (const char* family : {"resnet", "mobilenet_v2", "vit", "bert"}) {
    SCOPED_TRACE(family);
    double low = 1e30;
    double high = 0;
    for (std::uint64_t seed = 0; seed < 24; ++seed) {
      const double macs = make_carrier(family, seed).macs;
      low = std::min(low, macs);
      high = std::max(high, macs);
    }
    EXPECT_LT(low, 2e7);
    EXPECT_GT(high, 3e8);
  }
}

TEST(CarrierFamilies, SingleOperatorsInARowAreProbes) {
  EXPECT_TRUE(make_carrier("unary_chain", 1).probe);
  EXPECT_TRUE(make_carrier("odd_convolutions", 1).probe);
  EXPECT_FALSE(make_carrier("resnet", 1).probe);
  EXPECT_FALSE(make_carrier("recurrences", 1).probe);
}

TEST(CarrierFamilies, AnUnknownFamilyIsRefused) {
  EXPECT_THROW((void)make_carrier("no such", 1), std::invalid_argument);
}

TEST(CarrierPlan, IsDeterministicAndALongerPlanStartsWithTheShorter) {
  const auto shorter = plan_carriers(50, 3);
  const auto longer = plan_carriers(200, 3);
  EXPECT_EQ(shorter, plan_carriers(50, 3));
  EXPECT_TRUE(std::equal(shorter.begin(), shorter.end(), longer.begin()));
  EXPECT_NE(shorter, plan_carriers(50, 4));
}

TEST(CarrierPlan, OfASeedIsWhatItWas) {
  std::vector<std::string> names;
  for (const PlannedCarrier& one : plan_carriers(8, 1)) names.push_back(one.family + "/" + std::to_string(one.seed));
  EXPECT_EQ(names, (std::vector<std::string>{"recurrent/2433363200", "resnet_bottleneck/2433363200", "swin/2433363200",
                                             "gemms/2433363200", "mobilenet_v1/2433363200", "convnext/2433363200",
                                             "mobilevit/2433363200", "decoder_step/2433363200"}));
}

TEST(CarrierPlan, NeverRepeatsACarrier) {
  std::set<std::pair<std::string, std::uint64_t>> seen;
  for (const PlannedCarrier& c : plan_carriers(3000, 9)) EXPECT_TRUE(seen.emplace(c.family, c.seed).second);
}

TEST(CarrierPlan, TheFirstFortyAreOfMostlyDifferentFamiliesAndOfAllSizes) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    std::set<std::string> seen;
    std::map<int, int> decades;
    for (const PlannedCarrier& c : plan_carriers(40, seed)) {
      seen.insert(c.family);
      ++decades[static_cast<int>(std::log10(std::max(1.0, make_carrier(c.family, c.seed).macs)))];
    }
    EXPECT_GE(seen.size(), 30U);
    EXPECT_GE(decades[6] + decades[5] + decades[4], 2);
    EXPECT_GE(decades[7], 5);
    EXPECT_GE(decades[8] + decades[9], 5);
  }
}

TEST(CarrierPlan, EveryFamilyHasItsTurnInTwoHundred) {
  std::set<std::string> seen;
  for (const PlannedCarrier& c : plan_carriers(200, 1)) seen.insert(c.family);
  EXPECT_EQ(seen.size(), families().size());
}

TEST(GraphBuilder, RefusesShapesThatDoNotFit) {
  using carriers::GraphBuilder, carriers::Value;
  const auto refuses = [](void (*add)(GraphBuilder&, const Value& x)) {
    GraphBuilder b(17);
    EXPECT_THROW(add(b, b.input({1, 8, 4, 4})), std::logic_error);
  };
  refuses([](GraphBuilder& b, const Value& x) { (void)b.conv(x, {.out = 8, .groups = 3}); });
  refuses([](GraphBuilder& b, const Value& x) { (void)b.reshape(x, {1, 7, -1}); });
  refuses([](GraphBuilder& b, const Value& x) { (void)b.add(x, b.input({3})); });
  refuses([](GraphBuilder& b, const Value&) { (void)b.matmul(b.input({2, 3}), b.input({4, 5})); });
  refuses([](GraphBuilder& b, const Value& x) { (void)b.split(x, 1, carriers::Ints{3, 4}); });
}

TEST(GraphBuilder, CountsMultiplyAccumulatesAndWeights) {
  carriers::GraphBuilder b(17);
  const auto x = b.input({1, 16, 10, 10});
  const auto y = b.conv(x, {.out = 32, .kernel = 3, .stride = 2});
  EXPECT_EQ(y.dims, (carriers::Shape{1, 32, 5, 5}));
  EXPECT_EQ(b.macs(), 32.0 * 25 * 16 * 9);
  EXPECT_EQ(b.weight_bytes(), 4.0 * (32 * 16 * 9 + 32));
}

TEST(GraphBuilder, SpellsReductionsAsTheOpsetDoes) {
  for (const int opset : {13, 18}) {
    carriers::GraphBuilder b(opset);
    b.reduce("ReduceMean", b.input({1, 4, 8}), {-1}, true);
    const auto model = b.finish("m");
    EXPECT_EQ(model.graph.nodes[0].attribute("axes") != nullptr, opset == 13);
    EXPECT_EQ(model.graph.nodes[0].inputs.size(), opset == 13 ? 1U : 2U);
  }
}

Network in_memory(const Carrier& carrier) { return NetworkAccess::make(test::must(link(carrier.model, {}, nullptr))); }

// Carriers are written for one image, as exporters do it: with sizes as constants.
TEST(CarrierNetworks, TakeAnotherBatchWhereTheyHaveOneInFront) {
  const std::set<std::string> without = {"efficientformer",      // a batch of 1 is dropped on the way
                                         "recurrences", "tnt"};  // inputs with other things in front
  for (const std::string& family : families()) {
    const Carrier carrier = make_carrier(family, 1);
    if (carrier.probe) continue;
    const auto four = in_memory(carrier).with_batch(4);
    EXPECT_EQ(four.has_value(), !without.contains(family)) << family << ": " << (four ? "" : four.error().context);
  }
}

/// Operators that run: not for constants.
std::size_t running(const Network& network) {
  const std::vector<Operator> all = network.operators();
  return static_cast<std::size_t>(
      std::ranges::count_if(all, [&](const Operator& one) { return !network.describe(one.outputs[0]).constant; }));
}

TEST(CarrierNetworks, KeepTheirShapesWhenTheyAreCut) {
  for (const std::string& family : families()) {
    const Network whole = in_memory(make_carrier(family, 2));
    const std::vector<Operator> operators = whole.operators();
    for (std::size_t i = 0; i < operators.size(); i += 1 + operators.size() / 20) {
      const auto cut = whole.cut({operators[i].outputs[0]});
      if (!cut) continue;  // nothing behind it
      EXPECT_EQ(running(cut->before) + running(cut->after), running(whole)) << family << " at " << operators[i].name;
      for (const Network* part : {&cut->before, &cut->after}) {
        for (const Operator& one : part->operators())
          EXPECT_EQ(part->dims(one.outputs[0]), whole.dims(one.outputs[0])) << family << " at " << operators[i].name;
      }
    }
  }
}

}  // namespace
}  // namespace latcast
