// Hyperparameters by successive halving (Jamieson & Talwalkar 2016): many settings on few networks, few on many.
//
// Only training rows are seen: a third of their networks is held out inside, the others are learnt from.
#pragma once

#include <cstddef>
#include <functional>

#include "latcast/result.h"
#include "learn/models/log_model.h"

namespace latcast::learn {

/// Fits one of a learner's settings, by its number, to a part of the problem.
using FitSetting = std::function<Result<LogModelPtr>(const LogProblem& part, std::size_t setting)>;

/// Number of the setting to use: the one in `problem.warm`, if that is filled; else the one that a search finds, which
/// fills it; else, where there are too few rows or networks for a search, `usual`.
[[nodiscard]] std::size_t choose_setting(std::size_t settings, std::size_t usual, const FitSetting& fit,
                                         const LogProblem& problem);

}  // namespace latcast::learn
