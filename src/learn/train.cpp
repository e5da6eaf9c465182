#include "learn/train.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <numeric>

#include "learn/family_holdout.h"
#include "learn/folds.h"
#include "learn/network_fit.h"
#include "learn/parallel.h"
#include "learn/prepared.h"
#include "learn/robust.h"
#include "learn/selection.h"

namespace latcast::learn {
namespace {

std::vector<NamedProgram> named(const std::vector<Expression>& expressions) {
  std::vector<NamedProgram> out;
  for (const Expression& e : expressions) out.push_back({e.text, e.text, e.program});
  return out;
}

KernelModel untrained_kernel(const Kernel& kernel) {
  KernelModel out;
  out.name = kernel.name;
  out.when = kernel.when;
  out.terms = named(kernel.base);
  out.features = named(kernel.features);
  out.low.assign(kernel.features.size(), 0.0);
  out.high.assign(kernel.features.size(), 0.0);
  return out;
}

TypeModel untrained_type(const ModuleType& type) {
  TypeModel out;
  out.name = type.name;
  for (const Parameter& parameter : type.parameters) out.parameters.push_back(parameter.name);
  for (const Derived& derived : type.derived) out.derived.push_back({derived.name, derived.name, derived.program});
  if (type.macs) out.macs = type.macs->program;
  for (const Kernel& kernel : type.kernels) out.kernels.push_back(untrained_kernel(kernel));
  return out;
}

PackContent untrained(std::span<const ModuleType> types) {
  PackContent out;
  for (const ModuleType& type : types) {
    out.types.push_back(untrained_type(type));
    out.info.sources.push_back({type.file, type.source});
  }
  return out;
}

Result<void> check_catalogue(const TrainingSet& set, std::span<const ModuleType> types) {
  for (const KernelSamples& samples : set.kernels) {
    const bool known = samples.type < types.size() && samples.kernel < types[samples.type].kernels.size();
    const auto mismatch = [&] {
      const Kernel& kernel = types[samples.type].kernels[samples.kernel];
      return kernel.base.size() != samples.term_names.size() || kernel.features.size() != samples.feature_names.size();
    };
    if (!known || mismatch()) {
      return fail(Errc::invalid_input, samples.type_name + "/" + samples.kernel_name + ": not as in the catalogue");
    }
  }
  return {};
}

/// Large classes first, so that no thread is left with a long one at the end.
std::vector<std::size_t> by_size(const PreparedSet& set) {
  std::vector<std::size_t> order(set.kernels.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t k) { return set.kernels[k].rows.size(); });
  return order;
}

std::vector<Selection> select_all(const PreparedSet& set, const TrainOptions& options) {
  std::vector<Selection> out(set.kernels.size());
  const std::vector<std::size_t> order = by_size(set);
  std::mutex lock;
  std::size_t done = 0;
  parallel_for(order.size(), options.threads, [&](std::size_t i) {
    const PreparedKernel& kernel = set.kernels[order[i]];
    const std::string name = kernel.type_name + "/" + kernel.kernel_name;
    if (kernel.rows.size() > 0) {
      out[order[i]] = select_model(kernel.rows, {derive_seed(options.seed, name), 5, kernel.prior});
    }
    const std::scoped_lock guard(lock);
    ++done;
    if (options.progress) options.progress({done, order.size(), "models", name});
  });
  return out;
}

void store(const PreparedKernel& kernel, const Selection& chosen, PackContent& content) {
  if (chosen.fit.form.empty()) return;
  KernelModel& out = content.types[kernel.type].kernels[kernel.kernel];
  out.low = chosen.fit.low;
  out.high = chosen.fit.high;
  out.samples = chosen.fit.samples;
  out.error = chosen.error;
  out.bias = chosen.bias;
  out.model = chosen.fit.model;
  out.form = chosen.fit.form;
  out.extrapolation = chosen.fit.extrapolation;
  out.candidates = chosen.candidates;
}

std::vector<RawNetwork> out_of_fold_sums(const TrainingSet& set, const PreparedSet& prepared,
                                         const std::vector<Selection>& chosen, const Fallback& fallback) {
  std::vector<std::vector<KernelEstimate>> estimates;
  for (const Selection& one : chosen) estimates.push_back(one.out_of_fold);
  const std::vector<double> errors = errors_of(chosen);
  std::vector<RawNetwork> out;
  for (std::size_t i = 0; i < set.networks.size(); ++i) {
    out.push_back(sum_network(set.networks[i], prepared.places[i], estimates, errors, fallback));
  }
  return out;
}

/// Networks with a truth and modules; others teach nothing about sums.
bool counts(const NetworkTruth& network) {
  if (network.probe) return false;
  return std::isfinite(network.quiet_ns) && network.quiet_ns > 0 && !network.modules.empty();
}

template <class T>
std::vector<T> counted(const TrainingSet& set, const std::vector<T>& per_network) {
  std::vector<T> out;
  for (std::size_t i = 0; i < per_network.size(); ++i) {
    if (counts(set.networks[i])) out.push_back(per_network[i]);
  }
  return out;
}

std::vector<FamilyLoss> loss_by_family(const TrainingSet& set, const std::vector<HeldOut>& held) {
  std::map<std::string, FamilyLoss> families;
  for (std::size_t i = 0; i < held.size(); ++i) {
    if (!counts(set.networks[i])) continue;
    FamilyLoss& family = families[set.networks[i].family];
    family.name = set.networks[i].family;
    ++family.networks;
    family.error += std::abs(held[i].forecast_ns / held[i].quiet_ns - 1.0);
    family.bias += std::log(held[i].forecast_ns / held[i].quiet_ns);
  }
  std::vector<FamilyLoss> out;
  for (auto& [name, family] : families) {
    family.error /= family.networks;
    family.bias /= family.networks;
    out.push_back(family);
  }
  return out;
}

double mean_error(const std::vector<RawNetwork>& networks, const Calibration& calibration) {
  double sum = 0.0;
  for (const RawNetwork& one : networks) sum += std::abs(calibrated_ns(one, calibration) / one.quiet_ns - 1.0);
  return networks.empty() ? 0.0 : sum / static_cast<double>(networks.size());
}

double noise_floor(const TrainingSet& set) {
  std::vector<double> noise;
  for (const NetworkTruth& network : set.networks) {
    if (counts(network) && std::isfinite(network.noise_ns)) noise.push_back(network.noise_ns / network.quiet_ns);
  }
  return noise.empty() ? 0.0
                       : median(Eigen::Map<Eigen::VectorXd>(noise.data(), static_cast<Eigen::Index>(noise.size())));
}

void fit_networks(const TrainingSet& set, const PreparedSet& prepared, const std::vector<Selection>& chosen,
                  const TrainOptions& options, PackInfo& info) {
  const std::vector<RawNetwork> raw = out_of_fold_sums(set, prepared, chosen, info.fallback);
  const std::vector<RawNetwork> usable_raw = counted(set, raw);
  info.calibration = fit_calibration(usable_raw);
  const auto held = hold_out_families(set, prepared, chosen, raw, info.fallback, {options.seed, 6, options.threads});
  std::vector<HeldOut> plain;
  for (std::size_t i = 0; i < held.size(); ++i) {
    if (counts(set.networks[i]) && !set.networks[i].adaptive) plain.push_back(held[i]);
  }
  info.interval = fit_intervals(plain, options.level);
  info.training.error = mean_error(usable_raw, info.calibration);
  info.training.families = loss_by_family(set, held);
}

void summarise(const TrainingSet& set, const PreparedSet& prepared, PackInfo& info) {
  info.training.networks = static_cast<std::uint32_t>(set.networks.size());
  std::size_t samples = 0;
  for (const PreparedKernel& kernel : prepared.kernels) samples += static_cast<std::size_t>(kernel.rows.size());
  info.training.samples = static_cast<std::uint32_t>(samples);
  info.training.noise_floor = noise_floor(set);
  info.extras.push_back({"samples_dropped", std::to_string(prepared.dropped)});
  info.extras.push_back({"seed", ""});
}

}  // namespace

Result<PackContent> train(const TrainingSet& set, std::span<const ModuleType> types, const TrainOptions& options) {
  if (auto ok = check_catalogue(set, types); !ok) return tl::unexpected<Error>(ok.error());
  auto prepared = prepare(set);
  if (!prepared) return tl::unexpected<Error>(prepared.error());
  PackContent out = untrained(types);
  summarise(set, *prepared, out.info);
  out.info.extras.back().value = std::to_string(options.seed);
  const std::vector<Selection> chosen = select_all(*prepared, options);
  for (std::size_t k = 0; k < chosen.size(); ++k) store(prepared->kernels[k], chosen[k], out);
  out.info.fallback = fit_fallback(set);
  if (options.progress) options.progress({0, 1, "intervals", ""});
  fit_networks(set, *prepared, chosen, options, out.info);
  if (options.progress) options.progress({1, 1, "intervals", ""});
  return out;
}

}  // namespace latcast::learn
