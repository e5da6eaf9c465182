// Models that forecast nanoseconds on their own, without a logarithm: RegressionModel::direct.
#pragma once

#include "learn/models/regression_model.h"

namespace latcast::learn {

Result<FittedModelPtr> fit_constant(const DirectProblem& problem);
Result<FittedModelPtr> fit_lasso(const DirectProblem& problem);

}  // namespace latcast::learn
