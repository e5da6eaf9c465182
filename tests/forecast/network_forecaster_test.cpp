// Networks built through the API: the same modules and forecasts as from a file.
#include "latcast/network_forecaster.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "forecast/made_up_models.h"
#include "forecast/pack_network.h"
#include "graph/module_network.h"
#include "graph/net_builder.h"
#include "must.h"
#include "rules/executed_graph.h"
#include "rules/probes.h"

namespace latcast {
namespace {

using test::must;

Pack made_up_pack(const std::string& engine = "onnxruntime") {
  return must(Pack::from_bytes(pack_bytes(bench::network_pack_content(engine))));
}

const Pack& pack() {
  static const Pack one = made_up_pack();
  return one;
}

const NetworkForecaster& forecaster() {
  static const NetworkForecaster one = must(NetworkForecaster::open(pack(), 0));
  return one;
}

Network small_cnn(std::int64_t channels = 32) {
  Network net;
  Tensor x = net.input({1, 3, 32, 32});
  x = net.node("Conv", {x, net.weight({channels, 3, 3, 3})}, {{"pads", {1, 1, 1, 1}}, {"kernel_shape", {3, 3}}});
  x = net.node("Relu", {x});
  x = net.node("GlobalAveragePool", {x});
  x = net.node("Flatten", {x}, {{"axis", 1}});
  net.output(net.node("Gemm", {x, net.weight({10, channels}), net.weight({10})}, {{"transB", 1}}));
  return net;
}

/// A file's graph, said again through the API; false: it has what the API does not.
class Replay {
 public:
  explicit Replay(const onnx::Model& model) : net_(static_cast<int>(model.opsets.at(""))) {
    const onnx::Graph& graph = model.graph;
    for (const onnx::Tensor& tensor : graph.initializers) known_[tensor.name] = constant(tensor);
    for (const onnx::ValueInfo& input : graph.inputs) {
      std::vector<std::int64_t> dims;
      if (!input.shape) continue;
      for (const onnx::Dim& dim : *input.shape) dims.push_back(dim.value);
      known_[input.name] = net_.input(dims, static_cast<ElementType>(input.type));
    }
    for (const onnx::Node& node : graph.nodes) add(node);
    for (const onnx::ValueInfo& output : graph.outputs) net_.output(known_[output.name]);
  }
  [[nodiscard]] bool possible() const { return possible_; }
  [[nodiscard]] const Network& network() const { return net_; }

 private:
  Tensor constant(const onnx::Tensor& tensor) {
    const auto type = static_cast<ElementType>(tensor.type);
    if (tensor.has_values() && tensor.dims.empty())
      return net_.scalar(tensor.floats.empty() ? static_cast<double>(tensor.ints[0]) : tensor.floats[0], type);
    if (tensor.has_values() && tensor.dims.size() == 1 && type == ElementType::int64) return net_.integers(tensor.ints);
    possible_ = possible_ && !tensor.has_values();
    return net_.weight(std::span(tensor.dims.begin(), tensor.dims.size()), type);
  }

  void add(const onnx::Node& node) {
    std::vector<NodeAttribute> attributes;
    for (const onnx::Attribute& one : node.attributes) {
      using Kind = onnx::Attribute::Kind;
      possible_ =
          possible_ && (one.kind == Kind::i || one.kind == Kind::f || one.kind == Kind::s || one.kind == Kind::ints);
      if (one.kind == Kind::i) attributes.emplace_back(one.name, one.i);
      if (one.kind == Kind::f) attributes.emplace_back(one.name, static_cast<double>(one.f));
      if (one.kind == Kind::s) attributes.emplace_back(one.name, std::string_view(one.s));
      if (one.kind == Kind::ints) attributes.emplace_back(one.name, std::span(one.ints.begin(), one.ints.size()));
    }
    std::vector<Tensor> inputs;
    for (const std::string& input : node.inputs) inputs.push_back(input.empty() ? Tensor() : known_.at(input));
    const auto outputs = net_.nodes(node.op, inputs, attributes, node.outputs.size(), node.domain);
    for (std::size_t i = 0; i < outputs.size(); ++i) known_[node.outputs[i]] = outputs[i];
  }

  Network net_;
  std::map<std::string, Tensor> known_;
  bool possible_ = true;
};

/// The executed graph as a model, whose shapes are inferred anew.
struct FromFile {
  explicit FromFile(const onnx::Model& model) : catalogue(must(pack_catalogue(pack()))) {
    const rules::EngineTarget target = must(rule_target(pack().target()));
    auto executed = must(rules::executed_graph(model, {}, "onnxruntime", target));
    executed = must(executed_as_is(to_model(executed, model), {}));
    network = match_modules(executed, catalogue, nullptr);
    const auto queries = module_queries(network, pack_types(pack(), catalogue));
    modules.resize(queries.size());
    total = must(Predictor(pack(), 0).forecast_network(queries, modules));
  }
  Catalogue catalogue;
  ModuleNetwork network;
  std::vector<ModuleForecast> modules;
  NetworkForecast total;
};

TEST(NetworkForecaster, ForecastsProbesAsFromFiles) {
  std::size_t replayed = 0;
  for (const rules::Probe& probe : rules::onnxruntime_probes()) {
    const Replay replay(probe.model);
    if (!replay.possible()) continue;
    ++replayed;
    std::vector<ExecutedModule> modules;
    const NetworkForecast total = must(forecaster().forecast(replay.network(), modules));
    const FromFile file(probe.model);
    ASSERT_EQ(modules.size(), file.modules.size()) << probe.name;
    for (std::size_t i = 0; i < modules.size(); ++i) {
      EXPECT_EQ(modules[i].op, file.network.modules[i].op) << probe.name;
      EXPECT_EQ(modules[i].forecast.latency.count(), file.modules[i].latency.count())
          << probe.name << " " << modules[i].op;
    }
    EXPECT_EQ(total.quiet.count(), file.total.quiet.count()) << probe.name;
    EXPECT_EQ(total.upper.count(), file.total.upper.count()) << probe.name;
  }
  EXPECT_GT(replayed, 60U);
}

TEST(NetworkForecaster, SaysWhatIsExecuted) {
  std::vector<ExecutedModule> modules;
  const NetworkForecast total = must(forecaster().forecast(small_cnn(), modules));
  std::vector<std::string> operators;
  double sum = 0;
  for (const ExecutedModule& module : modules) {
    operators.push_back(module.op);
    sum += module.forecast.latency.count();
  }
  EXPECT_EQ(operators, (std::vector<std::string>{"com.microsoft.nchwc:Conv", "com.microsoft.nchwc:GlobalAveragePool",
                                                 "com.microsoft.nchwc:ReorderOutput", "Flatten", "Gemm"}));
  EXPECT_EQ(modules.front().type, "conv2d");
  EXPECT_NEAR(sum, total.quiet.count(), 1e-6 * sum);
  EXPECT_LT(total.lower.count(), total.quiet.count());
}

TEST(NetworkForecaster, TakesNetworksThatAreNotNeededAnyMore) {
  Network net = small_cnn();
  const double kept = must(forecaster().forecast(net)).quiet.count();
  EXPECT_EQ(net.size(), 5U);
  EXPECT_EQ(must(forecaster().forecast(std::move(net))).quiet.count(), kept);
}

// Conv and Relu of a free batch, from a file: the same as built through the API.
TEST(NetworkForecaster, ForecastsFiles) {
  onnx::Graph graph;
  onnx::ValueInfo input = test::value("x", {});
  input.shape = {{-1, "n"}, {3, {}}, {32, {}}, {32, {}}};
  graph.inputs = {input};
  graph.initializers = {test::weight("w", {8, 3, 3, 3})};
  graph.nodes = {test::node("Conv", {"x", "w"}, {"c"}, {test::ints("kernel_shape", {3, 3})}),
                 test::node("Relu", {"c"}, {"y"})};
  graph.outputs = {test::value("y", {4, 8, 30, 30})};
  graph.nodes[0].name = "first";
  const std::string file = testing::TempDir() + "latcast_forecasts_files.onnx";
  std::ofstream(file, std::ios::binary) << must(
      onnx::write_model(test::model(std::move(graph)), onnx::Weights::materialize));

  const ModelForecast forecast = must(forecaster().forecast_file(file, {.named = {}, .batch = 4}));
  Network net;
  const Tensor x = net.node("Conv", {net.input({4, 3, 32, 32}), net.weight({8, 3, 3, 3})}, {{"kernel_shape", {3, 3}}});
  net.output(net.node("Relu", {x}));
  EXPECT_EQ(forecast.total.quiet.count(), must(forecaster().forecast(net)).quiet.count());
  EXPECT_EQ(forecast.parameters, 8 * 27);
  EXPECT_EQ(forecast.weight_bytes, 4 * 8 * 27);
  EXPECT_TRUE(forecast.unknown.empty());
  double sum = 0;
  bool names_the_file = false;
  for (const ExecutedModule& module : forecast.modules) {
    sum += module.forecast.latency.count();
    EXPECT_FALSE(module.type.empty()) << module.op << ": " << module.reason;
    EXPECT_FALSE(module.parameters.empty());
    names_the_file = names_the_file || std::ranges::count(module.nodes, "first") == 1;
  }
  EXPECT_NEAR(sum, forecast.total.quiet.count(), 1e-6 * sum);
  EXPECT_TRUE(names_the_file);

  const auto unbound = forecaster().forecast_file(file);
  ASSERT_FALSE(unbound);
  EXPECT_EQ(unbound.error().code, Errc::invalid_input);
  EXPECT_NE(unbound.error().context.find("'n'"), std::string::npos) << unbound.error().context;
  EXPECT_EQ(forecaster().forecast_file(file + ".none").error().code, Errc::not_found);
}

TEST(NetworkForecaster, IsBoundToOtherConditions) {
  PackContent content = bench::network_pack_content("onnxruntime");
  for (ConditionRange& one : content.info.conditions) one.high = std::max(one.low, one.usual);
  const NetworkForecaster usual = must(NetworkForecaster::open(must(Pack::from_bytes(pack_bytes(content))), 0));
  const NetworkForecaster two = must(usual.at({{"threads", 2}}));
  EXPECT_EQ(two.predictor().conditions().at("threads"), 2);
  EXPECT_EQ(must(two.forecast(small_cnn())).time_share, 0);  // nobody measured two
  EXPECT_EQ(must(two.forecast(small_cnn())).quiet, must(usual.forecast(small_cnn())).quiet);
  EXPECT_GT(must(usual.forecast(small_cnn())).time_share, 0);
  EXPECT_FALSE(usual.at({{"humidity", 2}}));
}

TEST(NetworkForecaster, ServesThreads) {
  const double alone = must(forecaster().forecast(small_cnn())).quiet.count();
  std::vector<double> found(4, 0);
  std::vector<std::thread> threads;
  for (double& one : found) {
    threads.emplace_back([&one] {
      for (int i = 0; i < 20; ++i) one = must(forecaster().forecast(small_cnn())).quiet.count();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const double one : found) EXPECT_EQ(one, alone);
}

TEST(NetworkForecaster, NeedsRulesForThePacksEngine) {
  const auto none = NetworkForecaster::open(made_up_pack("abacus"));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::unsupported);
  EXPECT_NE(none.error().context.find("abacus"), std::string::npos);
}

TEST(NetworkForecaster, RefusesNetworksWithoutAnOutput) {
  Network net;
  net.node("Relu", {net.input({1, 3})});
  const auto found = forecaster().forecast(net);
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().context.find("output"), std::string::npos) << found.error().context;
}

TEST(NetworkForecaster, LivesWithOperatorsNobodyKnows) {
  Network net;
  const Tensor x = net.node("Mystery", {net.input({1, 3})}, {}, "unknown");
  EXPECT_FALSE(net.dims(x));
  net.output(net.node("Relu", {x}));
  EXPECT_FALSE(net.error());
  std::vector<ExecutedModule> modules;
  must(forecaster().forecast(net, modules));
  ASSERT_EQ(modules.size(), 2U);
  EXPECT_EQ(modules[0].op, "unknown:Mystery");
  EXPECT_EQ(modules[0].type, "");
  EXPECT_EQ(modules[0].forecast.status, ForecastStatus::unknown);
}

TEST(NetworkForecaster, TellsWhatWentWrongWhenANetworkWasBuilt) {
  Network net;
  net.output(net.node("Mul", {net.input({2, 3})}));
  const auto forecast = forecaster().forecast(net);
  ASSERT_FALSE(forecast);
  EXPECT_EQ(forecast.error().code, Errc::invalid_input);
  EXPECT_EQ(forecast.error().context, "operator 0 (Mul) lacks its input 1");
}

// Read, then forecast: the same as the file itself, though nothing of it is written down again in between.
TEST(NetworkForecaster, ForecastsNetworksThatWereReadAsTheirFiles) {
  for (const std::string name : {"shufflenet", "squeezenet"}) {
    const std::string file = std::string(LATCAST_TEST_DATA) + "/graph/" + name + ".onnx";
    const double read = must(forecaster().forecast(must(Network::read(file)))).quiet.count();
    EXPECT_EQ(read, must(forecaster().forecast_file(file)).total.quiet.count()) << name;
  }
}

TEST(NetworkForecaster, ForecastsPartsAndOtherBatches) {
  const Network whole = must(Network::read(std::string(LATCAST_TEST_DATA) + "/graph/squeezenet.onnx"));
  const std::vector<Operator> operators = whole.operators();
  const auto pool = std::ranges::find(operators, "MaxPool", &Operator::op);
  const NetworkCut parts = must(whole.cut(pool->outputs));
  EXPECT_EQ(parts.crossing.size(), 1U);
  const double one = must(forecaster().forecast(whole)).quiet.count();
  const double before = must(forecaster().forecast(parts.before)).quiet.count();
  const double after = must(forecaster().forecast(parts.after)).quiet.count();
  EXPECT_LT(std::max(before, after), one);
  EXPECT_NEAR(before + after, one, 0.2 * one);
  EXPECT_GT(must(forecaster().forecast(must(whole.with_batch(4)))).quiet.count(), 2 * one);
}

// What was cut off leaves no trace: the same as the part built by itself.
TEST(NetworkForecaster, ForecastsPartsAsIfTheyHadAlwaysBeenNetworksOfTheirOwn) {
  const auto tail = [](Network& net, Tensor x) {
    x = net.node("Conv", {x, net.weight({16, 32, 1, 1})}, {{"kernel_shape", {1, 1}}});
    net.output(net.node("GlobalAveragePool", {net.node("Relu", {x})}));
  };
  Network whole, alone;
  const Tensor middle = whole.node("Relu", {whole.node("Conv", {whole.input({1, 3, 8, 8}), whole.weight({32, 3, 1, 1})},
                                                       {{"kernel_shape", {1, 1}}})});
  tail(whole, middle);
  tail(alone, alone.input({1, 32, 8, 8}));
  std::vector<ExecutedModule> cut, built;
  const NetworkForecast part = must(forecaster().forecast(must(whole.cut({middle})).after, cut));
  EXPECT_EQ(part.quiet.count(), must(forecaster().forecast(alone, built)).quiet.count());
  ASSERT_EQ(cut.size(), built.size());
  for (std::size_t i = 0; i < cut.size(); ++i) EXPECT_EQ(cut[i].parameters, built[i].parameters);
}

}  // namespace
}  // namespace latcast
