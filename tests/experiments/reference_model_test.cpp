// Regression models as others would use them answer for every operation, as packs do.
#include "experiments/reference_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "experiments/table_check.h"
#include "must.h"

namespace latcast::experiments {
namespace {

constexpr double kMac_ns = 0.5;

/// Two types whose operations cost the same per multiply-accumulate.
Catalogue catalogue() {
  const auto type = [](const std::string& name) {
    return std::pair(name + ".toml",
                     "name = \"" + name +
                         "\"\nsummary = \"n\"\ngiven = [\"n\"]\nmacs = \"n\"\n\n[[kernel]]\nname = \"plain\"\n" +
                         "base = [\"n\"]\nbase_units = [\"mac\"]\nfeatures = [\"n\"]\n");
  };
  const std::vector<std::pair<std::string, std::string>> sources = {type("common"), type("rare")};
  return test::must(Catalogue::from_sources(sources));
}

learn::TableNetwork network(const std::string& name, const std::vector<std::pair<std::size_t, double>>& operations) {
  learn::TableNetwork out;
  out.name = out.family = name;
  out.total_ns = 0;
  for (const auto& [type, macs] : operations) {
    learn::TableNetworkModule module;
    module.type = type;
    module.parameters = {macs};
    module.latency_ns = kMac_ns * macs;
    out.total_ns += module.latency_ns;
    out.modules.push_back(std::move(module));
  }
  return out;
}

TEST(ReferenceModel, AnswersForAClassThatTrainingHasNoRowsOf) {
  const Catalogue types = catalogue();
  const auto rare = static_cast<std::size_t>(types.find("rare") - types.types().data()), common = 1 - rare;
  // Half of what the last one takes is of a class that no other network has.
  std::vector<learn::TableNetwork> networks;
  for (int i = 0; i < 20; ++i) {
    networks.push_back(network("net" + std::to_string(i), {{common, 1e6 + 5e4 * i}, {common, 2e6 - 3e4 * i}}));
  }
  networks.push_back(network("odd", {{common, 1.5e6}, {rare, 1.5e6}}));
  std::vector<std::size_t> train;
  for (std::size_t i = 0; i < 20; ++i) train.push_back(i);
  const std::vector<std::size_t> test = {20};
  for (const char* model : {"lasso", "forest", "gbdt"}) {
    learn::TableForecasts out;
    const auto ok = forecast_with_model(model, networks, types, train, test, 1, out);
    ASSERT_TRUE(ok) << ok.error().context;
    EXPECT_NEAR(out.modules_ns[20][1] / networks[20].modules[1].latency_ns, 1.0, 0.05) << model;
    EXPECT_NEAR(out.forecast_ns[20] / networks[20].total_ns, 1.0, 0.1) << model;
    EXPECT_NEAR(module_mape(networks, out), 0.0, 0.1) << model;
  }
}

TEST(ReferenceModel, IsNamed) {
  learn::TableForecasts out;
  EXPECT_EQ(forecast_with_model("oracle", {}, catalogue(), {}, {}, 1, out).error().code, Errc::not_found);
}

}  // namespace
}  // namespace latcast::experiments
