// A protocol on public phone data: which targets it is about, and how networks that training did not see are forecast.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "experiments/mobile/tables.h"
#include "latcast/result.h"
#include "learn/prior/table_forecasts.h"
#include "learn/train.h"

namespace latcast::experiments {

/// One figure: a protocol on a target, by a method.
struct Figure {
  std::string protocol, target, method;
  double error = 0;   // MAPE
  double spread = 0;  // standard deviation over draws, where there are several
  std::size_t networks = 0;
};

/// A network that was forecast, with its interval.
struct ForecastNetwork {
  std::string name, family;
  double truth_ns = 0, forecast_ns = 0, lower_ns = 0, upper_ns = 0;
};

struct ForecastPlot {
  std::string protocol, target;
  std::vector<ForecastNetwork> networks;
};

struct Outcome {
  std::vector<Figure> figures;
  std::vector<ForecastPlot> plots;
};

enum class Scope : std::uint8_t { gpu, related_gpu, all_gpus, one_core, several_cores, vulkan };
enum class Held : std::uint8_t { networks, families };  // what a part that is left out consists of

struct Case;

/// A row of the table of protocols.
struct Protocol {
  std::string_view name;
  Scope scope = Scope::gpu;
  std::string_view precision = "float";
  std::string_view quick = {};  // the only device of a quick run; empty: a quick run leaves the protocol out
  Result<Outcome> (*run)(const Case&) = nullptr;
  std::size_t count = 0;  // training networks, where they are few
  Held held = Held::networks;
  bool few_models = true;   // one regression model competes beside the base, for protocols of hundreds of trainings
  bool references = false;  // reference models run too, each as a case of its own
  bool quick_references = false;
  bool plotted = false;
};

/// A protocol on one target by one method.
struct Case {
  const Protocol& protocol;
  const MobileTables& tables;
  const MobileTarget& target;
  std::string_view method;
  bool quick = false;
  std::function<bool()> stop;

  [[nodiscard]] std::span<const learn::TableNetwork> networks() const { return target.networks; }
};

using Indices = std::vector<std::size_t>;

inline constexpr std::string_view kOurs = "ours";
inline constexpr int kMobileFolds = 5;

/// Fold of each network, in [0, kMobileFolds).
[[nodiscard]] std::vector<int> mobile_folds(std::size_t networks);
/// Networks outside and inside a part.
[[nodiscard]] std::pair<Indices, Indices> sides(std::span<const int> part_of_network, int part);
/// The networks at `which` as far as they are among `others`, by name: their places there.
[[nodiscard]] Indices same_networks(std::span<const learn::TableNetwork> networks, const Indices& which,
                                    std::span<const learn::TableNetwork> others);
/// How packs are trained here: not all models compete, which would take hours over so many trainings.
[[nodiscard]] learn::TrainOptions mobile_training(const Case& one, bool few_models);
/// A pack of the networks at `train` forecasts those at `test`. Errc::interrupted.
[[nodiscard]] Result<void> forecast_ours(const Case& one, std::span<const learn::TableNetwork> networks,
                                         const Indices& train, const Indices& test, learn::TrainOptions options,
                                         learn::TableForecasts& out);
[[nodiscard]] Figure figure(const Case& one, std::string protocol, double error);

// What rows run.

/// Every part left out in turn: MAPE of networks and, where they are listed, of operations.
[[nodiscard]] Result<Outcome> leave_parts_out(const Case& one);
/// Few training networks, drawn at random again and again; reference models on the same draws.
[[nodiscard]] Result<Outcome> draw_few(const Case& one);
/// Few training networks, chosen by their operation lists.
[[nodiscard]] Result<Outcome> design_few(const Case& one);
/// Few networks of this device, and the pack of another one that is made of all training networks.
[[nodiscard]] Result<Outcome> few_and_related(const Case& one);
/// Several cores with the pack of one core: as it is, and where the network's latency on that core is known.
[[nodiscard]] Result<Outcome> several_from_one(const Case& one);
/// MEDN for every kernel class, device by device and with the devices as further tasks.
[[nodiscard]] Result<Outcome> medn_alone(const Case& one);
[[nodiscard]] Result<Outcome> medn_together(const Case& one);

}  // namespace latcast::experiments
