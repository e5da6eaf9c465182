#include "learn/forecast_costs.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>

#include "core/pack_content.h"
#include "latcast/pack.h"
#include "learn/math/nnls.h"
#include "learn/train.h"

namespace latcast::learn {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kParts = std::tuple_size_v<FormCosts>;

constexpr std::size_t kNetworks = 4;
constexpr double kModules = 64;  // of a network
constexpr int kRounds = 10;
constexpr auto kMostTime = std::chrono::milliseconds(700);   // then no further round
constexpr auto kLeastTime = std::chrono::microseconds(300);  // of a visit
constexpr double kStepsPerDoubling = 6, kMostDoublings = 5;  // of factors
constexpr double kShare = 0.2;  // of a probe's reference time, for a kind of nodes to have a factor of its own

/// Networks of about kModules modules, each of another family.
std::vector<const NetworkTruth*> usual_networks(const TrainingSet& set) {
  std::vector<const NetworkTruth*> out;
  for (const NetworkTruth& network : set.networks) {
    if (counts(network)) out.push_back(&network);
  }
  std::ranges::stable_sort(out, {}, [](const NetworkTruth* one) {
    return std::abs(std::log(static_cast<double>(one->modules.size()) / kModules));
  });
  std::set<std::string_view> families;
  std::erase_if(out, [&](const NetworkTruth* one) {
    return families.size() == kNetworks || !families.insert(one->family).second;
  });
  return out;
}

/// Models that any class of the network could be given.
std::set<std::string_view> models_of(const NetworkTruth& network, const Study& study) {
  std::set<std::string_view> out;
  for (const ModuleRef& module : network.modules) {
    if (module.kernel_samples < 0) continue;
    for (const Candidate& one : study.classes[static_cast<std::size_t>(module.kernel_samples)].candidates) {
      if (one.fit) out.insert(one.score.name);
    }
  }
  return out;
}

/// The class's fit of that model, of the first one where it has none such; null without any.
const KernelFit* fit_of(const ClassStudy& study, std::string_view model) {
  const KernelFit* first = nullptr;
  for (const Candidate& one : study.candidates) {
    if (!one.fit) continue;
    if (one.score.name == model) return &*one.fit;
    if (first == nullptr) first = &*one.fit;
  }
  return first;
}

void put(const KernelFit& fit, const KernelSamples& samples, KernelModel& kernel) {
  kernel.low = fit.low;
  kernel.high = fit.high;
  kernel.samples = fit.samples;
  kernel.form = fit.form;
  kernel.extrapolation = fit.extrapolation;
  // Terms of other packs (learn/prior) are as good as a number here.
  kernel.terms.resize(samples.term_names.size(), {"", "", {{Opcode::constant, 0, 1.0}}});
}

/// The type, which `type` holds alone, under the conditions.
void add_type(std::span<const ModuleType> type, const Conditions& conditions, PackContent& content) {
  PackContent own = untrained(type);
  content.types.push_back(std::move(own.types.front()));
  for (ConditionRange& one : own.info.conditions) {
    one.low = one.high = one.usual = conditions.at(one.name);
    if (std::ranges::find(content.info.conditions, one.name, &ConditionRange::name) == content.info.conditions.end())
      content.info.conditions.push_back(std::move(one));
  }
}

/// Nothing where no module can be forecast.
std::optional<CostProbe> make_probe(const NetworkTruth& network, const TrainingSet& set, const Study& study,
                                    std::span<const ModuleType> types, std::string_view model) {
  PackContent content;
  std::vector<ModuleQuery> modules;
  FormCosts reference_ns = {};
  std::map<std::size_t, std::uint32_t> places;  // of the catalogue's types in the pack
  for (const ModuleRef& module : network.modules) {
    if (module.kernel_samples < 0) continue;
    const auto k = static_cast<std::size_t>(module.kernel_samples);
    const KernelSamples& samples = set.kernels[k];
    const KernelFit* fit = fit_of(study.classes[k], model);
    if (fit == nullptr || samples.parameters.empty()) continue;
    const auto [place, fresh] = places.try_emplace(samples.type, static_cast<std::uint32_t>(content.types.size()));
    if (fresh) add_type(types.subspan(samples.type, 1), samples.conditions, content);
    KernelModel& kernel = content.types[place->second].kernels[samples.kernel];
    if (kernel.form.empty()) put(*fit, samples, kernel);
    modules.push_back({.type = place->second, .parameters = samples.parameters});
    const FormCosts one = form_costs_ns(kernel.form, {kernel.terms.size(), kernel.features.size()});
    for (std::size_t part = 0; part < one.size(); ++part) reference_ns[part] += one[part];
  }
  const auto pack = Pack::from_bytes(pack_bytes(content));
  if (!pack || modules.empty()) return std::nullopt;
  return CostProbe{std::move(modules), Predictor(*pack, 0), reference_ns};
}

std::vector<CostProbe> make_probes(const TrainingSet& set, const Study& study, std::span<const ModuleType> types) {
  std::vector<CostProbe> out;
  for (const NetworkTruth* network : usual_networks(set)) {
    for (const std::string_view model : models_of(*network, study)) {
      if (auto probe = make_probe(*network, set, study, types, model)) out.push_back(std::move(*probe));
    }
  }
  return out;
}

double rounded(double factor) {
  const double doublings = std::clamp(std::log2(factor), -kMostDoublings, kMostDoublings);
  return std::exp2(std::round(doublings * kStepsPerDoubling) / kStepsPerDoubling);
}

/// Which factor a part has: that of what surrounds forms, or its own where it shows.
std::array<std::size_t, kParts> factor_of_parts(const std::vector<CostProbe>& probes) {
  std::array<std::size_t, kParts> out = {};
  for (const CostProbe& probe : probes) {
    const double all = std::reduce(probe.reference_ns.begin(), probe.reference_ns.end());
    for (std::size_t part = 0; part < kParts; ++part) {
      if (probe.reference_ns[part] > kShare * all) out[part] = part;
    }
  }
  return out;
}

FormCosts fitted(const std::vector<CostProbe>& probes, const std::vector<double>& ns) {
  const auto factor = factor_of_parts(probes);
  Eigen::MatrixXd gram = 1e-9 * Eigen::MatrixXd::Identity(kParts, kParts);
  Eigen::VectorXd right = Eigen::VectorXd::Zero(kParts);
  for (std::size_t i = 0; i < probes.size(); ++i) {
    Eigen::VectorXd shares = Eigen::VectorXd::Zero(kParts);
    for (std::size_t part = 0; part < kParts; ++part) {
      shares[static_cast<Eigen::Index>(factor[part])] += probes[i].reference_ns[part] / std::max(ns[i], 1.0);
    }
    gram += shares * shares.transpose();
    right += shares;
  }
  const Eigen::VectorXd factors = nnls(gram, right);
  FormCosts out;
  std::ranges::transform(factor, out.begin(), [&](auto at) { return rounded(factors[static_cast<Eigen::Index>(at)]); });
  return out;
}

}  // namespace

double time_forecast(const CostProbe& probe) {
  std::vector<ModuleForecast> modules(probe.modules.size());
  std::size_t count = 0;
  const auto start = Clock::now();
  auto end = start;
  do {
    if (!probe.predictor.forecast_network(probe.modules, modules)) break;
    ++count;
    end = Clock::now();
  } while (end - start < kLeastTime);
  return std::chrono::duration<double, std::nano>(end - start).count() / static_cast<double>(count);
}

FormCosts measure_costs(const TrainingSet& set, const Study& study, std::span<const ModuleType> types,
                        const TimeForecast& time) {
  const std::vector<CostProbe> probes = make_probes(set, study, types);
  if (probes.empty()) return kReferenceCosts;
  std::vector<double> least_ns(probes.size(), std::numeric_limits<double>::infinity());
  const auto start = Clock::now();
  for (int round = 0; round < kRounds && Clock::now() - start < kMostTime; ++round) {
    for (std::size_t i = 0; i < probes.size(); ++i) least_ns[i] = std::min(least_ns[i], time(probes[i]));
  }
  return fitted(probes, least_ns);
}

}  // namespace latcast::learn
