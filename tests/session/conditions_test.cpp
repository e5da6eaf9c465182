// A condition that is added by files alone: drawn by a campaign on the fake engine, stored, learnt, asked for.
#include "session/conditions.h"

#include <gtest/gtest.h>

#include <set>

#include "measure/carriers/graph_builder.h"
#include "must.h"
#include "scratch.h"
#include "session/forecast.h"
#include "session/measuring.h"
#include "session/profiling.h"
#include "session/training.h"

namespace latcast::session {
namespace {

using test::must;
using namespace std::chrono_literals;

class Log : public Listener {
 public:
  void warning(std::string_view what) override { text += std::string(what) + "\n"; }
  std::string text;
};

/// Three linear layers with activations between them.
onnx::Model small_mlp() {
  carriers::GraphBuilder net(17);
  carriers::Value x = net.input({16, 256});
  for (const std::int64_t width : {512, 384, 128}) x = net.node("Relu", {net.gemm(x, width)});
  return net.finish("mlp");
}

/// On this fake device everything takes 1 + 0.3 * heat times as long.
constexpr const char* kEngine = "cond.heat=0.3";

class OwnCondition : public test::ScratchTest {
 protected:
  void SetUp() override {
    ScratchTest::SetUp();
    std::filesystem::create_directory(at("own"));
    put("own/heat.toml", R"toml(
[[condition]]
name = "heat"
summary = "How warm the device is"
[condition.values]
cold = 0
warm = 1
hot = 2
)toml");
    // The built-in types of one small family's modules, which read the condition.
    put("own/gemm.toml", heated("gemm"));
    put("own/activation.toml", heated("activation"));
    put("campaign.toml", "families = [\"gemms\"]\nmodule_share = 0\nmax_macs = 2e7\n[conditions]\nheat = [0, 1]\n");
  }

  /// The type's text, every base term times 1 + 0.3 heat.
  [[nodiscard]] static std::string heated(const std::string& type) {
    std::string text = must(Catalogue::builtin()).find(type)->source;
    for (std::size_t at = text.find("\nbase = ["); at != std::string::npos; at = text.find("\nbase = [", at + 1)) {
      const std::size_t end = text.find('\n', at + 1);
      std::string line = text.substr(at, end - at), out;
      bool inside = false;
      for (const char c : line) {
        if (c == '"') out += inside ? ") * (1 + 0.3 * cond.heat)\"" : "\"(";
        if (c == '"') inside = !inside;
        if (c != '"') out += c;
      }
      text.replace(at, line.size(), out);
    }
    return text;
  }

  [[nodiscard]] ProfileOptions campaign() const {
    ProfileOptions options;
    options.engine = "fake";
    options.settings.library = kEngine;
    options.db = at("host.db");
    options.config = at("campaign.toml");
    options.catalogue = {at("own")};
    options.budget = 20s;
    options.seed = 3;
    return options;
  }
};

TEST_F(OwnCondition, IsDrawnStoredLearntBoundAndFlaggedOutsideItsRange) {
  Log listener;
  must(profile(campaign(), listener));
  std::set<double> drawn;
  {
    Store store = must(Store::open_read_only(at("host.db")));
    for (const NetworkRecord& network : must(store.networks(1))) {
      for (const MeasurementRecord& one : must(store.measurements(network.id))) {
        drawn.insert(one.conditions.at("heat"));
        EXPECT_EQ(one.conditions.at("threads"), 1);
        EXPECT_EQ(one.conditions.at("batch"), 1);
      }
    }
  }
  EXPECT_EQ(drawn, (std::set<double>{0, 1}));

  TrainingOptions training;
  training.store = at("host.db");
  training.catalogue = {at("own")};
  training.models = {"base"};
  const Trained trained = must(train(training, listener));
  ASSERT_TRUE(write_pack(trained.content, at("host.latpack")));
  const std::vector<ConditionRange>& ranges = trained.content.info.conditions;
  const auto heat = std::ranges::find(ranges, "heat", &ConditionRange::name);
  ASSERT_NE(heat, ranges.end());
  EXPECT_EQ(heat->low, 0);
  EXPECT_EQ(heat->high, 1);

  put("mlp.onnx", must(onnx::write_model(small_mlp(), onnx::Weights::materialize)));
  const auto forecast = [&](const std::string& asked) {
    Forecaster forecaster = must(Forecaster::open(at("host.latpack"), {.library = kEngine}));
    DimBindings dims;
    if (auto ok = forecaster.bind(asked, dims, listener); !ok) throw std::runtime_error(ok.error().context);
    return must(forecast_files(forecaster, {at("mlp.onnx")}, dims, listener)).answers.front();
  };
  const auto quiet = [](const ForecastAnswer& answer) { return answer.network->total.quiet.count(); };
  const ForecastAnswer cold = forecast(""), warm = forecast("heat=warm"), hot = forecast("heat=2");
  EXPECT_NEAR(quiet(warm) / quiet(cold), 1.3, 0.03);
  EXPECT_EQ(find_value(cold.conditions, "heat"), "cold");
  EXPECT_EQ(find_value(warm.conditions, "heat"), "warm");
  EXPECT_GT(warm.network->total.time_share, 0.5);
  EXPECT_EQ(hot.network->total.time_share, 0);
  EXPECT_NE(listener.text.find("heat was measured from cold to warm, not at hot"), std::string::npos) << listener.text;
  EXPECT_THROW(forecast("heet=1"), std::runtime_error);

  // What is measured under the condition is what was forecast for it.
  MeasureOptions measuring;
  measuring.engine = "fake";
  measuring.settings.library = kEngine;
  measuring.models = {at("mlp.onnx")};
  measuring.burst = 5ms;
  const auto measured = must(measure(measuring, listener));
  EXPECT_NEAR(quiet(cold) / measured.models.front().measurement->quiet.quiet, 1, 0.1);
}

TEST_F(OwnCondition, ThatTheEngineCannotSetIsRefusedBeforeThereIsAStore) {
  ProfileOptions options = campaign();
  options.settings.library = "";
  Log listener;
  const auto refused = profile(options, listener);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().context, "the engine cannot set the condition 'heat'; it can set threads");
  EXPECT_FALSE(std::filesystem::exists(at("host.db")));
}

TEST_F(OwnCondition, MustBePossible) {
  put("campaign.toml", "families = [\"gemms\"]\n[conditions]\nheat = [0, 7]\n");
  Log listener;
  EXPECT_EQ(profile(campaign(), listener).error().context, "heat cannot be 7: it is one of cold, warm, hot");
  put("campaign.toml", "families = [\"gemms\"]\n[conditions]\nhumidity = 3\n");
  EXPECT_EQ(profile(campaign(), listener).error().context,
            "there is no condition 'humidity' in the catalogue (--catalogue)");
}

TEST(AskedConditions, ABatchIsTheSameHoweverItIsAsked) {
  const std::vector<ConditionRange> known = {{"threads", "", 1, 1, 1, {}}, {"batch", "", 1, 1, 1, {}}};
  DimBindings dims;
  EXPECT_EQ(must(asked_conditions("batch=8", known, dims)), (Conditions{{"batch", 8}}));
  EXPECT_EQ(dims.batch, 8);
  EXPECT_EQ(must(asked_conditions("", known, dims)), (Conditions{{"batch", 8}}));
  EXPECT_FALSE(asked_conditions("batch=0", known, dims));
  EXPECT_FALSE(asked_conditions("batch=1.5", known, dims));
  EXPECT_FALSE(asked_conditions("dtype=int8", known, dims));
}

TEST(ConditionsOf, ANetworkHasTheElementTypeOfMostOfItsWeights) {
  LoadedModel loaded;
  loaded.engine_model.inputs = {{"x", onnx::DataType::float32, {4, 3, 8, 8}}};
  loaded.model.graph.initializers.resize(2);
  loaded.model.graph.initializers[0].type = onnx::DataType::float32;
  loaded.model.graph.initializers[0].dims = {16};
  loaded.model.graph.initializers[1].type = onnx::DataType::int8;
  loaded.model.graph.initializers[1].dims = {16, 3, 3, 3};
  const auto told = conditions_of({{"batch", "1"}, {"dtype", "float32"}}, loaded);
  EXPECT_EQ(find_value(told, "dtype"), "int8");
  EXPECT_EQ(find_value(told, "batch"), "4");
}

}  // namespace
}  // namespace latcast::session
