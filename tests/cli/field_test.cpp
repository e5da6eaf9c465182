// What people really give the command: files and options that public reports name. Each is answered as an engine would,
// or refused with what to do.
#include <algorithm>

#include "core/pack_content.h"
#include "graph/wire.h"
#include "world.h"

namespace latcast {
namespace {

using test::contains;
using test::Json;
using test::node;
using test::Outcome;
using test::value;
using test::weight;

constexpr const char* kFake = "engine";  // the pack's own engine tells; else rules deduce for another one

class Field : public test::CliTest {
 protected:
  /// The world's pack as one of the engine that rules know.
  [[nodiscard]] std::string rules_pack() const {
    const std::string file = at("rules.latpack");
    if (test::fs::exists(file)) return file;
    PackContent content = test::must(read_pack_content(test::world().pack));
    content.info.target.engine = "onnxruntime";
    content.info.target.engine_version = "1.30.0";
    if (auto ok = write_pack(content, file); !ok) throw std::runtime_error(ok.error().context);
    return file;
  }
  [[nodiscard]] std::string saved(const onnx::Model& model, const std::string& name = "model.onnx") const {
    test::save(model, at(name));
    return at(name);
  }
  [[nodiscard]] Outcome by(const std::string& graph, const std::string& file,
                           std::vector<std::string> more = {}) const {
    const std::string pack = graph == kFake ? test::world().pack : rules_pack();
    more.insert(more.begin(), {"predict", file, "--pack", pack, "--graph", graph});
    return run(more);
  }
  /// Exit 1 by the engine and by rules, the file named and all of `what` said.
  void refuse(const std::string& file, const std::vector<std::string>& what, const std::vector<std::string>& more = {},
              const std::vector<std::string>& graphs = {kFake, "rules"}) const {
    for (const std::string& graph : graphs) {
      const Outcome outcome = by(graph, file, more);
      EXPECT_EQ(outcome.code, 1) << graph << outcome;
      EXPECT_TRUE(contains(outcome.err, file)) << graph << outcome;
      for (const std::string& one : what) EXPECT_TRUE(contains(outcome.err, one)) << graph << ": " << one << outcome;
    }
  }
  /// The forecast by rules.
  [[nodiscard]] Json forecast(const std::string& file, std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"predict", file, "--pack", rules_pack(), "--graph", "rules", "--modules", "--json"});
    const Json json = run_json(more);
    return json["predictions"].empty() ? Json() : json["predictions"][0];
  }
  /// The shapes that the nodes of an operator give, as they would be executed.
  [[nodiscard]] Json outputs_of(const std::string& file, const std::string& op,
                                std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"graph", file, "--pack", rules_pack(), "--graph", "rules", "--json"});
    Json out = Json::array();
    const Json executed = run_json(more);
    for (const Json& one : executed["nodes"]) {
      if (one["op"] != op) continue;
      for (const Json& output : one["outputs"]) out.push_back(output.value("shape", Json()));
    }
    return out;
  }
};

onnx::Model single(onnx::Node one, std::vector<onnx::ValueInfo> inputs, std::vector<onnx::Tensor> weights = {},
                   std::int64_t opset = 17) {
  onnx::Graph graph;
  graph.inputs = std::move(inputs);
  graph.initializers = std::move(weights);
  for (const std::string& output : one.outputs) graph.outputs.push_back(value(output, {}, onnx::DataType::undefined));
  graph.nodes = {std::move(one)};
  return test::model(std::move(graph), opset);
}

// ---- dimensions

TEST_F(Field, ABatchThatTheFileFixesIsReboundByRulesOrRefused) {
  const std::string file = saved(test::small_cnn());
  const Json one = forecast(file), eight = forecast(file, {"--batch", "8"});
  EXPECT_EQ(eight["cost"]["macs"].get<double>(), 8 * one["cost"]["macs"].get<double>());
  EXPECT_EQ(eight["conditions"]["batch"], 8);
  EXPECT_TRUE(contains(by("rules", file, {"--batch", "8"}).err, "fixed at 1 in the file")) << file;
  EXPECT_FALSE(contains(by("rules", file, {"--batch", "1"}).err, "fixed"));
  refuse(file, {"fixed at 1 in the file", "--graph rules"}, {"--batch", "8"}, {kFake});
  const Outcome measured = run({"measure", file, "--engine", "fake", "--rounds", "1", "--batch", "8"});
  EXPECT_EQ(measured.code, 1) << measured;
  EXPECT_TRUE(contains(measured.err, "fixed at 1")) << measured;
}

TEST_F(Field, DimensionsThatAreNotThereOrFixedAreNamed) {
  onnx::Model model = test::small_cnn();
  refuse(saved(model), {"x:2 is fixed at 32 in the file, it cannot be 128"}, {"--dim", "x:2=128"});
  refuse(saved(model), {"no input has a dimension 'height'", "all of them are fixed"}, {"--dim", "height=64"});
  model.graph.inputs = {test::free_value("x", {{-1, "batch"}, {3, ""}, {-1, "height"}, {-1, "width"}})};
  const std::vector<std::string> all = {"--batch", "1", "--dim", "height=64", "--dim", "width=64"};
  EXPECT_EQ(by("rules", saved(model), all).code, 0);
  std::vector<std::string> more = all;
  more.insert(more.end(), {"--dim", "heigth=64"});
  refuse(saved(model), {"no input has a dimension 'heigth'", "did you mean 'height'?"}, more);
}

TEST_F(Field, LengthsFollowFromTheirPartsAndDoNotContradictThem) {
  onnx::Graph graph;
  graph.inputs = {
      test::free_value(
          "scores",
          {{-1, "batch_size"}, {4, ""}, {-1, "sequence_length"}, {-1, "past_sequence_length + sequence_length"}}),
      test::free_value("key", {{-1, "batch_size"}, {4, ""}, {-1, "past_sequence_length"}, {64, ""}}),
      test::free_value("mask", {{-1, "batch_size"}, {1, ""}, {1, ""}, {-1, "past_sequence_length + sequence_length"}})};
  graph.nodes = {node("Add", {"scores", "mask"}, {"y"}), node("Relu", {"key"}, {"k"})};
  graph.outputs = {value("y", {}), value("k", {})};
  const std::string file = saved(test::model(std::move(graph)));
  const std::vector<std::string> batch = {"--dim", "batch_size=1", "--dim", "sequence_length=1"};
  const auto with = [&](const std::string& dim) {
    std::vector<std::string> out = batch;
    out.insert(out.end(), {"--dim", dim});
    return out;
  };
  EXPECT_EQ(outputs_of(file, "Add", with("past_sequence_length=127")), Json({{1, 4, 1, 128}}));
  EXPECT_EQ(outputs_of(file, "Relu", with("mask:3=128")), Json({{1, 4, 127, 64}}));
  EXPECT_EQ(outputs_of(file, "Relu", with("past_sequence_length=0")), Json({{1, 4, 0, 64}}));
  refuse(file, {"'past_sequence_length' (key:2)"}, batch);
  std::vector<std::string> contradicting = with("past_sequence_length=127");
  contradicting.insert(contradicting.end(), {"--dim", "mask:3=64"});
  refuse(file, {"'past_sequence_length + sequence_length'", "both 64 and 128"}, contradicting);
}

// ---- what no engine takes

TEST_F(Field, ShapesThatCannotBeAreRefused) {
  onnx::Model reshape =
      single(node("Reshape", {"x", "shape"}, {"y"}), {test::free_value("x", {{-1, "N"}, {16, ""}, {4, ""}, {4, ""}})},
             {test::int_values("shape", {1, 256})});
  EXPECT_EQ(by("rules", saved(reshape), {"--batch", "1"}).code, 0);
  refuse(saved(reshape), {"Reshape_y", "8x16x4x4", "(1, 256)"}, {"--batch", "8"});
  refuse(saved(single(node("Conv", {"x", "w"}, {"y"}), {value("x", {1, 3, 8, 8})}, {weight("w", {4, 2, 3, 3})})),
         {"Conv_y", "1x3x8x8", "4x2x3x3"});
  refuse(saved(single(node("Add", {"x", "z"}, {"y"}), {value("x", {2, 8}), value("z", {3, 8})})),
         {"Add_y", "2x8, 3x8"});
  refuse(saved(single(node("Relu", {"x"}, {"y"}), {value("x", {2, 8}, static_cast<onnx::DataType>(999))})),
         {"element type 999"});
}

TEST_F(Field, RulesRefuseWhatTheirEngineHasNoKernelFor) {
  const auto type = onnx::DataType::float64;
  onnx::Tensor weights = weight("w", {4, 3, 1, 1});
  weights.type = type;
  refuse(saved(single(node("Conv", {"x", "w"}, {"y"}), {value("x", {1, 3, 8, 8}, type)}, {weights})),
         {"Conv_y", "float64", "float32"}, {}, {"rules"});
  refuse(saved(single(node("Add", {"x", "z"}, {"y"}), {value("x", {2, 8}), value("z", {2, 8})}, {}, 5)),
         {"Add_y", "before operator set 7", "version_converter"}, {}, {"rules"});
  refuse(saved(single(node("Relu", {"x"}, {"y"}), {value("x", {2, 8})}, {}, 99)), {"operator set 99", "up to 26"}, {},
         {"rules"});
  onnx::Model newer = test::relu_chain(1);
  newer.ir_version = 99;
  refuse(saved(newer), {"IR version 99", "up to 13"}, {}, {"rules"});
  const Json ok =
      forecast(saved(single(node("MatMul", {"x", "z"}, {"y"}), {value("x", {2, 8}, type), value("z", {8, 4}, type)})));
  EXPECT_EQ(ok["coverage"]["modules"], 1);
}

TEST_F(Field, AnUpsampleOfTheFirstYearsIsNotBlocked) {
  onnx::Model model = test::small_cnn();
  model.opsets[""] = 8;
  model.graph.nodes[1] = node("Upsample", {"c1"}, {"r1"}, {{"scales", std::vector<float>{1, 1, 2, 2}}});
  EXPECT_EQ(outputs_of(saved(model), "Upsample"), Json({{1, 16, 64, 64}}));
}

// ---- control flow and functions

onnx::Model with_branches(bool decided) {
  onnx::Graph then, other, graph;
  then.nodes = {node("Squeeze", {"c", "axes"}, {"squeezed"})};
  then.outputs = {value("squeezed", {})};
  other.nodes = {node("Sigmoid", {"c"}, {"kept"})};
  other.outputs = {value("kept", {})};
  graph.inputs = {test::free_value("x", {{-1, "batch"}, {1, ""}, {64, ""}}),
                  value("asked", {1}, onnx::DataType::boolean)};
  graph.initializers = {weight("w", {64, 64}), test::int_values("axes", {1}), test::int_values("one", {1})};
  graph.nodes = {node("MatMul", {"x", "w"}, {"c"}),
                 node("Shape", {"c"}, {"shape"}),
                 node("Gather", {"shape", "one"}, {"dim"}),
                 node("Equal", {"dim", "one"}, {"same"}),
                 node("If", {decided ? "same" : "asked"}, {"s"},
                      {test::graph("then_branch", then), test::graph("else_branch", other)}),
                 node("Relu", {"s"}, {"y"})};
  graph.outputs = {value("y", {})};
  return test::model(std::move(graph));
}

TEST_F(Field, AnIfThatABoundShapeDecidesIsForecast) {
  const std::string file = saved(with_branches(true));
  EXPECT_EQ(outputs_of(file, "Relu", {"--batch", "3"}), Json({{3, 64}}));
  EXPECT_EQ(outputs_of(file, "Sigmoid", {"--batch", "3"}), Json::array());
  EXPECT_EQ(by(kFake, file, {"--batch", "3"}).code, 0);
}

TEST_F(Field, OpenBranchesAndLoopsAreRefusedButShown) {
  onnx::Model model = with_branches(false);
  refuse(saved(model), {"control flow", "If 'If_s'"}, {"--batch", "1"});
  model.graph.nodes[4].op = "Loop";
  const std::string file = saved(model);
  refuse(file, {"control flow", "Loop 'If_s'"}, {"--batch", "1"});
  const Outcome shown = run({"inspect", file});
  EXPECT_EQ(shown.code, 0) << shown;
  EXPECT_TRUE(contains(shown.out, "Loop") && contains(shown.out, "6 nodes")) << shown;
}

TEST_F(Field, LocalFunctionsAreForecast) {
  const auto message = [](const std::vector<std::pair<std::uint32_t, std::string>>& fields) {
    onnx::wire::Writer out;
    for (const auto& [number, text] : fields) out.text(number, text);
    return std::string(out.view());
  };
  onnx::Model model = test::relu_chain(2);
  model.graph.nodes[1].op = "Block";
  model.graph.nodes[1].domain = "mine";
  model.opsets["mine"] = 1;
  const std::string body = message({{1, "a"}, {2, "b"}, {3, "inside"}, {4, "Sigmoid"}});
  const std::string function = message({{1, "Block"}, {4, "a"}, {5, "b"}, {7, body}, {10, "mine"}});
  test::write_text(at("functions.onnx"),
                   test::must(onnx::write_model(model, onnx::Weights::materialize)) + message({{25, function}}));
  const Json prediction = forecast(at("functions.onnx"));
  EXPECT_EQ(prediction["coverage"]["unknown"], Json::array());
  EXPECT_EQ(prediction["modules"][1]["op"], "Sigmoid");
  EXPECT_EQ(prediction["modules"][1]["nodes"], Json::array({"Relu_t2/inside"}));
  EXPECT_EQ(by(kFake, at("functions.onnx")).code, 0);
}

// ---- shapes and counts

TEST_F(Field, WhatComesFromACacheOrAListHasAShape) {
  onnx::Node attention =
      node("GroupQueryAttention", {"q", "k", "v", "pk", "pv", "past", "total"}, {"y", "key", "values"},
           {test::integer("num_heads", 4), test::integer("kv_num_heads", 2)}, "com.microsoft");
  const std::string cached =
      saved(single(attention,
                   {value("q", {1, 1, 64}), value("k", {1, 1, 32}), value("v", {1, 1, 32}), value("pk", {1, 2, 15, 16}),
                    value("pv", {1, 2, 15, 16})},
                   {test::int_values("past", {15}), test::int_scalar("total", 16, onnx::DataType::int32)}));
  EXPECT_EQ(outputs_of(cached, "com.microsoft:GroupQueryAttention"),
            Json({{1, 1, 64}, {1, 2, 16, 16}, {1, 2, 16, 16}}));
  onnx::Graph graph;
  graph.inputs = {value("x", {1, 96, 8, 8})};
  graph.initializers = {test::int_values("sizes", {32, 32, 32}), test::int_scalar("last", 2)};
  graph.nodes = {node("SplitToSequence", {"x", "sizes"}, {"list"}, {test::integer("axis", 1)}),
                 node("SequenceAt", {"list", "last"}, {"part"}), node("Relu", {"part"}, {"y"})};
  graph.outputs = {value("y", {})};
  EXPECT_EQ(outputs_of(saved(test::model(std::move(graph))), "Relu"), Json({{1, 32, 8, 8}}));
}

TEST_F(Field, PackedAndComputedWeightsAreCountedAsWhatTheyAre) {
  onnx::Tensor packed = weight("w", {48, 2, 16});
  packed.type = onnx::DataType::uint8;
  const Json four_bits = forecast(saved(single(
      node("MatMulNBits", {"x", "w", "scales"}, {"y"},
           {test::integer("K", 64), test::integer("N", 48), test::integer("bits", 4), test::integer("block_size", 32)},
           "com.microsoft"),
      {value("x", {1, 16, 64})}, {packed, weight("scales", {96})})));
  EXPECT_EQ(four_bits["cost"]["macs"], 16 * 64 * 48);
  EXPECT_EQ(four_bits["cost"]["parameters"], 64 * 48 + 96);
  EXPECT_EQ(four_bits["cost"]["weight_bytes"], 64 * 48 / 2 + 4 * 96);
  onnx::Model light = test::small_cnn();
  std::erase_if(light.graph.initializers, [](const onnx::Tensor& one) { return one.name == "w2"; });
  light.graph.initializers.push_back(test::int_values("w2_shape", {32, 16, 3, 3}));
  light.graph.nodes.insert(light.graph.nodes.begin(), node("ConstantOfShape", {"w2_shape"}, {"w2"}));
  EXPECT_EQ(forecast(saved(light))["cost"]["parameters"], forecast(saved(test::small_cnn()))["cost"]["parameters"]);
  const Json counted = run_json({"predict", saved(light), "--pack", test::world().pack, "--json"});
  EXPECT_EQ(counted["predictions"][0]["cost"]["macs_partial"], false);
  const Json spectrum = forecast(saved(single(node("Wobble", {"x"}, {"y"}, {}, "com.example"), {value("x", {1, 8})})));
  EXPECT_EQ(spectrum["cost"]["macs_partial"], true);
}

// ---- weights

TEST_F(Field, WeightsThatCallersMayOverrideAreNotFoldedOrBlocked) {
  const auto kernels = [&](std::int64_t version) {
    onnx::Model model = test::small_cnn();
    model.ir_version = version;
    for (const onnx::Tensor& one : model.graph.initializers) model.graph.inputs.push_back(value(one.name, one.dims));
    return forecast(saved(model))["modules"][0]["op"];
  };
  EXPECT_EQ(kernels(3), "com.microsoft.nchwc:Conv");
  EXPECT_EQ(kernels(8), "com.microsoft:FusedConv");
}

TEST_F(Field, AnInitializerThatIsThereTwiceIsTakenOnce) {
  onnx::Model model = test::small_cnn();
  model.graph.initializers.push_back(model.graph.initializers[0]);
  EXPECT_EQ(forecast(saved(model))["cost"]["parameters"], forecast(saved(test::small_cnn()))["cost"]["parameters"]);
}

TEST_F(Field, StrippedAndShortWeightsAreSaid) {
  onnx::Model model = test::small_cnn();
  for (onnx::Tensor& one : model.graph.initializers) one.fill = {};
  const std::string file = saved(model);
  refuse(file, {"stripped of its weights", "--graph rules"}, {}, {kFake});
  EXPECT_GT(forecast(file)["latency_ns"]["quiet"].get<double>(), 0);
  model.graph.initializers[0].external_location = "weights.bin";
  test::write_text(at("weights.bin"), std::string(100, 'x'));
  const std::string cut = saved(model, "cut.onnx");
  refuse(cut, {"'weights.bin' is too short", "100 bytes of 1728"}, {}, {kFake});
  const Outcome shown = run({"inspect", cut});
  EXPECT_EQ(shown.code, 0) << shown;
  EXPECT_TRUE(contains(shown.out, "'weights.bin' is too short")) << shown;
}

// ---- messages

TEST_F(Field, NamesDoNotReachATerminalAsTheyAre) {
  onnx::Model model = test::small_cnn();
  model.graph.nodes[0].name = "red \x1b[31m\n\xe9 caf\xc3\xa9";
  model.graph.nodes[1] = node("Wob\x1b[0mble", {"c1"}, {"r1"}, {}, "com.example");
  model.graph.value_infos = {value("r1", {1, 16, 32, 32})};
  const std::string file = saved(model, "mod\xe8le.onnx");
  const Outcome shown = by("rules", file, {"--modules"});
  EXPECT_EQ(shown.code, 0) << shown;
  EXPECT_EQ(shown.out.find('\x1b'), std::string::npos) << shown;
  EXPECT_TRUE(contains(shown.out, "mod\\xe8le.onnx") && contains(shown.out, "red \\x1b[31m\\x0a\\xe9 caf\xc3\xa9"))
      << shown;
  EXPECT_TRUE(contains(by("rules", file, {"--csv"}).out, "mod\\xe8le.onnx"));
  EXPECT_FALSE(forecast(file)["modules"].empty());
  EXPECT_FALSE(contains(by("rules", at("none\x1b.onnx")).err, "\x1b"));
  const Outcome inspected = run({"inspect", file});
  EXPECT_EQ(inspected.out.find('\x1b'), std::string::npos) << inspected;
}

TEST_F(Field, WhatIsMisspeltIsSuggested) {
  const std::string file = saved(test::small_cnn());
  const Outcome graph = by("ruels", file);
  EXPECT_EQ(graph.code, 2) << graph;
  EXPECT_TRUE(contains(graph.err, "did you mean 'rules'?")) << graph;
  const Outcome command = run({"predct", file});
  EXPECT_EQ(command.code, 2) << command;
  EXPECT_TRUE(contains(command.err, "did you mean 'predict'?")) << command;
  EXPECT_EQ(run({"xyzzy"}).code, 2);
}

TEST_F(Field, ACoverageAboveOneIsPercent) {
  onnx::Model model = test::small_cnn();
  model.graph.nodes[1] = node("Wobble", {"c1"}, {"r1"}, {}, "com.example");
  model.graph.value_infos = {value("r1", {1, 16, 32, 32})};
  const std::string file = saved(model);
  for (const char* share : {"99.9999", "99.9999%", "0.999999"}) {
    const Outcome outcome = by("rules", file, {"--min-coverage", share});
    EXPECT_EQ(outcome.code, 3) << share << outcome;
    EXPECT_TRUE(contains(outcome.err, "below --min-coverage 100.0 %")) << share << outcome;
  }
  EXPECT_EQ(by("rules", file, {"--min-coverage", "0.001%"}).code, 0);
}

TEST_F(Field, AnEngineThatIsNamedMustBeThere) {
  const std::string file = saved(test::small_cnn());
  const Outcome named = by("auto", file, {"--engine-path", at("none.so")});
  EXPECT_EQ(named.code, 5) << named;
  EXPECT_TRUE(contains(named.err, "none.so")) << named;
  EXPECT_EQ(by("rules", file, {"--engine-path", at("none.so")}).code, 0);
}

// ---- a folder of them

TEST_F(Field, AFolderIsJudgedNetworkByNetwork) {
  for (const char* folder : {"found", "found/more.onnx", "found/.hidden", "empty"})
    test::fs::create_directory(at(folder));
  onnx::Model model = test::small_cnn();
  test::save(model, at("found/fixed.onnx"));
  test::save(model, at("found/.hidden/hidden.onnx"));
  model.graph.inputs = {test::free_value("x", {{-1, "batch"}, {3, ""}, {-1, "height"}, {-1, "width"}})};
  test::save(model, at("found/more.onnx/free\x1b.onnx"));
  test::write_text(at("found/text.onnx"), "this is no model, only a text that is long enough to be looked at\n");
  test::write_text(at("found/weights.bin"), "0");
  const auto judged = [&](std::vector<std::string> more, const std::string& folder = "found") {
    more.insert(more.begin(), {"bench", "field", at(folder), "--pack", test::world().pack, "--rounds", "2", "--burst",
                               "2ms", "--dim", "height=32", "--batch", "2"});
    return run(more);
  };
  const Json json = Json::parse(judged({"--json"}).out);
  EXPECT_EQ(json["summary"], Json({{"networks", 3},
                                   {"skipped", 2},
                                   {"honest", 2},
                                   {"not_honest", 0},
                                   {"refused_alike", 0},
                                   {"refused", 1},
                                   {"not_judged", 0}}));
  const Json& free = json["networks"][1];
  EXPECT_EQ(free["dimensions"], Json({{"batch", 2}, {"height", 32}, {"width", 16}})) << free.dump(1);
  EXPECT_EQ(free["forecasts"].size(), 1U);  // there are no rules for the fake engine
  EXPECT_GT(free["measured_ns"]["quiet"].get<double>(), 0);
  EXPECT_EQ(json["networks"][2]["forecasts"][0]["verdict"], "refused");
  EXPECT_EQ(judged({}).code, 0);

  const Outcome slower = judged({"--engine-path", "scale=100"});
  EXPECT_EQ(slower.code, 3) << slower;
  EXPECT_TRUE(contains(slower.out, "batch=2, height=32, width=16") && contains(slower.out, "free\\x1b.onnx")) << slower;
  EXPECT_TRUE(
      contains(slower.out, "3 networks, 2 other files skipped; forecasts: 0 honest, 2 not_honest, 0 refused_alike, 1"))
      << slower;
  const Outcome refused = judged({"--engine-path", "refuse=1"});  // to run what it told the graph of
  EXPECT_EQ(refused.code, 3) << refused;
  EXPECT_TRUE(contains(refused.out, "fixed.onnx: the fake engine refuses this model")) << refused;
  for (const auto& [folder, what] : std::map<std::string, std::string>{
           {"empty", "there is no .onnx file"}, {"none", "No such file"}, {"found/text.onnx", "Not a directory"}}) {
    const Outcome outcome = judged({}, folder);
    EXPECT_EQ(outcome.code, 1) << outcome;
    EXPECT_TRUE(contains(outcome.err, what)) << outcome;
  }
  const Outcome misspelt = judged({"--dim", "heigth=64"});
  EXPECT_EQ(misspelt.code, 1) << misspelt;
  EXPECT_TRUE(contains(misspelt.err, "has a free dimension 'heigth'")) << misspelt;
}

}  // namespace
}  // namespace latcast
