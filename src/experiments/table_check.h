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
#include "learn/data/table_networks.h"
#include "learn/prior/table_forecasts.h"
#include "learn/train.h"

namespace latcast::learn {

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
