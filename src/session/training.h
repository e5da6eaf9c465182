// From a store to a pack: trains regression models on a target's measurements, or chooses again among trained ones.
#pragma once

#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalogue/catalogue.h"
#include "core/pack_content.h"
#include "latcast/result.h"
#include "learn/data/source.h"
#include "learn/select/selection.h"
#include "session/listener.h"
#include "store/store.h"

namespace latcast::session {

/// Settings of a pack's target: the target of its proxy, and that of networks' latencies to be known where it is used.
inline constexpr const char* kProxySetting = "proxy";
inline constexpr const char* kKnownSetting = "known";

struct TrainingOptions {
  std::string store;                     // file
  std::string target;                    // as choose_target() takes it; empty: the only one
  std::vector<std::string> catalogue;    // folders of module types beside the built-in ones
  std::vector<std::string> models;       // regression models that may compete beside the base; empty: all
  std::optional<double> module_time_ns;  // mean over the training networks' modules; none: what is usual for the source
  double pack_bytes = std::numeric_limits<double>::infinity();
  std::string proxy;         // file of another target's pack, for targets of imported tables
  bool proxy_known = false;  // networks' latencies on the proxy's target will be known
  bool force = false;        // imported latencies that are beyond reason are a note (session/totals_check.h)
  bool reuse = false;        // the candidates that an earlier training left beside the store will do
  /// Of the machine that module_time_ns is of; none: this one, forecasts are timed.
  std::optional<FormCosts> costs = kReferenceCosts;
};

/// A regression model that may compete, in words: `latcast rms` shows them.
struct ModelSummary {
  std::string_view name, summary, trained_on, form, cost, source;
};
[[nodiscard]] std::vector<ModelSummary> regression_models();

/// A target of a store with everything that is learnt from it.
struct TrainingTask {
  Store store;
  TargetRecord target;
  learn::Measurements measurements;
  std::filesystem::path study;  // where its candidates are kept, beside the store
};
/// Errc::not_found: no such target, or nothing to learn from.
[[nodiscard]] Result<TrainingTask> open_training(const std::string& store, const std::string& target,
                                                 const std::vector<std::string>& catalogue);

struct ModelUse {
  std::string model;
  std::size_t classes = 0;  // kernel classes that it was chosen for
};
struct ScarceClass {
  std::string kernel_class;  // type/kernel
  std::size_t samples = 0;
};

struct TrainingReport {
  learn::MeasurementReport data;
  std::vector<ModelUse> models;
  std::vector<ScarceClass> scarce;    // too few samples for a choice: the physical base answers
  FormCosts costs = kReferenceCosts;  // of the machine that times are of
  learn::Choice choice;               // what the chosen models cost and err, out of fold
  std::vector<learn::Choice> front;   // what other budgets would give
  std::size_t outliers = 0;           // samples off by a factor of 5 or more from what models make of the others
  std::size_t repeated = 0;           // samples that repeat another one
  std::size_t dropped = 0;            // samples that are not a latency
  std::vector<std::string> left_out;  // models that could not be had, and why
  double seconds = 0, model_cpu_s = 0;
};

struct Trained {
  PackContent content;
  TrainingReport report;
};

/// Errc::invalid_input: imported latencies are beyond reason. Errc::budget: the limits of time or size cannot be met,
/// the message says what can. Errc::interrupted.
[[nodiscard]] Result<Trained> train(const TrainingOptions& options, Listener& listener);

/// A pack for every target of the store, each handed to `done` under its display name as soon as it is there (or with
/// the reason why it cannot be). Devices whose operations were measured with one engine are studied together. Ends at
/// the first failure of `done`.
using PackDone = std::function<Result<void>(const std::string& target, const Result<Trained>& trained)>;
[[nodiscard]] Result<void> train_all(const TrainingOptions& options, Listener& listener, const PackDone& done);

}  // namespace latcast::session
