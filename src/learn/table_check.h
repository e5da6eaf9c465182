// How well networks of a table are forecast that training did not see: what `latcast bench mobile` prints.
//
// "Ours" is what a user gets: a pack trained on some networks, opened again, asked for the others.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "catalogue/catalogue.h"
#include "core/pack_content.h"
#include "latcast/result.h"
#include "learn/table_networks.h"
#include "learn/train.h"

namespace latcast::learn {

/// Forecasts of networks and of their modules; zero: none.
struct TableForecasts {
  std::vector<double> forecast_ns, lower_ns, upper_ns;  // per network
  std::vector<std::vector<double>> modules_ns;          // per network and module, before the network's calibration
};

/// Forecasts the networks at `which` into `out`, which has as many as there are networks.
[[nodiscard]] Result<void> forecast_with(const PackContent& pack, std::span<const TableNetwork> networks,
                                         const Catalogue& catalogue, std::span<const std::size_t> which,
                                         TableForecasts& out);

/// A pack of the networks at `which`.
[[nodiscard]] Result<PackContent> train_on(std::span<const TableNetwork> networks, const Catalogue& catalogue,
                                           std::span<const std::size_t> which, const TrainOptions& options);

/// One regression model for every kernel class, trained on the listed operations of the networks at `train`; whole
/// networks are a * sum + b * modules + c, fitted to the same networks' sums of measured operations. Forecasts of those
/// at `test`.
[[nodiscard]] Result<void> forecast_with_model(std::string_view model, std::span<const TableNetwork> networks,
                                               const Catalogue& catalogue, std::span<const std::size_t> train,
                                               std::span<const std::size_t> test, std::uint64_t seed,
                                               TableForecasts& out);

/// Mean |forecast / truth - 1| of networks that have both; of listed modules that have both.
[[nodiscard]] double network_mape(std::span<const TableNetwork> networks, const TableForecasts& forecasts);
[[nodiscard]] double module_mape(std::span<const TableNetwork> networks, const TableForecasts& forecasts);

}  // namespace latcast::learn
