// Campaign -> store -> data set -> training -> forecast on the fake engine, whose law says what is right.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "console.h"
#include "engine/fake/fake_engine.h"
#include "learn/data/dataset.h"
#include "measure/campaign.h"
#include "real_engine.h"
#include "session/forecaster.h"
#include "store/rounds.h"
#include "world.h"

namespace latcast {
namespace {

using test::contains;
using test::must;
using test::Outcome;

/// What the fake engine takes for a model, by its law.
double law(const ExecutedGraph& executed) {
  double sum = 2000;
  for (const ir::NodeId id : executed.order) sum += fake_node_latency(executed.graph, executed.graph.node(id));
  return sum;
}

class Pipeline : public test::CliTest {
 protected:
  /// A campaign on the fake engine that behaves as told.
  Store measure(const std::string& behaviour, const Catalogue& catalogue, const CampaignOptions& options) {
    Store store = must(Store::create(at("host.db")));
    const auto target =
        must(store.ensure_target({0, "fake target", "cpu", "", "fake", "1.0", "(built in)", {{"threads", "1"}}}));
    Worker worker("fake", {behaviour, 1}, {});
    must(run_campaign(worker, store, target, catalogue, options, {}, {}));
    return store;
  }

  static CampaignOptions options_for(std::chrono::seconds budget) {
    CampaignOptions options;
    options.budget = budget;
    options.config.max_macs = 5e7;
    return options;
  }

  /// What the data set's modules are off by the law, as a share of what they take.
  static double module_error(Store& store, const Catalogue& catalogue, const learn::Dataset& dataset) {
    double off = 0;
    double total = 0;
    std::size_t index = 0;
    for (const NetworkRecord& record : must(store.networks(1))) {
      if (must(store.measurements(record.id)).empty()) continue;
      auto executed = must(read_executed_graph(record.executed));
      const auto network = match_modules(executed, catalogue, nullptr);
      const learn::NetworkTruth& truth = dataset.samples.networks.at(index++);
      EXPECT_EQ(truth.name, record.name);
      EXPECT_NEAR(truth.quiet_ns, law(executed), 2);  // whole nanoseconds are stored
      for (std::size_t module = 0; module < network.modules.size(); ++module) {
        const double expected = fake_node_latency(executed.graph, executed.node(network.modules[module].node));
        off += std::abs(truth.modules.at(module).latency_ns - expected);
        total += expected;
      }
    }
    EXPECT_EQ(index, dataset.samples.networks.size());
    return off / total;
  }

  /// |forecast / law - 1| of carriers that no campaign has, one of every third family.
  [[nodiscard]] std::vector<double> errors_of_unseen(const std::string& pack, const EngineSettings& settings) const {
    auto forecaster = must(session::Forecaster::open(pack, settings));
    std::vector<double> errors;
    const auto all = families();
    for (std::size_t family = 0; family < all.size(); family += 3) {
      const Carrier carrier = make_carrier(all[family], 777000 + family, {.max_macs = 5e7});
      test::save(carrier.model, at("unseen.onnx"));
      const auto forecast = must(forecaster.forecast(at("unseen.onnx"), {}));
      errors.push_back(std::abs(forecast.total.quiet.count() / law(must(executed_as_is(carrier.model, {}))) - 1));
      EXPECT_GT(forecast.total.lower.count(), 0);
    }
    return errors;
  }
};

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

TEST_F(Pipeline, ModuleLatenciesAreRecoveredWithoutTheProfilersCost) {
  const auto catalogue = must(Catalogue::builtin());
  Store store = measure("profiler=4000", catalogue, options_for(std::chrono::seconds(30)));
  const auto dataset = must(learn::load_dataset(store, 1, catalogue));
  EXPECT_EQ(dataset.report.carriers_left_out, 0);
  // The fake engine pauses for as long as its profiler adds to a node.
  EXPECT_NEAR(dataset.report.profiler.per_pause * 4000 + dataset.report.profiler.per_node_ns, 4000, 400);
  EXPECT_NEAR(dataset.report.profiler.scale, 1, 0.02);
  EXPECT_LT(dataset.report.noise, 0.001);
  EXPECT_LT(module_error(store, catalogue, dataset), 0.03);
}

// One campaign may have a large operator in one carrier only, whose time cannot be told from its company's.
TEST_F(Pipeline, ModuleLatenciesAreRecoveredFromTotalsAlone) {
  const auto catalogue = must(Catalogue::builtin());
  std::vector<double> errors;
  for (const std::uint64_t seed : {1, 2, 3}) {
    CampaignOptions options = options_for(std::chrono::seconds(30));
    options.seed = seed;
    Store store = measure("times=none", catalogue, options);
    const auto dataset = must(learn::load_dataset(store, 1, catalogue));
    EXPECT_FALSE(dataset.report.timed);
    EXPECT_EQ(dataset.report.carriers_left_out, 0);
    EXPECT_NEAR(dataset.report.profiler.per_run_ns, 2000, 2000);
    errors.push_back(module_error(store, catalogue, dataset));
    test::fs::remove(at("host.db"));
  }
  EXPECT_LT(median(errors), 0.25);
}

TEST_F(Pipeline, NoiseAndDriftAreTakenOut) {
  const auto catalogue = must(Catalogue::builtin());
  Store store = measure("noise=0.03,drift=0.1", catalogue, options_for(std::chrono::seconds(60)));
  const auto dataset = must(learn::load_dataset(store, 1, catalogue));
  EXPECT_GT(dataset.report.noise, 0);
  EXPECT_LT(dataset.report.noise, 0.08);
  std::vector<double> ratios;
  std::size_t index = 0;
  for (const NetworkRecord& record : must(store.networks(1))) {
    if (must(store.measurements(record.id)).empty()) continue;
    ratios.push_back(dataset.samples.networks.at(index++).quiet_ns / law(must(read_executed_graph(record.executed))));
  }
  // One factor for all of them is the machine's speed; what is left is scatter.
  const double common = median(ratios);
  std::vector<double> scatter;
  for (const double ratio : ratios) scatter.push_back(std::abs(ratio / common - 1));
  EXPECT_LT(median(scatter), 0.05);
  EXPECT_NEAR(common, 1, 0.12);
}

TEST_F(Pipeline, NetworksNeverSeenAreForecastByTheLaw) {
  const std::vector<double> errors = errors_of_unseen(test::world().pack, {});
  EXPECT_LT(mean(errors), 0.05);
  EXPECT_LT(median(errors), 0.03);
}

struct Ability {
  std::string name, behaviour, graph;  // who says what is executed
  double error = 0;                    // the mean of networks that were never seen stays below
  friend void PrintTo(const Ability& one, std::ostream* out) { *out << one.behaviour; }
};

/// What an engine cannot tell, everything does without.
class EngineAbilities : public Pipeline, public testing::WithParamInterface<Ability> {};

TEST_P(EngineAbilities, AreNotNeededByCampaignTrainingForecastAndMeasurement) {
  const auto& [name, behaviour, graph, error] = GetParam();
  const Outcome profiled =
      run({"profile", "--engine", "fake", "--engine-path", behaviour, "--db", at("host.db"), "--budget", "40s",
           "--seed", "1", "--config", (test::world().folder / "campaign.toml").string()});
  ASSERT_EQ(profiled.code, 0) << profiled;
  const Outcome trained =
      run({"train", "--rms", test::kQuickModels, "--db", at("host.db"), "--out", at("host.latpack")});
  ASSERT_EQ(trained.code, 0) << trained;
  EXPECT_LT(mean(errors_of_unseen(at("host.latpack"), {.library = behaviour})), error);
  test::save(test::small_cnn(), at("cnn.onnx"));
  const auto judged = run_json({"eval", at("cnn.onnx"), "--engine-path", behaviour, "--pack", at("host.latpack"),
                                "--rounds", "2", "--burst", "1ms", "--json"});
  EXPECT_EQ(judged["graph"], graph);
  ASSERT_EQ(judged["networks"].size(), 1U) << judged.dump(1);
  EXPECT_LT(std::abs(judged["networks"][0]["error"].get<double>()), 0.25);
  const Outcome measured = run({"measure", at("cnn.onnx"), "--engine", "fake", "--engine-path", behaviour, "--modules",
                                "--rounds", "2", "--burst", "1ms"});
  EXPECT_EQ(measured.code, 0) << measured;
  EXPECT_EQ(contains(measured.err, "no times of nodes"), contains(behaviour, "times=none")) << measured;
}

INSTANTIATE_TEST_SUITE_P(Fake, EngineAbilities,
                         testing::Values(Ability{"NoGraph", "graph=none", "file", 0.05},
                                         Ability{"NoTimes", "times=none", "engine", 0.12},
                                         Ability{"Spans", "times=spans", "engine", 0.05},
                                         Ability{"Neither", "graph=none,times=none", "file", 0.12}),
                         [](const auto& ability) { return ability.param.name; });

TEST_F(Pipeline, AFreeClassIsTrainedOnNothingAndCostsNothing) {
  test::write_text(at("own_sigmoid.toml"),
                   "name = \"own_sigmoid\"\nsummary = \"in the kernel before it\"\noperators = [\"Sigmoid\"]\n"
                   "[parameters]\nout = \"elements(out0)\"\n[[kernel]]\nname = \"fused\"\nfree = true\n");
  const Outcome trained = run({"train", "--rms", test::kQuickModels, "--db", test::world().db, "--catalogue",
                               folder_.string(), "--out", at("free.latpack")});
  ASSERT_EQ(trained.code, 0) << trained;
  test::save(test::small_cnn(), at("cnn.onnx"));
  auto forecaster = must(session::Forecaster::open(at("free.latpack"), {}));
  const auto forecast = must(forecaster.forecast(at("cnn.onnx"), {{}, 1}));
  EXPECT_GT(forecast.total.quiet.count(), 0);
  const auto free = std::ranges::count_if(forecast.modules, [](const ModuleForecast& module) {
    return module.latency.count() == 0 && module.status == ForecastStatus::ok;
  });
  EXPECT_EQ(free, 1);
}

TEST_F(Pipeline, AForecastRunsNoModel) {
  test::save(test::small_cnn(), at("cnn.onnx"));
  auto forecaster = must(session::Forecaster::open(test::world().pack, {}));
  cli::Console console;
  console.quiet = true;
  ASSERT_TRUE(forecaster.check_engine(console).has_value());
  const auto forecast = must(forecaster.forecast(at("cnn.onnx"), {}));
  EXPECT_GT(forecast.total.quiet.count(), 0);
  EXPECT_EQ(forecaster.worker().runs_made(), 0U);
  // And the same worker counts runs where there are some.
  MeasureRequest request;
  request.model.file = at("cnn.onnx");
  must(forecaster.worker().measure(request));
  EXPECT_GT(forecaster.worker().runs_made(), 0U);
}

TEST_F(Pipeline, AWorkerBehindACommandIsMeasuredTrainedOnAndJudged) {
  const std::string worker = std::string("echo Welcome; exec ") + LATCAST_BINARY + " worker";
  const std::string config = (test::world().folder / "campaign.toml").string();
  const Outcome profiled = run({"profile", "--engine", "fake", "--worker", worker, "--db", at("far.db"), "--budget",
                                "15s", "--session", "mode=slow", "--seed", "1", "--config", config});
  ASSERT_EQ(profiled.code, 0) << profiled;
  const Outcome gone = run({"profile", "--engine", "fake", "--worker", "exit 255", "--db", at("far.db"), "--resume",
                            "--budget", "20s", "--config", config});
  EXPECT_EQ(gone.code, 5) << gone;
  EXPECT_TRUE(contains(gone.err, "the worker 'exit 255' ended with status 255")) << gone;
  const Outcome resumed = run({"profile", "--engine", "fake", "--worker", worker, "--session", "mode=slow", "--db",
                               at("far.db"), "--resume", "--budget", "20s", "--config", config});
  ASSERT_EQ(resumed.code, 0) << resumed;
  ASSERT_EQ(run({"train", "--rms", test::kQuickModels, "--db", at("far.db"), "--out", at("far.latpack")}).code, 0);
  test::save(test::small_cnn(), at("cnn.onnx"));
  const auto json = run_json({"eval", at("cnn.onnx"), "--worker", worker, "--pack", at("far.latpack"), "--rounds", "2",
                              "--burst", "1ms", "--json"});
  ASSERT_EQ(json["networks"].size(), 1U) << json.dump(1);
  EXPECT_EQ(json["target"]["settings"]["mode"], "slow");  // the pack's sessions, without an option
  EXPECT_LT(std::abs(json["networks"][0]["error"].get<double>()), 0.2);
}

TEST_F(Pipeline, TrainingIsTheSameForTheSameStore) {
  ASSERT_EQ(run({"train", "--rms", test::kQuickModels, "--max-module-time", test::kAnyTime, "--db", test::world().db,
                 "--out", at("again.latpack")})
                .code,
            0);
  test::save(test::small_cnn(), at("cnn.onnx"));
  const auto quiet = [&](const std::string& pack) {
    return must(must(session::Forecaster::open(pack, {})).forecast(at("cnn.onnx"), {})).total.quiet.count();
  };
  EXPECT_DOUBLE_EQ(quiet(at("again.latpack")), quiet(test::world().pack));
}

// ---- a catalogue folder adds a type, and a parameter to a type, with files alone

constexpr const char* kBlur = R"toml(name = "blur"
summary = "a made-up operator, known to this file alone"
operators = ["com.example:Blur"]

shapes = [["in0[0]", "in0[1]", "in0[2] / attr.step | 1"]]

[parameters]
rows = "in0[1]"
columns = "in0[2]"
step = "attr.step | 1"

[derived]
area = "rows * columns"

[[kernel]]
name = "blur"
base = ["area", "1"]
features = ["rows", "columns", "step"]

[sample]
rows = { range = [8, 512], multiple_of = 8 }
columns = { range = [64, 2048], multiple_of = 64, multiple_share = 1.0 }
step = { choice = [1, 2, 4] }

[build]
operator = "com.example:Blur"
share = 40.0
inputs = [{ shape = [1, "rows", "columns"] }]

[build.attributes]
step = "step"
)toml";

constexpr const char* kElu = R"toml(name = "elu"
summary = "Elu, as a type of its own"
operators = ["Elu"]

[parameters]
out = "elements(out0)"
alpha = "attr.alpha | 1"

[[kernel]]
name = "elu"
base = ["out", "max(0, 4 * out - 400000)", "1"]
features = ["out"]

[sample]
rows = { range = [1, 128] }
columns = { range = [64, 4096], multiple_of = 16 }

[build]
operator = "Elu"
share = 40.0
inputs = [{ shape = [1, "rows", "columns"] }]
)toml";

class ExtendedCatalogue : public Pipeline {
 protected:
  void SetUp() override {
    Pipeline::SetUp();
    test::fs::create_directories(at("more"));
    test::write_text(at("campaign.toml"), "max_macs = 2e7\nmodule_share = 0.5\n");
  }

  /// Campaign and training with the folder `more`, through the command.
  void onboard(const std::string& engine, const std::string& budget) {
    const Outcome profile = run({"profile", "--engine", engine, "--db", at("host.db"), "--budget", budget, "--config",
                                 at("campaign.toml"), "--catalogue", at("more")});
    ASSERT_EQ(profile.code, 0) << profile;
    const Outcome train = run({"train", "--rms", test::kQuickModels, "--db", at("host.db"), "--catalogue", at("more"),
                               "--out", at("host.latpack")});
    ASSERT_EQ(train.code, 0) << train;
  }

  /// x -> Relu -> op -> Relu: the module in company.
  [[nodiscard]] std::string model_with(const onnx::Node& node, const test::Dims& dims) const {
    onnx::Graph graph;
    graph.inputs = {test::value("x", dims)};
    graph.nodes = {test::node("Relu", {"x"}, {"a"}), node, test::node("Sigmoid", {"x"}, {"y"})};
    graph.outputs = {test::value("b", dims), test::value("y", dims)};
    onnx::Model model = test::model(std::move(graph));
    model.opsets["com.example"] = 1;
    test::save(model, at("model.onnx"));
    return at("model.onnx");
  }

  /// The module of this type in the forecast of `file`.
  [[nodiscard]] test::Json module_of(const std::string& file, const std::string& type) const {
    const test::Json json = run_json({"predict", file, "--pack", at("host.latpack"), "--modules", "--json"});
    for (const test::Json& module : json["predictions"][0]["modules"]) {
      if (module["type"] == type) return module;
    }
    ADD_FAILURE() << "no module of type " << type << " in " << json.dump(1);
    return {};
  }
};

TEST_F(ExtendedCatalogue, ATypeForAnOperatorThatNobodyKnows) {
  test::write_text(at("more/blur.toml"), kBlur);
  onboard("fake", "40s");
  const std::string file =
      model_with(test::node("Blur", {"a"}, {"b"}, {test::integer("step", 1)}, "com.example"), {1, 96, 640});
  const test::Json module = module_of(file, "blur");
  EXPECT_EQ(module["status"], "ok") << module.dump(1);
  EXPECT_EQ(module["kernel"], "blur");
  EXPECT_EQ(module["parameters"], (test::Json{{"rows", 96.0}, {"columns", 640.0}, {"step", 1.0}}));
  // The fake engine has no rule for the output's shape: it counts what is read.
  const double expected = 400 + 0.05 * 4 * 96 * 640;
  EXPECT_NEAR(module["latency_ns"].get<double>() / expected, 1, 0.15);
  EXPECT_TRUE(contains(run({"inspect", at("host.latpack")}).out, "blur"));
}

TEST_F(ExtendedCatalogue, ATypeForAStandardOperator) {
  test::write_text(at("more/elu.toml"), kElu);
  onboard("fake", "40s");
  const test::Json module =
      module_of(model_with(test::node("Elu", {"a"}, {"b"}, {test::real("alpha", 0.5F)}), {1, 64, 1024}), "elu");
  EXPECT_EQ(module["status"], "ok") << module.dump(1);
  EXPECT_EQ(module["parameters"]["alpha"], 0.5);
  EXPECT_NEAR(module["latency_ns"].get<double>() / (400 + 0.05 * 8 * 64 * 1024), 1, 0.15);
}

/// The built-in file of a type with a parameter `rank` added to it and to every kernel's features.
std::string with_rank(const std::string& type) {
  std::string text = test::read_text(std::string(LATCAST_CATALOGUE) + "/" + type + ".toml");
  const std::string table = "[parameters]\n";
  text.insert(text.find(table) + table.size(), "tensor_rank = \"rank(out0)\"\n");
  const std::string list = "features = [";
  for (std::size_t at = text.find(list); at != std::string::npos; at = text.find(list, at + 1))
    text.insert(at + list.size(), "\"tensor_rank\", ");
  return text;
}

TEST_F(ExtendedCatalogue, AParameterMoreForABuiltInType) {
  test::write_text(at("more/activation.toml"), with_rank("activation"));
  onboard("fake", "25s");
  const std::string file = model_with(test::node("Sigmoid", {"a"}, {"b"}), {1, 64, 1024});
  const test::Json module = module_of(file, "activation");
  EXPECT_EQ(module["parameters"]["tensor_rank"], 3.0) << module.dump(1);
  EXPECT_NE(module["status"], "unknown");
  EXPECT_NEAR(module["latency_ns"].get<double>() / (400 + 0.05 * 8 * 64 * 1024), 1, 0.25);
}

TEST_F(ExtendedCatalogue, AnOlderStoreServesANewParameter) {
  // Graphs are stored: what a type reads may change after the campaign.
  test::write_text(at("more/activation.toml"), with_rank("activation"));
  const Outcome train = run({"train", "--rms", test::kQuickModels, "--db", test::world().db, "--catalogue", at("more"),
                             "--out", at("host.latpack")});
  ASSERT_EQ(train.code, 0) << train;
  const std::string file = model_with(test::node("Sigmoid", {"a"}, {"b"}), {1, 64, 1024});
  EXPECT_EQ(module_of(file, "activation")["parameters"]["tensor_rank"], 3.0);
}

/// With an engine that is there; its problem where it is not.
class RealEngineCatalogue : public ExtendedCatalogue {
 protected:
  void SetUp() override {
    ExtendedCatalogue::SetUp();
    if (const std::string problem = test::no_engine(); !problem.empty()) GTEST_SKIP() << problem;
  }
};

TEST_F(RealEngineCatalogue, ATypeForAStandardOperator) {
  test::write_text(at("more/elu.toml"), kElu);
  test::write_text(at("campaign.toml"),
                   "families = [\"module:elu\", \"squeezenet\", \"resnet_bottleneck\"]\nmax_macs = 2e7\n"
                   "module_share = 0.5\nburst_ms = 10\nprofile_ms = 10\n");
  onboard("onnxruntime", "10s");
  const test::Json module = module_of(model_with(test::node("Elu", {"a"}, {"b"}), {1, 64, 1024}), "elu");
  EXPECT_NE(module["status"], "unknown") << module.dump(1);
  // 65,536 exponentials: some 0.1 to 20 ns each on anything that runs this.
  EXPECT_GT(module["latency_ns"].get<double>(), 6e3) << module.dump(1);
  EXPECT_LT(module["latency_ns"].get<double>(), 1.3e6) << module.dump(1);
}

}  // namespace
}  // namespace latcast
