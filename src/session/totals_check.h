// Whether imported latencies can be what they say: a wrong unit makes a pack that is sure of itself.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "catalogue/catalogue.h"
#include "learn/data/table_networks.h"

namespace latcast::session {

/// Why the networks' latencies are beyond reason, as medians over networks: totals against the sums of their
/// operations, and multiply-accumulates a second. None: nothing speaks against them.
[[nodiscard]] std::optional<std::string> beyond_reason(std::span<const learn::TableNetwork> networks,
                                                       const Catalogue& catalogue);

}  // namespace latcast::session
