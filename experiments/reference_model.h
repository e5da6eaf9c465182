// One regression model for everything, as others would use it on tables of operations: what latcast is compared with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "catalogue/catalogue.h"
#include "latcast/result.h"
#include "learn/data/table_networks.h"
#include "learn/prior/table_forecasts.h"

namespace latcast::experiments {

/// `model` for every kernel class, trained on the listed operations of the networks at `train`: the base where a class
/// has fewer than 10 of them, the physical estimate fitted to all of them where it has fewer than 2, as packs have it.
/// Whole networks are a * sum + b * modules + c, fitted to the same networks' sums of measured operations. Forecasts
/// those at `test`; Errc::not_found: no such model.
[[nodiscard]] Result<void> forecast_with_model(std::string_view model, std::span<const learn::TableNetwork> networks,
                                               const Catalogue& catalogue, std::span<const std::size_t> train,
                                               std::span<const std::size_t> test, std::uint64_t seed,
                                               learn::TableForecasts& out);

}  // namespace latcast::experiments
