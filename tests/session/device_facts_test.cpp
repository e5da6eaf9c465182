// Facts of a device: told by the machine that measures, kept with the campaign and in the pack, read by module types.
#include <gtest/gtest.h>

#include <set>

#include "engine/machine.h"
#include "measure/carriers/graph_builder.h"
#include "must.h"
#include "scratch.h"
#include "session/forecaster.h"
#include "session/profiling.h"
#include "session/training.h"
#include "store/sqlite.h"

namespace latcast::session {
namespace {

using test::must;
using namespace std::chrono_literals;

struct Learnt {
  DeviceFacts facts;              // of the pack
  std::set<std::string> kernels;  // that a small network's products were forecast with
  double quiet_ns = 0;
};

class OwnFact : public test::ScratchTest {
 protected:
  void SetUp() override {
    ScratchTest::SetUp();
    std::filesystem::create_directory(at("own"));
    put("own/fact.toml", R"toml(
[[device_fact]]
name = "tile"
summary = "So many rows are multiplied at a time"
usual = "device.l2_bytes / 524288"
)toml");
    std::string gemm = must(Catalogue::builtin()).find("gemm")->source;
    gemm.insert(gemm.find("[[kernel]]"), R"toml([[kernel]]
name = "tiled"
when = "m >= device.tile"
base = ["macs", "in_bytes", "1"]
features = ["m", "k", "n"]

)toml");
    put("own/gemm.toml", gemm);
    put("campaign.toml", "families = [\"gemms\"]\nmodule_share = 0\nmax_macs = 2e7\n");
    carriers::GraphBuilder net(17);
    net.gemm(net.gemm(net.input({16, 256}), 384), 128);
    put("mlp.onnx", must(onnx::write_model(net.finish("mlp"), onnx::Weights::materialize)));
    ProfileOptions options;
    options.engine = "fake";
    options.db = at("host.db");
    options.config = at("campaign.toml");
    options.catalogue = {at("own")};
    options.budget = 10s;
    options.seed = 3;
    Listener listener;
    must(profile(options, listener));
  }

  /// What is learnt where the machine told this.
  [[nodiscard]] Learnt learn(const std::string& context) const {
    auto store = must(sqlite::Database::open(at("host.db"), sqlite::Database::Mode::read_write));
    EXPECT_TRUE(store.execute("UPDATE campaigns SET context_json='" + context + "'"));
    TrainingOptions training;
    training.store = at("host.db");
    training.catalogue = {at("own")};
    training.models = {"base"};
    Listener listener;
    EXPECT_TRUE(write_pack(must(train(training, listener)).content, at("host.latpack")));
    Forecaster forecaster = must(Forecaster::open(at("host.latpack"), {}));
    const FileForecast forecast = must(forecaster.forecast(at("mlp.onnx"), {}));
    Learnt out{forecaster.pack().target().facts, {}, forecast.total.quiet.count()};
    for (std::size_t i = 0; i < forecast.modules.size(); ++i)
      out.kernels.insert(forecaster.open_pack().kernel_of(forecast.network.modules[i].type, forecast.modules[i]));
    return out;
  }
};

TEST_F(OwnFact, IsToldByTheMachineOrUsual) {
  {
    Store store = must(Store::open_read_only(at("host.db")));
    const auto context = must(store.campaigns(1)).front().context;
    for (const auto& [name, bytes] : cache_sizes("/sys/devices/system/cpu/cpu0"))
      EXPECT_EQ(context.at(name), bytes) << name;
  }
  const Learnt usual = learn("{}");
  EXPECT_EQ(usual.facts, DeviceFacts());
  EXPECT_EQ(usual.kernels, std::set<std::string>{"tiled"});
  // It follows from the cache, which the machine tells; what no expression may read is not kept.
  const Learnt told = learn(R"({"l2_bytes":"16777216","memory_bytes":"1e9","kernel":"Linux 6"})");
  EXPECT_EQ(told.facts, (DeviceFacts{{"l2_bytes", 16777216}}));
  EXPECT_EQ(told.kernels, std::set<std::string>{"gemm"});
  EXPECT_NE(told.quiet_ns, usual.quiet_ns);
  EXPECT_EQ(learn(R"({"tile":"64"})").kernels, std::set<std::string>{"gemm"});
}

}  // namespace
}  // namespace latcast::session
