#include "session/campaign_advice.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "learn/data/dataset.h"
#include "learn/data/folds.h"
#include "learn/models/kernel_fit.h"
#include "learn/models/prepared.h"
#include "store/rounds.h"

namespace latcast::session {
namespace {

using namespace latcast::learn;

/// Quick to fit, and close to what is chosen in the end: good enough to see where the error is.
constexpr const char* kQuickModel = "base_gbdt_small";
constexpr int kFolds = 3;

/// |forecast - measured| in ns per row, out of fold.
std::vector<double> out_of_fold_errors(const PreparedKernel& kernel) {
  const Rows& rows = kernel.rows;
  std::vector<double> errors(static_cast<std::size_t>(rows.size()), 0.0);
  const RegressionModel* model = find_model(kQuickModel);
  if (model == nullptr || rows.size() < 2 * kFolds) return errors;
  const std::vector<int> folds = grouped_folds(rows.group, kFolds, 1);
  for (int fold = 0; fold < kFolds; ++fold) {
    const Split sides = split(folds, fold);
    if (sides.train.size() < 2 || sides.test.empty()) continue;
    const Rows train = take(rows, sides.train);
    const Rows test = take(rows, sides.test);
    FitOptions options;
    options.effort = Effort::fold;
    options.prior = kernel.prior;
    FitContext context(train, options);
    const auto fit = fit_kernel(*model, context);
    if (!fit) continue;
    const auto forecasts = forecast(*fit, test);
    for (std::size_t i = 0; i < sides.test.size(); ++i) {
      const Eigen::Index row = sides.test[i];
      errors[static_cast<std::size_t>(row)] = std::abs(forecasts[i].latency_ns - rows.latency_ns[row]);
    }
  }
  return errors;
}

/// Share of each network's time that its modules' forecasts were off by, averaged over each family's networks.
std::vector<std::pair<std::string, double>> family_errors(const TrainingSet& set, const PreparedSet& prepared) {
  std::vector<std::vector<double>> errors;
  for (const PreparedKernel& kernel : prepared.kernels) errors.push_back(out_of_fold_errors(kernel));
  std::map<std::string, std::pair<double, int>> families;
  for (std::size_t network = 0; network < set.networks.size(); ++network) {
    double off = 0;
    double time = 0;
    for (std::size_t module = 0; module < set.networks[network].modules.size(); ++module) {
      const ModulePlace& place = prepared.places[network][module];
      time += set.networks[network].modules[module].latency_ns;
      if (place.kernel >= 0) off += errors[static_cast<std::size_t>(place.kernel)][static_cast<std::size_t>(place.row)];
    }
    auto& [sum, count] = families[set.networks[network].family];
    sum += time > 0 ? off / time : 0.0;
    ++count;
  }
  std::vector<std::pair<std::string, double>> weights;
  for (const auto& [family, sum] : families) weights.emplace_back(family, sum.first / sum.second);
  return weights;
}

/// One forecast gone astray must not draw the whole adaptive part to its family, and a family without error may have
/// been lucky: errors count within a third and three times the median.
void temper(std::vector<std::pair<std::string, double>>& weights) {
  std::vector<double> errors;
  for (const auto& [family, error] : weights) errors.push_back(error);
  const double usual = median(errors);
  for (auto& [family, error] : weights) error = std::clamp(error, usual / 3, 3 * usual);
}

}  // namespace

Advisor advise_from_errors(const Catalogue& catalogue) {
  return [&catalogue](Store& store, std::int64_t campaign) -> std::vector<std::pair<std::string, double>> {
    const auto dataset = load_campaign(store, campaign, catalogue);
    if (!dataset) return {};
    const auto prepared = prepare(dataset->samples);
    if (!prepared) return {};
    auto weights = family_errors(dataset->samples, *prepared);
    temper(weights);
    return weights;
  };
}

}  // namespace latcast::session
