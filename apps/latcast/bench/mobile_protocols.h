// What latcast forecasts of public phone data, protocol by protocol: packs as a user would train them, asked for
// networks that they did not see. `latcast bench mobile` prints it.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "console.h"
#include "latcast/result.h"
#include "render/scatter_page.h"

namespace latcast::cli {

struct MobileOptions {
  std::string data, maps = LATCAST_MAPS;  // folders of the tables and of their maps
  bool quick = false;                     // fewer targets and draws
};

/// One figure: a protocol on a target, by a method.
struct Figure {
  std::string protocol, target, method;
  double error = 0;   // MAPE
  double spread = 0;  // standard deviation over draws, where there are several
  std::size_t networks = 0;
};

struct MobileFigures {
  std::vector<Figure> all;
  std::map<std::string, std::vector<ScatterPanel>> panels;  // by protocol
  double twins = 0;                                         // share of operations with an exact twin in another network
  struct Rules {
    std::string device;
    std::size_t as_recorded = 0, recorded = 0;  // rows whose kernel class the catalogue's rules give; that have one
  };
  std::vector<Rules> rules;

  /// Mean over targets, NaN where there is none.
  [[nodiscard]] double mean(const std::string& protocol, const std::string& method) const;
};

/// Imports the tables and runs all protocols. Errc::interrupted.
[[nodiscard]] Result<MobileFigures> run_mobile_protocols(const MobileOptions& options, Console& console);

}  // namespace latcast::cli
