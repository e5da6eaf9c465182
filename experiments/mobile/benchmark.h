// What latcast forecasts of public phone data, protocol by protocol: packs as a user would train them, asked for
// networks that they did not see. `latcast bench mobile` prints it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/mobile/protocol.h"
#include "latcast/result.h"
#include "session/listener.h"

namespace latcast::experiments {

struct MobileOptions {
  std::string data, maps;  // folders of the tables and of their maps
  bool quick = false;      // fewer targets and draws
  std::string only = {};   // protocols with this in their names; empty: all
};

struct RuleCheck {
  std::string target;
  std::size_t as_recorded = 0, recorded = 0;  // rows whose kernel class the catalogue's rules give; that have one
};

struct MobileFigures {
  std::vector<Figure> all;          // by protocol, target and method
  std::vector<ForecastPlot> plots;  // by protocol and target
  double twins = 0;                 // share of operations with an exact twin in another network
  std::vector<RuleCheck> rules;     // per GPU

  /// Mean over targets, NaN where there is none.
  [[nodiscard]] double mean(std::string_view protocol, std::string_view method) const;
};

/// Imports the tables and runs the protocols. Errc::not_found: there is none for the tables. Errc::interrupted.
[[nodiscard]] Result<MobileFigures> run_mobile_benchmark(const MobileOptions& options, session::Listener& listener);

}  // namespace latcast::experiments
