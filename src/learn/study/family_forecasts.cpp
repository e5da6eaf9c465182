#include "learn/study/family_forecasts.h"

#include "learn/data/folds.h"
#include "learn/study/race.h"

namespace latcast::learn {
namespace {

/// The candidates' forecasts of one group's rows.
void forecast_group(const PreparedKernel& kernel, const Split& sides, std::uint64_t seed, ClassStudy& study) {
  const Rows train = take(kernel.rows, sides.train), test = take(kernel.rows, sides.test);
  WarmStarts warm = study.warm;
  FitContext context(train, {seed, Effort::fold, kernel.prior, &warm});
  const bool few = train.size() < kFewSamples;
  for (Candidate& one : study.candidates) {
    if (!one.score.front || one.joint) continue;
    const auto fit = fit_kernel(*find_model(few ? kBaseModel : std::string_view(one.score.name)), context);
    if (!fit) continue;
    const auto forecasts = forecast(*fit, test);
    for (std::size_t i = 0; i < forecasts.size(); ++i) {
      one.family_out[static_cast<std::size_t>(sides.test[i])] = forecasts[i];
    }
  }
}

}  // namespace

void forecast_families(const PreparedKernel& kernel, std::span<const int> group_of_network, int groups,
                       std::uint64_t seed, ClassStudy& study) {
  for (Candidate& one : study.candidates) {
    if (one.score.front) one.family_out.assign(static_cast<std::size_t>(kernel.rows.size()), {});
  }
  std::vector<int> side;
  for (const int network : kernel.rows.group) side.push_back(group_of_network[static_cast<std::size_t>(network)]);
  for (int group = 0; group < groups; ++group) {
    const Split sides = split(side, group);
    if (sides.test.empty() || sides.train.size() < 3) continue;  // zero: the fallback answers
    forecast_group(kernel, sides, derive_seed(seed, "families", static_cast<std::uint64_t>(group)), study);
  }
}

}  // namespace latcast::learn
