#include "learn/joint/joint_training.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "learn/data/folds.h"
#include "learn/math/parallel.h"
#include "learn/models/kernel_fit.h"

namespace latcast::learn {
namespace {

/// Networks of all subjects, each once.
struct Distinct {
  std::map<std::uint64_t, std::size_t> place;        // by identity
  std::vector<std::vector<std::size_t>> of_subject;  // per subject, per network
};

Distinct distinct_networks(const std::vector<Subject>& subjects) {
  Distinct out;
  for (const Subject& subject : subjects) {
    auto& places = out.of_subject.emplace_back();
    for (const NetworkTruth& network : subject.set.networks) {
      const std::uint64_t identity = network.identity != 0 ? network.identity : identity_of(network.name);
      places.push_back(out.place.emplace(identity, out.place.size()).first->second);
    }
  }
  return out;
}

Division spread_to_subjects(const Distinct& distinct, const std::vector<int>& part_of) {
  Division out;
  for (const auto& places : distinct.of_subject) {
    auto& parts = out.part_of_network.emplace_back();
    for (const std::size_t place : places) parts.push_back(part_of[place]);
  }
  out.parts = part_of.empty() ? 0 : *std::ranges::max_element(part_of) + 1;
  return out;
}

/// Rows of every class on one side of a division, and where they came from.
struct Side {
  std::vector<Rows> rows;
  std::vector<std::vector<Eigen::Index>> place;
};

/// The rows whose network's part is (`inside`) or is not `part`; part -1 is nobody's.
Side side_of(const PreparedSet& prepared, const std::vector<int>& part_of_network, int part, bool inside) {
  Side out;
  for (const PreparedKernel& kernel : prepared.kernels) {
    std::vector<Eigen::Index> indices;
    for (Eigen::Index i = 0; i < kernel.rows.size(); ++i) {
      const int network = kernel.rows.group[static_cast<std::size_t>(i)];
      if ((part_of_network[static_cast<std::size_t>(network)] == part) == inside) indices.push_back(i);
    }
    out.rows.push_back(take(kernel.rows, indices));
    out.place.push_back(std::move(indices));
  }
  return out;
}

/// One training over all subjects' rows; the result dealt out to them.
std::vector<Result<JointFit>> fit_rows(const JointModel& model, const std::vector<Subject>& subjects,
                                       const std::vector<std::vector<Rows>>& rows, const JointOptions& options) {
  std::vector<JointClass> classes;
  for (std::size_t s = 0; s < subjects.size(); ++s) {
    std::ranges::move(joint_classes(subjects[s].set, rows[s]), std::back_inserter(classes));
  }
  auto fit = model.fit(classes, options);
  std::vector<Result<JointFit>> out;
  std::size_t next = 0;
  for (const auto& own : rows) {
    if (!fit) {
      out.emplace_back(tl::unexpected<Error>(fit.error()));
      continue;
    }
    JointFit part;
    part.cost_s = fit->cost_s / static_cast<double>(subjects.size());
    const auto first = fit->forms.begin() + static_cast<std::ptrdiff_t>(next);
    std::move(first, first + static_cast<std::ptrdiff_t>(own.size()), std::back_inserter(part.forms));
    next += own.size();
    out.emplace_back(std::move(part));
  }
  return out;
}

/// The rows of `part` forecast by a fit that did not see them, into `out`; no other thread writes there.
void forecast_part(const JointModel& model, const JointFit& fit, const std::vector<Rows>& train, const Side& test,
                   JointForecasts& out) {
  for (std::size_t k = 0; k < train.size(); ++k) {
    if (fit.forms[k].empty() || test.place[k].empty()) continue;
    const auto sealed = seal_fit(model.name, fit.forms[k], {}, train[k]);
    if (!sealed) continue;
    out.bytes[k] = std::max(out.bytes[k], sealed->bytes);
    out.latency_ns[k] = std::max(out.latency_ns[k], sealed->latency_ns);
    const auto found = forecast(*sealed, test.rows[k]);
    for (std::size_t i = 0; i < found.size(); ++i) {
      out.forecasts[k][static_cast<std::size_t>(test.place[k][i])] = found[i];
    }
  }
}

JointForecasts no_forecasts(const PreparedSet& prepared) {
  JointForecasts out;
  for (const PreparedKernel& kernel : prepared.kernels) {
    out.forecasts.emplace_back(static_cast<std::size_t>(kernel.rows.size()));
  }
  out.bytes.assign(prepared.kernels.size(), 0.0);
  out.latency_ns.assign(prepared.kernels.size(), 0.0);
  return out;
}

}  // namespace

Division divide_by_network(const std::vector<Subject>& subjects, int parts, std::uint64_t seed) {
  const Distinct distinct = distinct_networks(subjects);
  std::vector<std::vector<int>> classes(distinct.place.size());
  int first = 0;
  for (std::size_t s = 0; s < subjects.size(); ++s) {
    const PreparedSet& prepared = subjects[s].prepared;
    for (std::size_t n = 0; n < prepared.places.size(); ++n) {
      auto& own = classes[distinct.of_subject[s][n]];
      for (const ModulePlace& place : prepared.places[n]) {
        if (place.kernel >= 0) own.push_back(first + place.kernel);
      }
    }
    first += static_cast<int>(prepared.kernels.size());
  }
  return spread_to_subjects(distinct, stratified_folds(classes, parts, seed));
}

Division divide_by_family(const std::vector<Subject>& subjects, int parts) {
  const Distinct distinct = distinct_networks(subjects);
  std::vector<NetworkTruth> networks(distinct.place.size());
  for (std::size_t s = 0; s < subjects.size(); ++s) {
    for (std::size_t n = 0; n < subjects[s].set.networks.size(); ++n) {
      networks[distinct.of_subject[s][n]].family = subjects[s].set.networks[n].family;
    }
  }
  return spread_to_subjects(distinct, family_groups(networks, parts));
}

std::vector<JointForecasts> forecast_parts(const JointModel& model, const std::vector<Subject>& subjects,
                                           const Division& division, const PartsOptions& options) {
  const auto parts = static_cast<std::size_t>(division.parts);
  std::vector<std::vector<JointForecasts>> done(parts);
  parallel_for(parts, options.threads, [&](std::size_t part) {
    for (const Subject& subject : subjects) done[part].push_back(no_forecasts(subject.prepared));
    if (options.stop && options.stop()) return;
    std::vector<std::vector<Rows>> train;
    for (std::size_t s = 0; s < subjects.size(); ++s) {
      train.push_back(side_of(subjects[s].prepared, division.part_of_network[s], static_cast<int>(part), false).rows);
    }
    const auto fits = fit_rows(model, subjects, train, {derive_seed(options.seed, model.name, part), Effort::fold});
    for (std::size_t s = 0; s < subjects.size(); ++s) {
      JointForecasts& out = done[part][s];
      if (!fits[s]) {
        out.failure = fits[s].error().context;
        continue;
      }
      out.cost_s = fits[s]->cost_s;
      const Side test = side_of(subjects[s].prepared, division.part_of_network[s], static_cast<int>(part), true);
      forecast_part(model, *fits[s], train[s], test, out);
    }
  });
  std::vector<JointForecasts> out;
  for (std::size_t s = 0; s < subjects.size(); ++s) {
    JointForecasts& all = out.emplace_back(no_forecasts(subjects[s].prepared));
    for (const auto& part : done) {
      const JointForecasts& one = part[s];
      all.cost_s += one.cost_s;
      if (!one.failure.empty()) all.failure = one.failure;
      for (std::size_t k = 0; k < all.forecasts.size(); ++k) {
        all.bytes[k] = std::max(all.bytes[k], one.bytes[k]);
        all.latency_ns[k] = std::max(all.latency_ns[k], one.latency_ns[k]);
        for (std::size_t i = 0; i < all.forecasts[k].size(); ++i) {
          if (one.forecasts[k][i].latency_ns > 0) all.forecasts[k][i] = one.forecasts[k][i];
        }
      }
    }
  }
  return out;
}

std::vector<Result<JointFit>> fit_all(const JointModel& model, const std::vector<Subject>& subjects,
                                      std::uint64_t seed) {
  std::vector<std::vector<Rows>> rows;
  for (const Subject& subject : subjects) {
    auto& own = rows.emplace_back();
    for (const PreparedKernel& kernel : subject.prepared.kernels) own.push_back(kernel.rows);
  }
  return fit_rows(model, subjects, rows, {derive_seed(seed, model.name, 1000), Effort::final});
}

}  // namespace latcast::learn
