// Combinations of cores from what one of their cores tells.
#include <map>

#include "experiments/mobile/protocol.h"
#include "experiments/table_check.h"
#include "learn/prior/prior_terms.h"

namespace latcast::experiments {
using namespace learn;

namespace {

/// With the networks' latencies on the single core: only what they do not tell is learnt.
Result<void> forecast_known(const Case& one, const PackContent& pack, const std::map<std::string, double>& known_ns,
                            const Indices& train, const Indices& test, const TrainOptions& beside,
                            TableForecasts& out) {
  const auto ratios = known_ratios(one.networks(), one.tables.catalogue, pack, known_ns);
  if (!ratios) return tl::unexpected(ratios.error());
  std::vector<TableNetwork> rest = one.target.networks;
  divide_totals(rest, *ratios);
  if (auto ok = forecast_ours(one, rest, train, test, beside, out); !ok) return ok;
  for (const std::size_t i : test) {
    for (auto* values : {&out.forecast_ns, &out.lower_ns, &out.upper_ns}) (*values)[i] *= (*ratios)[i];
  }
  return {};
}

}  // namespace

Result<Outcome> several_from_one(const Case& one) {
  const MobileTarget* single =
      one.tables.find(one.target.engine, one.target.device, one.target.processor->single, one.target.precision);
  if (single == nullptr) return fail(Errc::not_found, "the tables have no target of one core");
  std::map<std::string, double> known_ns;  // on that core
  for (const TableNetwork& network : single->networks) known_ns[network.name] = network.total_ns;
  const std::vector<int> folds = mobile_folds(one.networks().size());
  TableForecasts plain, known;
  for (int fold = 0; fold < kMobileFolds; ++fold) {
    const auto [train, test] = sides(folds, fold);
    const auto pack = train_on(single->networks, one.tables.catalogue,
                               same_networks(one.networks(), train, single->networks), mobile_training(one, false));
    if (!pack) return tl::unexpected(pack.error());
    TrainOptions beside = mobile_training(one, true);
    beside.priors = {&*pack, 1};
    if (auto ok = forecast_ours(one, one.networks(), train, test, beside, plain); !ok)
      return tl::unexpected(ok.error());
    if (auto ok = forecast_known(one, *pack, known_ns, train, test, beside, known); !ok)
      return tl::unexpected(ok.error());
  }
  return Outcome{{figure(one, "CPU, several cores, one core's pack", network_mape(one.networks(), plain)),
                  figure(one, "CPU, n cores from one", network_mape(one.networks(), known))},
                 {}};
}

}  // namespace latcast::experiments
