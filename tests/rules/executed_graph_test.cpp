// What rules make of graphs, against what the engine made of them once (tests/data) or makes of them here.
#include "rules/executed_graph.h"

#include <gtest/gtest.h>

#include <map>

#include "golden.h"
#include "graph/describe.h"
#include "graph/net_builder.h"
#include "must.h"
#include "rules/agreement.h"
#include "rules/probes.h"

namespace latcast::rules {
namespace {

constexpr const char* kEngine = "onnxruntime";

using latcast::test::must;

const std::string kData = LATCAST_TEST_DATA;

onnx::Model read(const std::string& file, onnx::ExternalWeights external = onnx::ExternalWeights::required) {
  return must(onnx::read_model_file(kData + "/" + file, external));
}

/// Weights without their values, as from a file.
onnx::Model as_read(const onnx::Model& model) {
  const std::string bytes = must(onnx::write_model(model, onnx::Weights::skeleton));
  return must(onnx::read_model(std::as_bytes(std::span(bytes))));
}

ExecutedGraph deduce(const onnx::Model& model, int block, int version = 1030) {
  return must(executed_graph(model, {}, kEngine, {version, block}));
}

/// One line: operators with their activation and the shape of their first output, in the order of execution.
std::string summary(const ExecutedGraph& executed) {
  std::string text;
  for (const ir::NodeId id : executed.order) {
    const ir::Node& node = executed.graph.node(id);
    text += text.empty() ? "" : " > ";
    text += node.domain == "com.microsoft.nchwc" ? "blocked " + node.op : node.op;
    if (const onnx::Attribute* activation = node.attribute("activation")) text += "+" + activation->s;
    text += " " + shape_text(executed.graph.info(node.outputs[0]));
  }
  return text;
}

std::string probe_summaries(int block) {
  std::string text;
  for (const Probe& probe : onnxruntime_probes()) {
    text += probe.name + ": " + summary(deduce(as_read(probe.model), block)) + "\n";
  }
  return text;
}

/// What older versions make otherwise, the oldest first, each against the next one; and lower levels.
std::string older_summaries() {
  std::string text;
  for (const int version : {1019, 1021, 1025, 1028, 1029}) {
    const int newer = version == 1019 ? 1021 : version == 1021 ? 1025 : version == 1025 ? 1028 : version + 1;
    for (const Probe& probe : onnxruntime_probes()) {
      const onnx::Model model = as_read(probe.model);
      const std::string older = summary(deduce(model, 16, version));
      if (older != summary(deduce(model, 16, newer)))
        text += std::to_string(version) + " " + probe.name + ": " + older + "\n";
    }
  }
  const std::pair<Level, std::string_view> levels[] = {{Level::none, "none"}, {Level::basic, "basic"}};
  for (const auto& [level, name] : levels) {
    for (const Probe& probe : onnxruntime_probes()) {
      const auto found = must(executed_graph(as_read(probe.model), {}, kEngine, {1022, 16, level}));
      text += std::string(name) + " " + probe.name + ": " + summary(found) + "\n";
    }
  }
  return text;
}

/// The lists were printed when `latcast bench graph --probes` found every probe equal to the engine's graph, with
/// either width of blocks. To renew them after such a check: LATCAST_RENEW=1, once.
TEST(Probes, AreDeducedAsTheEngineExecutedThem) {
  for (const int block : {16, 8}) {
    const std::string file = kData + "/rules/probes-" + std::to_string(block) + ".txt", found = probe_summaries(block);
    test::expect_golden(found, file);
  }
}

/// The same for versions from 1.19 on (the command was given their libraries), and for levels of 1.22 (by count of
/// operators, in Python).
TEST(Probes, OfOlderVersionsAndLowerLevels) {
  const std::string file = kData + "/rules/probes-older.txt", found = older_summaries();
  test::expect_golden(found, file);
}

TEST(Probes, ShowEveryRule) {
  std::map<std::string, int> applied;
  for (const Probe& probe : onnxruntime_probes()) {
    (void)must(executed_graph(as_read(probe.model), {}, kEngine, {1030, 16}, nullptr, &applied));
  }
  for (const char* rule : {"functions",
                           "identities",
                           "relu into clip",
                           "add into convolution",
                           "multiply into convolution",
                           "batch norm into convolution",
                           "pad into window",
                           "multiply by quotient",
                           "equal nodes",
                           "constant folding",
                           "matmul and add",
                           "reshapes in a row",
                           "transposes",
                           "gemm and activation",
                           "convolution and activation",
                           "gelu",
                           "layer norm",
                           "simplified layer norm",
                           "parts to split",
                           "transpose in matmul",
                           "bias and gelu",
                           "skip and layer norm",
                           "fast gelu",
                           "quick gelu",
                           "scale in matmul",
                           "blocked channels",
                           "convolution and add"}) {
    EXPECT_GT(applied[rule], 0) << rule;
  }
}

/// The width of the layout's blocks, as the engine's own graph shows it.
int block_of(const onnx::Model& optimized) {
  std::map<std::string, std::int64_t> rows;
  for (const onnx::Tensor& tensor : optimized.graph.initializers) {
    if (!tensor.dims.empty()) rows[tensor.name] = tensor.dims[0];
  }
  for (const onnx::Node& node : optimized.graph.nodes) {
    if (node.domain == "com.microsoft.nchwc" && node.op == "Conv" && rows[node.inputs[1]] % 16 != 0) return 8;
  }
  return 16;
}

void expect_equal(const onnx::Model& engine, const ExecutedGraph& rules, const std::string& name) {
  const Agreement agreement = compare_graphs(must(executed_as_is(engine, {})), rules);
  EXPECT_TRUE(agreement.equal) << name;
  EXPECT_EQ(agreement.common, agreement.engine_nodes) << name;
  for (const auto& [what, count] : agreement.missing) ADD_FAILURE() << name << ": engine " << count << "x " << what;
  for (const auto& [what, count] : agreement.surplus) ADD_FAILURE() << name << ": rules " << count << "x " << what;
}

TEST(ExecutedGraph, OfRealNetworksIsTheEngines) {
  for (const char* name : {"squeezenet", "shufflenet"}) {
    const onnx::Model model = read("graph/" + std::string(name) + ".onnx");
    const onnx::Model engine = read("graph/" + std::string(name) + ".optimized.onnx", onnx::ExternalWeights::ignored);
    expect_equal(engine, deduce(model, block_of(engine)), name);
  }
}

/// Of channel counts that one width divides and the other does not.
TEST(ExecutedGraph, IsTheEnginesWithEitherWidthOfBlocks) {
  for (const char* name :
       {"convnext", "inverted", "grouped", "joined", "window_attention", "decoder_bias", "decoder_shift"}) {
    const std::string file = "executed/" + std::string(name);
    const onnx::Model model = read(file + ".onnx", onnx::ExternalWeights::ignored);
    for (const int block : {8, 16}) {
      const std::string saved = file + "-" + std::to_string(block) + ".onnx";
      expect_equal(read(saved, onnx::ExternalWeights::ignored), deduce(model, block), saved);
    }
  }
}

TEST(ExecutedGraph, CanBeWrittenAndReadAgain) {
  for (const Probe& probe : onnxruntime_probes()) {
    const onnx::Model model = as_read(probe.model);
    const ExecutedGraph deduced = deduce(model, 16);
    EXPECT_EQ(summary(must(executed_as_is(as_read(to_model(deduced, model)), {}))), summary(deduced)) << probe.name;
    EXPECT_EQ(summary(must(read_executed_graph(write_executed_graph(deduced)))), summary(deduced)) << probe.name;
  }
}

TEST(ExecutedGraph, StaysPlainWithoutABlock) {
  for (const Probe& probe : onnxruntime_probes()) {
    const ExecutedGraph deduced = deduce(as_read(probe.model), 0);
    for (const ir::NodeId id : deduced.order) {
      EXPECT_NE(deduced.graph.node(id).domain, "com.microsoft.nchwc") << probe.name;
    }
  }
}

/// Found by fuzzing: a sum of blocked values where one's size is not known.
TEST(ExecutedGraph, LivesWithUnknownShapes) {
  onnx::Graph graph;
  graph.inputs = {test::value("x", {1, 32, 6, 6})};
  graph.outputs = {test::value("sum", {1, 32, 6, 6})};
  graph.initializers = {test::weight("w", {32, 32, 1, 1})};
  graph.nodes = {test::node("Mystery", {"x"}, {"m"}, {}, "unknown"), test::node("Conv", {"m", "w"}, {"a"}),
                 test::node("Conv", {"x", "w"}, {"b"}), test::node("Add", {"a", "b"}, {"sum"})};
  const ExecutedGraph found = deduce(test::model(std::move(graph)), 16);
  EXPECT_EQ(found.graph.node(found.order.back()).op, "Add");
}

TEST(ExecutedGraph, RefusesNodesThatLackWhatTheyNeed) {
  onnx::Graph graph;
  graph.inputs = {test::value("x", {2, 3})};
  graph.outputs = {test::value("y", {2, 3})};
  graph.nodes = {test::node("Mul", {"x"}, {"y"})};
  const auto found = executed_graph(test::model(std::move(graph)), {}, kEngine, {1030, 16});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Errc::invalid_input);
  EXPECT_NE(found.error().context.find("(Mul) lacks its input 1"), std::string::npos) << found.error().context;
}

/// As the engine: a permutation that is none stays what it is.
TEST(ExecutedGraph, LeavesOddPermutationsAlone) {
  onnx::Graph graph;
  graph.inputs = {test::value("x", {2, 3})};
  graph.outputs = {test::value("y", {3, 2})};
  graph.nodes = {test::node("Transpose", {"x"}, {"t"}, {test::ints("perm", {1, 0})}),
                 test::node("Transpose", {"t"}, {"y"}, {test::ints("perm", {0, 7})})};
  EXPECT_EQ(deduce(test::model(std::move(graph)), 16).order.size(), 2U);
}

TEST(ExecutedGraph, SaysWhichEngineItHasNoRulesFor) {
  const auto none = executed_graph(onnxruntime_probes().front().model, {}, "abacus", {1000, 8});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::unsupported);
  EXPECT_NE(none.error().context.find("abacus"), std::string::npos);
}

TEST(ExecutedGraph, UnboundDimensionsAreAnError) {
  onnx::Graph graph;
  graph.inputs = {test::value("x", {-1, 3})};
  graph.outputs = {test::value("y", {-1, 3})};
  graph.nodes = {test::node("Relu", {"x"}, {"y"})};
  EXPECT_FALSE(executed_graph(test::model(std::move(graph)), {}, kEngine, {1030, 16}));
}

TEST(EngineTarget, IsReadFromVersionAndFeatures) {
  EXPECT_EQ(must(engine_target(kEngine, "1.30.0", "sse4_2 avx avx2 avx512f")).block, 16);
  EXPECT_EQ(must(engine_target(kEngine, "1.30.0", "avx avx2")).block, 8);
  EXPECT_EQ(must(engine_target(kEngine, "1.30.0", "neon")).block, 0);
  EXPECT_EQ(must(engine_target(kEngine, "1.30.0", "avx512fp16")).block, 0);  // a word of its own
  EXPECT_EQ(must(engine_target(kEngine, "1.22.1", "")).version, 1022);
  EXPECT_EQ(must(engine_target(kEngine, "1.30.0", "asimd asimddp")).block, 0);
  EXPECT_EQ(engine_target(kEngine, "1.30.0", "asimd asimddp sve sme").error().code, Errc::unsupported);
  EXPECT_EQ(must(engine_target(kEngine, "2.0.1", "")).version, 2000);
  EXPECT_EQ(must(engine_target(kEngine, "1.30.0", "", "basic")).level, Level::basic);
  EXPECT_EQ(must(engine_target(kEngine, "1.30.0", "")).level, Level::all);
  EXPECT_FALSE(engine_target(kEngine, "1.30.0", "", "utmost"));
  const auto old = engine_target(kEngine, "1.9.1", "");
  ASSERT_FALSE(old);
  EXPECT_NE(old.error().context.find("from version 1.19 on"), std::string::npos) << old.error().context;
  for (const char* odd : {"", "1", "one.two", "1.", "1001.0", "1.1000", "4000000.1"})
    EXPECT_FALSE(engine_target(kEngine, odd, "")) << odd;
}

TEST(Agreement, FindsWhatDiffers) {
  const onnx::Model model = read("graph/squeezenet.onnx");
  const ExecutedGraph sixteen = deduce(model, 16), plain = deduce(model, 0);
  const Agreement same = compare_graphs(sixteen, sixteen);
  EXPECT_TRUE(same.equal);
  EXPECT_EQ(same.common, same.engine_nodes);
  EXPECT_TRUE(same.missing.empty() && same.surplus.empty());
  const Agreement other = compare_graphs(sixteen, plain);
  EXPECT_FALSE(other.equal);
  EXPECT_LT(other.common, other.engine_nodes);
  EXPECT_FALSE(other.missing.empty());
  EXPECT_FALSE(other.surplus.empty());
}

}  // namespace
}  // namespace latcast::rules
