// Networks as they are found in a folder: is each forecast right, or honest about what it does not know?
// `latcast bench field`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "session/evaluation.h"
#include "session/forecast.h"

namespace latcast::experiments {

struct FieldOptions : session::EvaluationOptions {  // both graphs are judged
  std::string folder;
};

enum class Verdict : std::uint8_t {
  honest,
  not_honest,
  refused_alike,  // by the engine and by the forecast
  refused,        // by latcast; the engine was not asked, or runs it
  not_judged,     // forecast, but the engine could not be asked: its weights are missing
};
/// "not_honest"
[[nodiscard]] std::string_view to_string(Verdict verdict);

/// `forecast`: null where it was refused. Honest: within 25 %, or the interval holds, or coverage is below 0.95; but a
/// tenth or ten times of what is measured is not, where the interval does not hold. What the engine refuses is not
/// forecast with a coverage of 0.95.
[[nodiscard]] Verdict judge(const NetworkForecast* forecast, const Result<QuietLatency>& measured);

struct FieldForecast {
  std::string graph;  // who said what is executed: "engine", "rules"
  Result<ModelForecast> network;
  Verdict verdict = Verdict::not_judged;
};

struct FieldNetwork {
  std::string file;
  DimBindings dims = {};  // every free dimension
  std::vector<FieldForecast> forecasts = {};
  Result<QuietLatency> measured = fail(Errc::interrupted, "not reached");
};

struct FieldReport {
  Target target;  // the pack's
  std::vector<FieldNetwork> networks;
  std::size_t skipped = 0;  // hidden files and folders, and files of other formats
  session::MachineReport machine = {};

  /// Forecasts.
  [[nodiscard]] std::size_t count(Verdict verdict) const;
};

/// All *.onnx below the folder. Dimensions that are asked for go to the networks that have them. Errc::mismatch: the
/// pack is of another machine or engine. Errc::invalid_input: a dimension that no network has. Errc::not_found: there
/// is no network.
[[nodiscard]] Result<FieldReport> judge_field(const FieldOptions& options, session::Listener& listener);

}  // namespace latcast::experiments
