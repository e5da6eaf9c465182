#include "learn/models/kernel_fit.h"

#include "core/limits.h"

namespace latcast::learn {

Result<KernelFit> seal_fit(std::string_view model, FormSpec form, FormSpec extrapolation, const Rows& rows) {
  KernelFit out;
  out.model = model;
  out.samples = static_cast<std::uint32_t>(rows.size());
  for (Eigen::Index f = 0; f < rows.logs.cols(); ++f) {
    out.low.push_back(rows.logs.col(f).minCoeff());
    out.high.push_back(rows.logs.col(f).maxCoeff());
  }
  const FormShape shape{static_cast<std::size_t>(rows.terms.cols()), static_cast<std::size_t>(rows.logs.cols())};
  for (const FormSpec* one : {&form, &extrapolation}) {
    if (one->empty()) continue;
    if (auto ok = check(view(*one), shape); !ok) return fail_in(model, ok.error());
  }
  out.form = laid_out(std::move(form));
  out.extrapolation = laid_out(std::move(extrapolation));
  out.bytes = static_cast<double>(form_bytes(out.form) + form_bytes(out.extrapolation));
  out.latency_ns = form_cost_ns(out.form, shape);
  return out;
}

Result<KernelFit> fit_kernel(const RegressionModel& model, FitContext& context) {
  auto fitted = model.fit(context);
  if (!fitted) return tl::unexpected<Error>(fitted.error());
  return seal_fit(model.name, (*fitted)->form(), (*fitted)->extrapolation(), context.rows());
}

double bytes_in_common(const FormSpec& form) {
  double bytes = 0;
  for (const FormNode& node : form)
    bytes += node.shared ? static_cast<double>(node.shared->size() * sizeof(float)) : 0.0;
  return bytes;
}

std::vector<KernelEstimate> forecast(const KernelFit& fit, const Rows& rows) {
  const FormView form = view(fit.form), extrapolation = view(fit.extrapolation);
  const auto terms = static_cast<std::size_t>(rows.terms.cols()), features = static_cast<std::size_t>(rows.logs.cols());
  const KernelForecaster kernel({form, extrapolation, fit.low, fit.high, fit.samples}, {terms, features});
  std::vector<KernelEstimate> out;
  out.reserve(static_cast<std::size_t>(rows.size()));
  for (Eigen::Index i = 0; i < rows.size(); ++i) {
    out.push_back(kernel.estimate({rows.terms.row(i).data(), terms}, {rows.features.row(i).data(), features}));
  }
  return out;
}

}  // namespace latcast::learn
