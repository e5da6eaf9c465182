// What a pack says about itself: target, calibration, anchor, training. Plain values.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "latcast/conditions.h"

namespace latcast {

struct KeyValue {
  std::string key, value;
  friend bool operator==(const KeyValue&, const KeyValue&) = default;
};

/// What is known of a device in numbers, by name: {"l2_bytes", 1048576}.
using DeviceFacts = std::map<std::string, double, std::less<>>;

/// Device x engine x engine settings: what the forecasts are for.
struct Target {
  std::string name;
  std::string device;  ///< CPU model as the system names it
  std::vector<std::string> cpu_features;
  std::string engine, engine_version;
  std::vector<KeyValue> conditions;  ///< threads, batch, dtype
  std::vector<KeyValue> settings;    ///< optimization level, spinning, execution provider ...
  DeviceFacts facts = {};            ///< that the machine told and module types read; others are as usual
  friend bool operator==(const Target&, const Target&) = default;
};

/// The value under `key`, or an empty text.
[[nodiscard]] std::string_view find_value(const std::vector<KeyValue>& list, std::string_view key) noexcept;

/// What a module costs that no model covers, as factors of its physical estimate: quantiles over whole module types
/// that were left out of it, each type as likely as another. 0 < lower <= middle <= most <= upper. The defaults are
/// about what campaigns on CPUs found.
struct CostFactors {
  double lower = 0.05, middle = 1, most = 20,
         upper = 40;  ///< ends of the interval and median; `most`: the 90 % quantile
};

/// Physical estimate for modules that no model covers: non-negative weights.
struct Fallback {
  double input_byte_ns = 0, output_byte_ns = 0, weight_byte_ns = 0, mac_ns = 0, module_ns = 0;
  CostFactors counted = {};  ///< where multiply-accumulates are known
  CostFactors bare = {};     ///< where bytes are all there is
};

/// quiet = scale * sum of module forecasts + module_ns * modules + run_ns, before a network correction and the anchor.
/// Modules that cost nothing of their own do not count.
struct Calibration {
  double scale = 1, module_ns = 0, run_ns = 0;
};

/// Half-width of the interval in log latency: quantile * (relative + sqrt(small_ns / quiet) + extrapolated * share +
/// modules * error), where share is the part of the time that does not rest on in-range models and error what the sum
/// would be off by if each module were off by its kernel class's error, independently. Symmetric in log latency
/// around quiet * exp(bias); see learn/intervals.h for how it is calibrated.
struct IntervalModel {
  double level = 0.9;
  double quantile = 1.645;
  double relative = 0.05, small_ns = 0, extrapolated = 0.5, modules = 0;
  double bias = 0;
  double module_spread = 0.5;  ///< of one module, as above, where its kernel class does not know its own
  /// Kernel classes with fewer samples are rare in the networks that this is fitted to: their modules add the
  /// half-width of their own intervals, times their share of the time, in quadrature.
  std::uint32_t familiar_samples = 0;
};

/// Machines drift: one factor from re-measured reference carriers, and how fast it is forgotten.
struct Anchor {
  double scale = 1;
  std::int64_t unix_s = 0;
  double scatter = 0;                    ///< standard deviation of the carriers' log ratios
  std::uint32_t carriers = 0;            ///< how many were measured; 0: the campaign itself is the anchor
  double widening_per_sqrt_hour = 0.02;  ///< standard deviation of log speed gained per square root of an hour
  double widening_limit = 0.08;          ///< and at most
};

struct FamilyLoss {
  std::string name;
  std::uint32_t networks = 0;
  double error = 0, bias = 0;  ///< mean |ratio - 1| and mean log ratio with the family left out of training
};

struct TrainingSummary {
  std::int64_t started_unix_s = 0, finished_unix_s = 0;  ///< of the campaign
  std::uint32_t networks = 0, samples = 0;
  double noise_floor = 0;  ///< median of noise / quiet over the networks
  double error = 0;        ///< MAPE of networks, cross-validated by network
  std::vector<FamilyLoss> families;
};

/// Everything but the models.
struct PackInfo {
  std::string tool_version;
  std::int64_t created_unix_s = 0;
  Target target;
  std::vector<ConditionRange> conditions;  ///< that forecasts can be asked for; at most kMaxConditions
  std::vector<KeyValue> sources;           ///< the catalogue: file name, TOML text
  Fallback fallback;
  Calibration calibration;
  IntervalModel interval;
  Anchor anchor;
  TrainingSummary training;
  std::vector<KeyValue> extras;  ///< opaque to latcast's core
};

}  // namespace latcast
