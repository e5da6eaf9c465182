// predict --table: networks that are given as lists of operations.
#pragma once

#include <string>
#include <vector>

#include "console.h"
#include "options.h"

namespace latcast::cli {

struct TablePrediction {
  std::string table, map, pack;
  std::string proxy, known, known_map;  // for packs that build on another target's latencies
  bool modules = false;
  double max_latency_ns = 0, min_coverage = 0;
  OutputOptions output;
};

int predict_table(const TablePrediction& options, Console& console);

}  // namespace latcast::cli
