#include "learn/network/totals_fit.h"

#include <utility>

#include "learn/models/physical_base.h"
#include "learn/network/totals_bend.h"

namespace latcast::learn {

TotalsFit fit_totals(const TotalsProblem& problem, bool bend) {
  TotalsFit out{total_costs(problem), {}};
  for (const Eigen::VectorXd& weights : out.weights) out.forms.push_back(linear_terms_form(weights));
  if (!bend) return out;
  const std::vector<Eigen::Index> rows = rows_in_use(problem.use);
  ModuleBend bends(problem.classes, out.weights, out.forecast_ns);
  bends.fit({.rows = rows,
             .rest = (problem.quiet_ns(rows).array() / out.forecast_ns(rows).array() - 1.0).matrix(),
             .weight = out.weight,
             .unbent = out.unbent,
             .slack = out.slack});
  for (std::size_t c = 0; c < problem.classes.size(); ++c) out.forms[c] = bends.bent(c, std::move(out.forms[c]));
  out.forecast_ns = out.forecast_ns.cwiseProduct((1.0 + bends.rests().array()).max(0.1).matrix());
  return out;
}

}  // namespace latcast::learn
