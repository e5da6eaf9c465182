// NetworkForecaster: whole networks from a pack, without an engine: ONNX files, or networks in memory. What the pack's
// engine would execute of a network is deduced by rules.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "latcast/dim_bindings.h"
#include "latcast/network.h"
#include "latcast/pack.h"
#include "latcast/predictor.h"
#include "latcast/result.h"

namespace latcast {

/// A node that the engine would execute, or an operation that a table lists.
struct ExecutedModule {
  std::string op;    ///< "Conv", or with its domain: "com.microsoft:FusedConv"; empty in tables
  std::string type;  ///< its module type in the pack; empty where no type covers it
  ModuleForecast forecast;
  std::string kernel;              ///< its kernel class; empty where no model covers it
  std::vector<std::string> nodes;  ///< names of the file's nodes that it stands for; of networks in memory none
  std::vector<std::pair<std::string, double>> parameters = {};  ///< of its type
  std::string reason = {};                                      ///< why no type covers it
  std::size_t line = 0;                                         ///< of the table that lists it; 0: a model file's
};

/// An operator of a network that no model covers.
struct UnknownOperator {
  std::string op;           ///< its module type in tables
  std::size_t modules = 0;  ///< how many there are of it
  Nanos latency{0};         ///< of all of them, the median of what such operators take
  Nanos upper{0};           ///< the upper ends of their intervals
};

/// A network's forecast with what it rests on.
struct ModelForecast {
  NetworkForecast total;
  std::vector<ExecutedModule> modules;    ///< in the order of their execution
  std::vector<UnknownOperator> unknown;   ///< operators without a model: what may take longest first
  std::vector<std::string> extrapolated;  ///< module types used outside what was measured, each once
  double parameters = 0;                  ///< elements of its weights
  double weight_bytes = 0;
};

/// Immutable and thread-safe: one serves all threads.
class NetworkForecaster {
 public:
  /// Takes milliseconds: the pack's catalogue is compiled. `now_unix_s` as for Predictor.
  /// Errc::unsupported: there are no rules for the pack's engine. Errc::corrupt, invalid_input: the pack's catalogue
  /// cannot be read.
  static Result<NetworkForecaster> open(const Pack& pack, std::optional<std::int64_t> now_unix_s = std::nullopt);
  NetworkForecaster(NetworkForecaster&&) noexcept;
  NetworkForecaster& operator=(NetworkForecaster&&) noexcept;
  ~NetworkForecaster();

  /// A network that was built, read, cut, or given other shapes. Errc::invalid_input: what went wrong when it was built
  /// (Network::error()), or a network without an output.
  [[nodiscard]] Result<NetworkForecast> forecast(const Network& network) const;
  /// The same of a network that is not needed any more: faster.
  [[nodiscard]] Result<NetworkForecast> forecast(Network&& network) const;
  /// With the modules, in the order of their execution.
  [[nodiscard]] Result<NetworkForecast> forecast(const Network& network, std::vector<ExecutedModule>& modules) const;

  /// An ONNX file. Files of external weights need not be there. `dims` gives free dimensions of the inputs a value.
  /// Errc::not_found, io, corrupt, unsupported: the file cannot be read; Errc::invalid_input: dimensions that lack a
  /// value, all of them named.
  [[nodiscard]] Result<ModelForecast> forecast_file(const std::string& file, const DimBindings& dims = {}) const;

  /// Under other conditions than these, as Predictor::at(); takes a copy of the catalogue.
  [[nodiscard]] Result<NetworkForecaster> at(const Conditions& conditions) const;

  [[nodiscard]] const Predictor& predictor() const;

 private:
  struct Parts;
  explicit NetworkForecaster(std::unique_ptr<Parts> parts);
  [[nodiscard]] Result<NetworkForecast> run(Network network, std::vector<ExecutedModule>* modules) const;

  std::unique_ptr<Parts> parts_;
};

}  // namespace latcast
