// Packs of some networks of a table, judged on the others.
#pragma once

#include <cstddef>
#include <span>

#include "catalogue/catalogue.h"
#include "core/pack_content.h"
#include "latcast/result.h"
#include "learn/data/table_networks.h"
#include "learn/prior/table_forecasts.h"
#include "learn/train.h"

namespace latcast::experiments {

/// A pack of the networks at `which`.
[[nodiscard]] Result<PackContent> train_on(std::span<const learn::TableNetwork> networks, const Catalogue& catalogue,
                                           std::span<const std::size_t> which, const learn::TrainOptions& options);

/// Mean |forecast / truth - 1| of networks that have both; of listed modules that have both. NaN: of none.
[[nodiscard]] double network_mape(std::span<const learn::TableNetwork> networks,
                                  const learn::TableForecasts& forecasts);
[[nodiscard]] double module_mape(std::span<const learn::TableNetwork> networks, const learn::TableForecasts& forecasts);

}  // namespace latcast::experiments
