#include "learn/models/prepared.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "core/limits.h"
#include "learn/data/folds.h"

namespace latcast::learn {
namespace {

constexpr double kPriorSamples = 6;       // what the type's pooled model is worth in a class with few samples
constexpr Eigen::Index kPriorBelow = 60;  // larger classes speak for themselves

Result<void> check_sizes(const KernelSamples& s, std::size_t networks) {
  const Eigen::Index n = s.latency_ns.size();
  const std::string where = s.type_name + "/" + s.kernel_name;
  const bool right = s.terms.rows() == n && s.features.rows() == n && s.weight.size() == n &&
                     static_cast<Eigen::Index>(s.network.size()) == n &&
                     static_cast<std::size_t>(s.terms.cols()) == s.term_names.size() &&
                     static_cast<std::size_t>(s.features.cols()) == s.feature_names.size();
  if (!right) return fail(Errc::invalid_input, where + ": the training set's sizes do not match");
  if (s.term_names.size() > kMaxTerms || s.feature_names.size() > kMaxFeatures) {
    return fail(Errc::unsupported, where + ": at most 32 base terms and 64 features");
  }
  const bool inside =
      std::ranges::all_of(s.network, [&](int i) { return i >= 0 && static_cast<std::size_t>(i) < networks; });
  return inside ? Result<void>() : fail(Errc::invalid_input, where + ": a sample of no network");
}

/// Copies of a network would be on both sides of folds.
Result<void> check_networks(const std::vector<NetworkTruth>& networks) {
  std::set<std::uint64_t> seen;
  for (const NetworkTruth& network : networks) {
    if (network.identity != 0 && !seen.insert(network.identity).second)
      return fail(Errc::invalid_input,
                  network.name + ": is in the training set twice; its measurements must be united");
  }
  return {};
}

/// Rows with the same features, terms and latency as an earlier one.
std::size_t count_repeated(const Rows& rows) {
  std::set<std::vector<double>> seen;
  for (Eigen::Index i = 0; i < rows.size(); ++i) {
    std::vector<double> row(rows.terms.row(i).begin(), rows.terms.row(i).end());
    row.insert(row.end(), rows.features.row(i).begin(), rows.features.row(i).end());
    row.push_back(rows.latency_ns[i]);
    seen.insert(std::move(row));
  }
  return static_cast<std::size_t>(rows.size()) - seen.size();
}

using TermWeights = std::map<std::string, double, std::less<>>;

/// One base over all kernel classes of a type, by the names of their terms.
TermWeights pooled_weights(const TrainingSet& set, const std::vector<const Rows*>& rows_of, std::size_t type) {
  std::map<std::string, Eigen::Index, std::less<>> columns;
  Eigen::Index samples = 0;
  for (std::size_t k = 0; k < set.kernels.size(); ++k) {
    if (set.kernels[k].type != type) continue;
    for (const std::string& name : set.kernels[k].term_names) columns.emplace(name, 0);
    samples += rows_of[k]->size();
  }
  Eigen::Index next = 0;
  for (auto& [name, column] : columns) column = next++;
  Rows all;
  all.terms = RowMatrix::Zero(samples, next);
  all.latency_ns.resize(samples);
  all.weight.resize(samples);
  Eigen::Index at = 0;
  for (std::size_t k = 0; k < set.kernels.size(); ++k) {
    const Rows& rows = *rows_of[k];
    if (set.kernels[k].type != type || rows.size() == 0) continue;
    for (std::size_t t = 0; t < set.kernels[k].term_names.size(); ++t) {
      all.terms.block(at, columns[set.kernels[k].term_names[t]], rows.size(), 1) =
          rows.terms.col(static_cast<Eigen::Index>(t));
    }
    all.latency_ns.segment(at, rows.size()) = rows.latency_ns;
    all.weight.segment(at, rows.size()) = rows.weight;
    at += rows.size();
  }
  if (samples == 0 || next == 0) return {};
  const PhysicalBase base = fit_base(all);
  TermWeights out;
  for (const auto& [name, column] : columns) out[name] = base.weights[column];
  return out;
}

Result<ModulePlace> find_place(const TrainingSet& set, const std::vector<std::vector<Eigen::Index>>& new_row,
                               const ModuleRef& module) {
  if (module.kernel_samples < 0) return ModulePlace{};
  const auto kernel = static_cast<std::size_t>(module.kernel_samples);
  if (kernel >= set.kernels.size() || module.row < 0 ||
      static_cast<std::size_t>(module.row) >= new_row[kernel].size()) {
    return fail(Errc::invalid_input, "a module refers to a sample that is not there");
  }
  const Eigen::Index row = new_row[kernel][static_cast<std::size_t>(module.row)];
  return row < 0 ? ModulePlace{} : ModulePlace{module.kernel_samples, row};
}

}  // namespace

std::vector<BasePrior> pooled_priors(const TrainingSet& set, const std::vector<const Rows*>& rows) {
  std::vector<BasePrior> out(rows.size());
  std::map<std::size_t, TermWeights> by_type;
  for (std::size_t k = 0; k < rows.size(); ++k) {
    const KernelSamples& samples = set.kernels[k];
    if (rows[k]->size() == 0 || rows[k]->size() >= kPriorBelow) continue;
    auto [found, fresh] = by_type.try_emplace(samples.type);
    if (fresh) found->second = pooled_weights(set, rows, samples.type);
    out[k].weights = Eigen::VectorXd::Zero(rows[k]->terms.cols());
    for (std::size_t t = 0; t < samples.term_names.size(); ++t) {
      out[k].weights[static_cast<Eigen::Index>(t)] = found->second[samples.term_names[t]];
    }
    out[k].samples = kPriorSamples;
  }
  return out;
}

Result<PreparedSet> prepare(const TrainingSet& set) {
  if (auto ok = check_networks(set.networks); !ok) return tl::unexpected<Error>(ok.error());
  PreparedSet out;
  std::vector<std::vector<Eigen::Index>> new_row(set.kernels.size());
  std::size_t usable_samples = 0;
  for (std::size_t k = 0; k < set.kernels.size(); ++k) {
    const KernelSamples& samples = set.kernels[k];
    if (auto ok = check_sizes(samples, set.networks.size()); !ok) return tl::unexpected<Error>(ok.error());
    std::vector<Eigen::Index> kept;
    out.kernels.push_back(
        {samples.type, samples.kernel, samples.type_name, samples.kernel_name, make_rows(samples, kept), {}});
    new_row[k].assign(static_cast<std::size_t>(samples.latency_ns.size()), -1);
    for (std::size_t i = 0; i < kept.size(); ++i) {
      new_row[k][static_cast<std::size_t>(kept[i])] = static_cast<Eigen::Index>(i);
    }
    usable_samples += kept.size();
    out.repeated += count_repeated(out.kernels.back().rows);
    out.dropped += new_row[k].size() - kept.size();
  }
  if (usable_samples == 0 && (set.unlisted.empty() || !set.kernels.empty())) {
    return fail(Errc::invalid_input, "there is no usable sample to train on: profile first");
  }
  for (const NetworkTruth& network : set.networks) {
    std::vector<ModulePlace> places;
    for (const ModuleRef& module : network.modules) {
      auto place = find_place(set, new_row, module);
      if (!place) return fail_in(network.name, place.error());
      places.push_back(*place);
    }
    out.places.push_back(std::move(places));
  }
  std::vector<const Rows*> rows;
  for (const PreparedKernel& kernel : out.kernels) rows.push_back(&kernel.rows);
  std::vector<BasePrior> priors = pooled_priors(set, rows);
  for (std::size_t k = 0; k < priors.size(); ++k) out.kernels[k].prior = std::move(priors[k]);
  return out;
}

std::vector<int> network_folds(const PreparedSet& prepared, int folds, std::uint64_t seed) {
  std::vector<std::vector<int>> classes;
  for (const auto& places : prepared.places) {
    auto& own = classes.emplace_back();
    for (const ModulePlace& place : places) {
      if (place.kernel >= 0) own.push_back(place.kernel);
    }
  }
  return stratified_folds(classes, folds, seed);
}

}  // namespace latcast::learn
