// What a pack must hold to be forecast from, whoever wrote it: programs, ranges, forms and numbers within bounds.
// Arrays are checked where they lie.
#pragma once

#include <span>
#include <string>
#include <utility>

#include "core/form.h"
#include "core/plan.h"
#include "latcast/pack_info.h"
#include "latcast/result.h"

namespace latcast::detail {

inline tl::unexpected<Error> corrupt(std::string what) { return fail(Errc::corrupt, std::move(what)); }

// Errc::corrupt, or what the checks of expressions and forms say.
[[nodiscard]] Result<void> check_info(const PackInfo& info);
[[nodiscard]] Result<void> check_type(const TypeSource& type);
[[nodiscard]] Result<void> check_ranges(std::span<const double> low, std::span<const double> high,
                                        std::size_t features);
[[nodiscard]] Result<void> check_form(const FormView& form, FormShape shape);

}  // namespace latcast::detail
