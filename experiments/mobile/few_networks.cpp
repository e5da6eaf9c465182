// What few training networks are good for: drawn, designed, or beside another device's pack.
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <random>

#include "experiments/mobile/protocol.h"
#include "experiments/network_design.h"
#include "experiments/reference_model.h"
#include "experiments/table_check.h"
#include "learn/data/folds.h"

namespace latcast::experiments {
using namespace learn;

namespace {

constexpr int kDraws = 20, kQuickDraws = 3;

/// `count` networks at random, and the others.
std::pair<Indices, Indices> drawn(std::size_t networks, std::size_t count, int draw) {
  Indices order(networks);
  std::iota(order.begin(), order.end(), 0U);
  std::mt19937_64 random(derive_seed(1, "draw", static_cast<std::uint64_t>(draw)));
  for (std::size_t i = 0; i < count; ++i) std::swap(order[i], order[i + random() % (order.size() - i)]);
  const auto middle = order.begin() + static_cast<std::ptrdiff_t>(count);
  return {{order.begin(), middle}, {middle, order.end()}};
}

Figure over_draws(const Case& one, const std::string& method, const std::vector<double>& errors) {
  const Eigen::Map<const Eigen::VectorXd> values(errors.data(), static_cast<Eigen::Index>(errors.size()));
  const double degrees = std::max(1.0, static_cast<double>(errors.size()) - 1.0);
  Figure out = figure(one, std::string(one.protocol.name), values.mean());
  out.method = method;
  out.spread = std::sqrt((values.array() - values.mean()).square().sum() / degrees);
  out.networks -= one.protocol.count;
  return out;
}

}  // namespace

Result<Outcome> draw_few(const Case& one) {
  const std::size_t count = one.protocol.count;
  if (one.networks().size() <= count) return Outcome{};
  std::map<std::string, std::vector<double>> errors;
  for (int draw = 0; draw < (one.quick ? kQuickDraws : kDraws); ++draw) {
    const auto [train, test] = drawn(one.networks().size(), count, draw);
    TableForecasts ours;
    if (auto ok = forecast_ours(one, one.networks(), train, test, mobile_training(one, true), ours); !ok)
      return tl::unexpected(ok.error());
    errors[std::string(kOurs)].push_back(network_mape(one.networks(), ours));
    for (const char* model : {"lasso", "forest", "gbdt"}) {
      TableForecasts reference;
      if (auto ok = forecast_with_model(model, one.networks(), one.tables.catalogue, train, test, 1, reference); !ok)
        return tl::unexpected(ok.error());
      errors[model].push_back(network_mape(one.networks(), reference));
    }
  }
  Outcome out;
  for (const auto& [method, all] : errors) out.figures.push_back(over_draws(one, method, all));
  return out;
}

Result<Outcome> design_few(const Case& one) {
  const TrainingSet set = make_training_set(one.networks(), one.tables.catalogue);
  const std::vector<int> folds = mobile_folds(one.networks().size());
  TableForecasts forecasts;
  for (int fold = 0; fold < kMobileFolds; ++fold) {
    const auto [pool, test] = sides(folds, fold);
    const Indices train = design_networks(set, pool, one.protocol.count);
    if (auto ok = forecast_ours(one, one.networks(), train, test, mobile_training(one, true), forecasts); !ok)
      return tl::unexpected(ok.error());
  }
  return Outcome{{figure(one, std::string(one.protocol.name), network_mape(one.networks(), forecasts))}, {}};
}

Result<Outcome> few_and_related(const Case& one) {
  const auto phone = std::ranges::find(phones(), one.target.device, &Phone::name);
  const MobileTarget& other = *one.tables.find(one.target.engine, phone->related_gpu, one.target.processor->name,
                                               one.target.precision);  // the scope says that it is there
  const std::vector<int> folds = mobile_folds(one.networks().size());
  std::map<std::size_t, TableForecasts> forecasts;  // by number of networks
  for (int fold = 0; fold < kMobileFolds; ++fold) {
    auto [pool, test] = sides(folds, fold);
    const auto pack = train_on(other.networks, one.tables.catalogue,
                               same_networks(one.networks(), pool, other.networks), mobile_training(one, true));
    if (!pack) return tl::unexpected(pack.error());
    TrainOptions beside = mobile_training(one, true);
    beside.priors = {&*pack, 1};
    std::mt19937_64 random(derive_seed(1, "proxy", static_cast<std::uint64_t>(fold)));
    std::shuffle(pool.begin(), pool.end(), random);
    for (const std::size_t count : {10U, 20U, 30U, 50U}) {
      const Indices train(pool.begin(),
                          pool.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(count, pool.size())));
      if (auto ok = forecast_ours(one, one.networks(), train, test, beside, forecasts[count]); !ok)
        return tl::unexpected(ok.error());
    }
  }
  Outcome out;
  for (const auto& [count, all] : forecasts) {
    out.figures.push_back(
        figure(one, std::to_string(count) + " networks and another device's pack", network_mape(one.networks(), all)));
  }
  return out;
}

}  // namespace latcast::experiments
