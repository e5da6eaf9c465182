#include "graph/dimensions.h"

#include <gtest/gtest.h>

#include "graph/describe.h"
#include "graph/net_builder.h"

namespace latcast {
namespace {

/// An input of these dimensions: numbers, names, or "" for one that has neither.
onnx::Graph graph_of(const std::vector<std::pair<std::string, std::vector<std::string>>>& inputs) {
  onnx::Graph graph;
  for (const auto& [name, dims] : inputs) {
    std::vector<onnx::Dim> shape;
    for (const std::string& dim : dims) {
      const bool number = !dim.empty() && dim.find_first_not_of("0123456789") == std::string::npos;
      shape.push_back({.value = number ? std::stoll(dim) : -1, .name = number ? "" : dim});
    }
    graph.inputs.emplace_back(test::value(name, {})).shape = std::move(shape);
  }
  return graph;
}

std::string bound(const onnx::Graph& graph, const DimBindings& bindings) {
  const auto infos = bind_inputs(graph, bindings);
  if (!infos) return infos.error().context;
  std::string out;
  for (const TensorInfo& info : *infos) out += (out.empty() ? "" : " ") + shape_text(info);
  return out;
}

std::string asked(const onnx::Graph& graph, std::map<std::string, std::int64_t> named) {
  const auto checked = check_asked(graph, {.named = std::move(named), .batch = {}});
  return checked ? "" : checked.error().context;
}

void expect_part(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

onnx::Graph ids() { return graph_of({{"ids", {"batch", "seq", ""}}}); }

onnx::Graph cached() {
  return graph_of(
      {{"ids", {"batch", "new"}}, {"mask", {"batch", "past + new"}}, {"keys", {"batch", "4", "past", "8"}}});
}

TEST(Dimensions, UnboundOnesAreListedTogether) {
  for (const char* part : {"'batch' (ids:0)", "'seq' (ids:1)", "ids:2"}) expect_part(bound(ids(), {}), part);
  expect_part(bound(cached(), {.named = {{"new", 1}}, .batch = 1}),
              "'past + new' (mask:1, of past and new), 'past' (keys:2)");
}

TEST(Dimensions, AreBoundByPlaceByNameAndByBatch) {
  EXPECT_EQ(bound(ids(), {.named = {{"seq", 16}, {"ids:2", 4}}, .batch = 2}), "2x16x4");
  EXPECT_EQ(bound(ids(), {.named = {{"batch", 3}, {"ids:1", 5}, {"ids:2", 0}}, .batch = 2}), "3x5x0");
  // The batch of one input is that of all places with its name.
  EXPECT_EQ(bound(graph_of({{"x", {"n"}}, {"y", {"8", "n"}}}), {.named = {}, .batch = 2}), "2 8x2");
}

TEST(Dimensions, FollowFromTheOnesThatTheirNamesAreMadeOf) {
  EXPECT_EQ(bound(cached(), {.named = {{"new", 1}, {"past", 127}}, .batch = 2}), "2x1 2x128 2x4x127x8");
  EXPECT_EQ(bound(cached(), {.named = {{"new", 1}, {"past", 0}}, .batch = 2}), "2x1 2x1 2x4x0x8");
  EXPECT_EQ(bound(cached(), {.named = {{"new", 1}, {"mask:1", 128}}, .batch = 2}), "2x1 2x128 2x4x127x8");
  EXPECT_EQ(bound(cached(), {.named = {{"past + new", 128}, {"keys:2", 127}}, .batch = 2}), "2x1 2x128 2x4x127x8");
  const auto scaled = graph_of({{"x", {"1", "16*H", "(W - 1)//2 + 1", "floor(W/4)"}}});
  EXPECT_EQ(bound(scaled, {.named = {{"H", 3}, {"W", 65}}, .batch = {}}), "1x48x33x16");
  EXPECT_EQ(bound(scaled, {.named = {{"16*H", 48}, {"x:2", 7}, {"x:3", 3}}, .batch = {}}), "1x48x7x3");
}

TEST(Dimensions, WhatOthersDoNotTellStaysFree) {
  const auto least = graph_of({{"x", {"max(a, 5)"}}, {"y", {"8", "a"}}});
  EXPECT_EQ(bound(least, {.named = {{"x:0", 5}, {"a", 3}}, .batch = {}}), "5 8x3");
  expect_part(bound(least, {.named = {{"x:0", 5}}, .batch = {}}), "need a value");
  expect_part(bound(graph_of({{"x", {"a/1e30"}}}), {.named = {{"x:0", 4}}, .batch = {}}), "cannot be 4");
}

TEST(Dimensions, CannotContradictEachOther) {
  expect_part(bound(cached(), {.named = {{"new", 1}, {"past", 127}, {"mask:1", 64}}, .batch = 1}), "both 64 and 128");
  expect_part(bound(cached(), {.named = {{"ids:0", 2}, {"mask:0", 3}, {"new", 1}, {"past", 1}}, .batch = {}}),
              "both 2 and 3");
  expect_part(bound(cached(), {.named = {{"new", 9}, {"mask:1", 4}}, .batch = 1}), "cannot be 4");
  expect_part(bound(ids(), {.named = {{"seq", -1}}, .batch = 1}), "'seq' cannot be -1");
  expect_part(bound(ids(), {.named = {}, .batch = 0}), "batch cannot be 0");
}

TEST(Dimensions, AskedForAreThoseThatTheInputsHave) {
  EXPECT_EQ(asked(cached(), {{"past", 1}, {"past + new", 2}, {"ids:0", 1}, {"keys:1", 4}}), "");
  expect_part(asked(ids(), {{"sequ", 1}}),
              "no input has a dimension 'sequ': free are 'batch' (ids:0), 'seq' (ids:1), ids:2; did you mean 'seq'?");
  expect_part(asked(ids(), {{"ids:7", 1}}), "no input has a dimension 'ids:7'");
  expect_part(asked(cached(), {{"keys:1", 5}}), "keys:1 is fixed at 4 in the file, it cannot be 5");
  expect_part(asked(graph_of({{"x", {"1", "64"}}}), {{"height", 64}}), "all of them are fixed");
}

TEST(Dimensions, AFixedBatchIsTold) {
  const auto other = [](const onnx::Graph& graph, std::optional<std::int64_t> batch) {
    return other_batch(graph, {.named = {}, .batch = batch});
  };
  EXPECT_EQ(other(graph_of({{"x", {"1", "64"}}}), 8), 1);
  EXPECT_EQ(other(graph_of({{"x", {"8", "64"}}}), 8), std::nullopt);
  EXPECT_EQ(other(graph_of({{"x", {"1", "64"}}, {"y", {"n"}}}), 8), std::nullopt);
  EXPECT_EQ(other(graph_of({{"x", {"1", "64"}}}), {}), std::nullopt);
  EXPECT_EQ(other({}, 8), 1);
  EXPECT_EQ(other(graph_of({{"x", {}}}), 8), 1);
  EXPECT_EQ(other({}, 1), std::nullopt);
}

TEST(Dimensions, CanAllBeGivenAValueByWhatIsAskedAndByHabit) {
  const auto all = [](const onnx::Graph& graph, const DimBindings& asked) {
    return bound(graph, bind_all(graph, asked, 16));
  };
  EXPECT_EQ(all(ids(), {}), "1x16x16");
  EXPECT_EQ(all(cached(), {}), "1x16 1x32 1x4x16x8");
  EXPECT_EQ(all(cached(), {.named = {{"past + new", 128}, {"new", 1}, {"of another file", 3}}, .batch = 2}),
            "2x1 2x128 2x4x127x8");
  EXPECT_EQ(all(graph_of({{"x", {"", "3"}}}), {.named = {}, .batch = 8}), "8x3");
  EXPECT_EQ(all(graph_of({{"x", {"steps", "batch_size", "8"}}}), {.named = {{"x:0", 5}}, .batch = 4}), "5x4x8");
  EXPECT_EQ(all(graph_of({{"x", {"steps", "batch_size", "8"}}}), {}), "16x1x8");
  EXPECT_EQ(all(graph_of({{"x", {"1", "2*half"}}}), {}), "1x16");
  EXPECT_TRUE(bind_all(graph_of({{"x", {"1", "3"}}}), {.named = {{"x:1", 4}}, .batch = 8}, 16).named.empty());
  expect_part(all(graph_of({{"x", {"1", "3*third"}}}), {}), "'3*third'");
}

}  // namespace
}  // namespace latcast
