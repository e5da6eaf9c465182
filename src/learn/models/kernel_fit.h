// A trained kernel class, and its forecasts: always through core's evaluator, as a user of the pack will get them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/form.h"
#include "core/kernel_forecast.h"
#include "learn/data/rows.h"
#include "learn/models/regression_model.h"

namespace latcast::learn {

struct KernelFit {
  std::string model;
  FormSpec form, extrapolation;
  std::vector<double> low, high;  // of log features in training
  std::uint32_t samples = 0;
  double bytes = 0;       // in a pack, without what is shared
  double latency_ns = 0;  // estimated, of an evaluation
};

/// A fit from its forms, with the ranges of the rows it was trained on. The forms are checked.
[[nodiscard]] Result<KernelFit> seal_fit(std::string_view model, FormSpec form, FormSpec extrapolation,
                                         const Rows& rows);

/// Fits `model` and checks the exported form.
[[nodiscard]] Result<KernelFit> fit_kernel(const RegressionModel& model, FitContext& context);

/// Bytes that a form has in common with others.
[[nodiscard]] double bytes_in_common(const FormSpec& form);

[[nodiscard]] std::vector<KernelEstimate> forecast(const KernelFit& fit, const Rows& rows);

}  // namespace latcast::learn
