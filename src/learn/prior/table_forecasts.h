// What a pack forecasts for networks that come as lists of operations.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "catalogue/catalogue.h"
#include "core/pack_content.h"
#include "latcast/result.h"
#include "learn/data/table_networks.h"

namespace latcast::learn {

/// Forecasts of networks and of their modules; zero: none.
struct TableForecasts {
  std::vector<double> forecast_ns, lower_ns, upper_ns;  // per network
  std::vector<std::vector<double>> modules_ns;          // per network and module, before the network's calibration

  void resize(std::size_t networks);
};

/// Forecasts the networks at `which` into `out`, which has as many as there are networks.
[[nodiscard]] Result<void> forecast_with(const PackContent& pack, std::span<const TableNetwork> networks,
                                         const Catalogue& catalogue, std::span<const std::size_t> which,
                                         TableForecasts& out);

}  // namespace latcast::learn
