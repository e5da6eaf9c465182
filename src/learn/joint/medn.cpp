#include "learn/joint/medn.h"

#include <chrono>
#include <cmath>
#include <map>
#include <numeric>

#include "learn/math/cpu_time.h"
#include "learn/math/robust.h"
#include "learn/neural/job.h"
#include "learn/neural/library.h"

namespace latcast::learn {
namespace {

constexpr double kAuxiliary = 0.1;      // weight of the auxiliary tasks against the likelihood
constexpr int kClassesToShareTerm = 3;  // an auxiliary quantity that fewer classes have teaches the encoder little
constexpr int kSharedWidth = 48, kDevicesWidth = 96, kOwnWidth = 32;

using Numbers = std::map<std::string, std::int32_t, std::less<>>;

Numbers feature_numbers(std::span<const JointClass> classes) {
  Numbers out;
  for (const JointClass& one : classes) {
    for (const std::string& name : one.feature_names) out.emplace(name, std::int32_t(out.size()));
  }
  return out;
}

Numbers quantity_numbers(std::span<const JointClass> classes) {
  std::map<std::string, int> count;
  for (const JointClass& one : classes) {
    for (const std::string& name : one.term_names) ++count[name];
  }
  Numbers out;
  for (const auto& [name, classes_with_it] : count) {
    if (classes_with_it >= kClassesToShareTerm) out.emplace(name, std::int32_t(out.size()));
  }
  return out;
}

/// Logarithms of base terms, standardised; those that do not vary are not there.
void add_quantities(const JointClass& one, const Numbers& numbers, NeuralClass& out) {
  const RowMatrix logs = one.rows->terms.unaryExpr([](double term) { return std::log1p(term); });
  const Standardisation standard = standardise(logs);
  out.quantities = RowMatrix::Zero(logs.rows(), Eigen::Index(numbers.size()));
  out.present.assign(numbers.size(), 0);
  for (std::size_t t = 0; t < one.term_names.size(); ++t) {
    const auto column = Eigen::Index(t);
    const auto found = numbers.find(one.term_names[t]);
    if (found == numbers.end() || standard.inverse[column] <= 0) continue;
    out.quantities.col(found->second) = (logs.col(column).array() - standard.mean[column]) * standard.inverse[column];
    out.present[std::size_t(found->second)] = 1;
  }
}

NeuralClass make_class(const JointClass& one, const PhysicalBase& base, const Numbers& features, const Numbers& terms) {
  const Rows& rows = *one.rows;
  NeuralClass out{rows.logs, rows.weight, {}, {}, 0, {}, {}};
  out.target = (rows.latency_ns.array() / base.predict_ns(rows.terms).array()).log();
  for (const std::string& name : one.feature_names) out.names.push_back(features.find(name)->second);
  add_quantities(one, terms, out);
  return out;
}

NeuralSettings settings_for(const MednOptions& options, bool several_devices) {
  NeuralSettings out;
  out.seed = options.seed;
  out.width = !options.shared ? kOwnWidth : several_devices ? kDevicesWidth : kSharedWidth;
  out.shared = options.shared;
  out.embedding = options.shared && options.embedding;
  out.auxiliary = options.auxiliary ? kAuxiliary : 0.0;
  out.epochs = options.epochs;
  out.threads = options.threads;
  return out;
}

/// The classes to train, ready, and where they were in the caller's list.
struct Ready {
  std::vector<std::size_t> place;
  std::vector<PhysicalBase> bases;
  std::vector<Standardisation> standard;
  std::vector<NeuralClass> classes;
  bool several_devices = false;
};

Ready make_ready(std::span<const JointClass> classes, MednFit& fit) {
  const Numbers features = feature_numbers(classes), terms = quantity_numbers(classes);
  Numbers kinds;
  Ready out;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const Rows& rows = *classes[c].rows;
    fit.residuals.emplace_back();
    if (rows.size() < kFewestNeuralSamples || rows.logs.cols() == 0) {
      const bool few = rows.size() < kFewestNeuralSamples;
      fit.forms.push_back(fail(Errc::unsupported, few ? "too few samples" : "the kernel class has no features"));
      continue;
    }
    fit.forms.emplace_back(FormSpec());
    out.place.push_back(c);
    out.bases.push_back(fit_base(rows, classes[c].prior));
    out.standard.push_back(standardise(rows.logs));
    out.classes.push_back(make_class(classes[c], out.bases.back(), features, terms));
    out.classes.back().kind = kinds.emplace(classes[c].name, std::int32_t(kinds.size())).first->second;
  }
  out.several_devices = kinds.size() < out.classes.size();
  return out;
}

/// Trains classes [first, first + count) as one network and stores their forms.
Result<void> train_some(const Ready& ready, std::size_t first, std::size_t count, const MednOptions& options,
                        MednFit& fit) {
  const auto classes = std::span(ready.classes).subspan(first, count);
  const NeuralJob job = make_job(classes, std::span(ready.standard).subspan(first, count),
                                 settings_for(options, ready.several_devices), options.effort);
  auto result = train_neural(job);
  if (!result) return tl::unexpected<Error>(result.error());
  const Trunk trunk = options.shared ? std::make_shared<const std::vector<float>>(result->trunk) : nullptr;
  auto told = result->prediction.begin();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t k = first + i, place = ready.place[k];
    FormNode node = dense_node(*result, i, job.settings, ready.standard[k], trunk);
    const Bounds bounds = plausible_bounds(ready.classes[k].target, ready.classes[k].weight);
    fit.forms[place] = product_form(ready.bases[k].form(), {std::move(node)}, bounds.least, bounds.most);
    fit.residuals[place].resize(ready.classes[k].logs.rows());
    for (double& residual : fit.residuals[place]) residual = std::clamp(double(*told++), bounds.least, bounds.most);
  }
  return {};
}

}  // namespace

Result<MednFit> fit_medn(std::span<const JointClass> classes, const MednOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  if (auto ok = neural_available(); !ok) return tl::unexpected<Error>(ok.error());
  MednFit fit;
  const Ready ready = make_ready(classes, fit);
  if (ready.classes.empty()) return fail(Errc::unsupported, "no kernel class has enough samples for a network");
  const std::size_t together = options.shared ? ready.classes.size() : 1;
  for (std::size_t first = 0; first < ready.classes.size(); first += together) {
    if (auto ok = train_some(ready, first, together, options, fit); !ok) return tl::unexpected<Error>(ok.error());
  }
  fit.train_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return fit;
}

Result<JointFit> fit_joint_medn(std::span<const JointClass> classes, const JointOptions& options) {
  MednOptions own;
  own.seed = options.seed;
  own.effort = options.effort;
  const double started = thread_cpu_seconds();
  auto fit = fit_medn(classes, own);
  if (!fit) return tl::unexpected<Error>(fit.error());
  JointFit out;
  for (Result<FormSpec>& form : fit->forms) out.forms.push_back(form ? std::move(*form) : FormSpec());
  out.cost_s = thread_cpu_seconds() - started;
  return out;
}

}  // namespace latcast::learn
