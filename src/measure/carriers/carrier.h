// Carriers: random but realistic networks whose profiled runs give the samples that latcast learns from.
//
// A carrier is a function of its family and its seed alone. Consecutive seeds of a family form a low-discrepancy
// sequence over the main knobs (size, width, resolution, depth, kernel), so any prefix of a plan is spread out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "graph/onnx_model.h"

namespace latcast {

struct Carrier {
  std::string name;  // "FAMILY/SEED"
  std::string family;
  std::uint64_t seed = 0;
  onnx::Model model;  // skeleton: weights are Fills
  double macs = 0;
  double weight_bytes = 0;
  bool probe = false;  // single operators in a row: measured for its samples, not for being like a network
};

struct CarrierOptions {
  double min_macs = 1e6;  // roughly: where a family cannot be that small, its smallest
  double max_macs = 3e9;
  double max_weight_bytes = 450e6;
};

/// Names of all families, in the order of the sources.
[[nodiscard]] std::vector<std::string> families();

/// family must be one of families().
[[nodiscard]] Carrier make_carrier(std::string_view family, std::uint64_t seed, const CarrierOptions& options = {});

struct PlannedCarrier {
  std::string family;
  std::uint64_t seed = 0;
  friend bool operator==(const PlannedCarrier&, const PlannedCarrier&) = default;
};

/// The first `count` carriers of campaign `seed`: families interleaved by weight (kinds of families alternate too),
/// each with consecutive seeds of its own sequence. A longer plan starts with the shorter one.
[[nodiscard]] std::vector<PlannedCarrier> plan_carriers(std::size_t count, std::uint64_t seed = 1);

}  // namespace latcast
