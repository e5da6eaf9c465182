// Mixtures: a class's own model over the physical base and a joint one over the same base, averaged in logs. Models of
// different kinds err differently, so that their mean often errs less than the better one (ensemble selection, Caruana
// et al. 2004; which are averaged, and with what shares, is our design). Nothing is trained for them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "latcast/result.h"
#include "learn/models/kernel_fit.h"
#include "learn/models/prepared.h"
#include "learn/models/regression_model.h"
#include "learn/study/study.h"

namespace latcast::learn {

/// "base_gp+medn".
[[nodiscard]] std::string mixture_name(std::string_view model, std::string_view joint);

/// The model that a mixture's name begins with; empty where it is no mixture's name.
[[nodiscard]] std::string_view mixed_model(std::string_view name);

/// Models that work over the base.
[[nodiscard]] bool can_mix(const RegressionModel& model);

/// Every mixture that there can be.
[[nodiscard]] std::vector<std::string> mixture_names();

/// `model`'s fit with the joint model's, each learner with the same share. `rows`: those that both were fitted to.
/// Errc::unsupported: they do not stand on the same base.
[[nodiscard]] Result<KernelFit> mix(const RegressionModel& model, const KernelFit& own, const KernelFit& joint,
                                    const Rows& rows);

/// Adds the mixtures of each class's fitted candidates to them.
void add_mixtures(const PreparedSet& prepared, Study& study);

}  // namespace latcast::learn
