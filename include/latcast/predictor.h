// Predictor: latency of modules and networks from a pack, without an engine.
//
// Thread-safe, allocation-free (but for the text of an error) and lock-free: one Predictor can serve all threads.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "latcast/conditions.h"
#include "latcast/pack.h"
#include "latcast/result.h"
#include "latcast/units.h"

namespace latcast {

inline constexpr std::uint32_t kUnknownType = std::numeric_limits<std::uint32_t>::max();
inline constexpr std::uint32_t kUnknownKernel = std::numeric_limits<std::uint32_t>::max();

/// One module to forecast. Bytes and multiply-accumulates serve the physical estimate of modules without a model.
struct ModuleQuery {
  std::uint32_t type = kUnknownType;        ///< Pack::find_type(), or kUnknownType
  std::span<const double> parameters = {};  ///< in the order of Pack::parameter_names(); finite
  double input_bytes = 0, output_bytes = 0, weight_bytes = 0;
  double macs = 0;  ///< where known and the type has no expression for it
};

/// What a module moves: activations in and out, constants.
struct ModuleBytes {
  double input = 0, output = 0, weight = 0;
};

enum class ForecastStatus : std::uint8_t {
  ok,            ///< an in-range model
  extrapolated,  ///< a feature or condition outside what was trained on, or hardly any samples
  unknown,       ///< no model: estimated from bytes moved and multiply-accumulates
};

[[nodiscard]] std::string_view to_string(ForecastStatus status) noexcept;

struct ModuleForecast {
  Nanos latency{0};                       ///< 0 where its time is in another module, and there only
  std::uint32_t kernel = kUnknownKernel;  ///< index of the kernel class within its type
  ForecastStatus status = ForecastStatus::unknown;
  double macs = 0;
  Nanos lower{0}, upper{0};  ///< interval of this module alone, at the pack's level
};

struct NetworkForecast {
  Nanos quiet{0};  ///< sum of the modules' latencies, exactly
  Nanos lower{0}, upper{0};
  double level = 0;  ///< of the interval
  /// Coverage: the time of modules with status ok, as a share of it and of what the others may take (extrapolated ones
  /// the upper end of their interval, unknown ones their 90 % quantile).
  double time_share = 0;
  double macs = 0;
};

class Predictor {
 public:
  /// `now_unix_s`: when the forecasts are for (intervals widen with the anchor's age). Absent: each is for the moment
  /// it is asked for, by the system clock, however long the predictor lives.
  explicit Predictor(const Pack& pack, std::optional<std::int64_t> now_unix_s = std::nullopt);
  /// The same by another clock: `unix_s` is asked at each forecast of a network.
  static Predictor with_clock(const Pack& pack, std::int64_t (*unix_s)());

  /// The same pack under other conditions than usual; those that are not named stay as they are here. Cheap: nothing is
  /// compiled. Errc::invalid_input: a condition that the pack does not have, or a value that is not finite; the error
  /// names those that it has.
  [[nodiscard]] Result<Predictor> at(const Conditions& conditions) const;
  /// What forecasts are for.
  [[nodiscard]] Conditions conditions() const;
  /// A condition is outside the range that was measured: no forecast is ForecastStatus::ok.
  [[nodiscard]] bool out_of_range() const noexcept { return out_of_range_; }

  /// Latency of one module inside a network, before the network's calibration; anchored.
  /// Errc::invalid_input: a parameter is not finite, or there are too few or too many.
  [[nodiscard]] Result<ModuleForecast> forecast_module(const ModuleQuery& module) const;

  /// Many modules of one type, as forecast_module() would: row i of `parameters` (row-major, as many rows as `out` has
  /// elements, each as long as Pack::parameter_names(type)) gives out[i]. Latencies in ns. `bytes`, as many, serve the
  /// physical estimate of rows that no model covers; without them such a row has the status unknown and no latency:
  /// NaN. Errc::invalid_input: no such type, sizes that do not match, or a parameter that is not finite, naming the
  /// row.
  [[nodiscard]] Result<void> forecast_modules(std::uint32_t type, std::span<const double> parameters,
                                              std::span<ModuleForecast> out,
                                              std::span<const ModuleBytes> bytes = {}) const;

  /// Forecasts every module into `out` (same length as `modules`) so that they sum to the network's quiet latency.
  /// Errc::invalid_input: as above, naming the module; or lengths differ.
  [[nodiscard]] Result<NetworkForecast> forecast_network(std::span<const ModuleQuery> modules,
                                                         std::span<ModuleForecast> out) const;

  /// Seconds since the pack was last anchored to its machine: now, or at `now_unix_s` where that was given.
  [[nodiscard]] double anchor_age_s() const noexcept;

 private:
  std::shared_ptr<const detail::LoadedPack> pack_;
  std::int64_t now_unix_s_ = 0;
  std::int64_t (*clock_)() = nullptr;  // instead of now_unix_s_
  std::vector<double> conditions_;     // as PackInfo::conditions
  bool out_of_range_ = false;
};

}  // namespace latcast
