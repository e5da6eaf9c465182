// Every network forecast once, its fold or family left out.
#include <algorithm>
#include <cmath>
#include <map>

#include "experiments/mobile/protocol.h"
#include "experiments/reference_model.h"
#include "experiments/table_check.h"

namespace latcast::experiments {
using namespace learn;

namespace {

/// Families as the networks are called: the letters before the first digit or underscore.
std::vector<int> families_of(std::span<const TableNetwork> networks) {
  std::map<std::string, int> known;
  std::vector<int> out;
  for (const TableNetwork& network : networks) {
    const auto end = std::ranges::find_if(network.name, [](char c) { return c < 'a' || c > 'z'; });
    out.push_back(known.emplace(std::string(network.name.begin(), end), static_cast<int>(known.size())).first->second);
  }
  return out;
}

ForecastPlot plot(const Case& one, const TableForecasts& forecasts) {
  ForecastPlot out{std::string(one.protocol.name), one.target.name, {}};
  for (std::size_t i = 0; i < one.networks().size(); ++i) {
    const TableNetwork& network = one.networks()[i];
    if (!(forecasts.forecast_ns[i] > 0)) continue;
    out.networks.push_back({network.name, network.family, network.total_ns, forecasts.forecast_ns[i],
                            forecasts.lower_ns[i], forecasts.upper_ns[i]});
  }
  return out;
}

Result<void> forecast_part(const Case& one, const Indices& train, const Indices& test, TableForecasts& out) {
  if (one.method == kOurs) {
    return forecast_ours(one, one.networks(), train, test, mobile_training(one, one.protocol.few_models), out);
  }
  if (one.stop()) return fail(Errc::interrupted, "interrupted");
  return forecast_with_model(one.method, one.networks(), one.tables.catalogue, train, test, 1, out);
}

}  // namespace

Result<Outcome> leave_parts_out(const Case& one) {
  const std::vector<int> parts =
      one.protocol.held == Held::families ? families_of(one.networks()) : mobile_folds(one.networks().size());
  TableForecasts forecasts;
  for (int part = 0; part <= *std::ranges::max_element(parts); ++part) {
    const auto [train, test] = sides(parts, part);
    if (auto ok = forecast_part(one, train, test, forecasts); !ok) return tl::unexpected(ok.error());
  }
  const std::string name(one.protocol.name);
  Outcome out;
  out.figures.push_back(figure(one, name, network_mape(one.networks(), forecasts)));
  const double modules = module_mape(one.networks(), forecasts);
  if (std::isfinite(modules)) out.figures.push_back(figure(one, name + ", operations", modules));
  if (one.protocol.plotted && one.method == kOurs) out.plots.push_back(plot(one, forecasts));
  return out;
}

}  // namespace latcast::experiments
