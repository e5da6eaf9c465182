#include "learn/train.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "learn/math/robust.h"
#include "learn/models/fallback.h"
#include "learn/network/module_spreads.h"
#include "learn/network/whole_networks.h"
#include "learn/prior/prior_knowledge.h"
#include "learn/study/mixture.h"
#include "learn/study/race.h"

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
  out.free = kernel.free;
  return out;
}

TypeModel untrained_type(const ModuleType& type) {
  TypeModel out;
  out.name = type.name;
  for (const Parameter& parameter : type.parameters) out.parameters.push_back(parameter.name);
  out.conditions = type.conditions;
  for (const Derived& derived : type.derived) out.derived.push_back({derived.name, derived.name, derived.program});
  if (type.macs) out.macs = type.macs->program;
  for (const Kernel& kernel : type.kernels) out.kernels.push_back(untrained_kernel(kernel));
  return out;
}

/// Name of a class's model that whole networks' totals gave.
constexpr const char* kTotalsModel = "totals";
/// Fewer networks say nothing of what their operations cost.
constexpr std::ptrdiff_t kFewestTotals = 5;

/// How far outside the range of training forecasts of a class are trusted. Where its physical terms alone do as well as
/// the chosen model, on enough samples to tell, they are a law of the class and not what was left to say without data.
double margin_of(const ClassStudy& study, const KernelModel& chosen) {
  constexpr std::size_t kSamples = 100, kSamplesPerTerm = 8;
  constexpr double kAsGood = 1.1;  // our design
  const auto base = std::ranges::find(study.candidates, kBaseModel,
                                      [](const Candidate& one) { return std::string_view(one.score.name); });
  const bool law = base != study.candidates.end() && base->fit &&
                   chosen.samples >= std::max(kSamples, kSamplesPerTerm * chosen.terms.size()) &&
                   base->score.error <= kAsGood * chosen.error;
  return law ? kLawMargin : kExtrapolationMargin;
}

/// Mixtures that were not chosen are not listed; `lean`: nor are those that are off the front.
void store(const PreparedKernel& kernel, const ClassStudy& study, int chosen, bool lean, PackContent& content) {
  if (chosen < 0) return;
  const Candidate& one = study.candidates[static_cast<std::size_t>(chosen)];
  if (!one.fit) return;  // the selector chooses among fitted ones
  KernelModel& out = content.types[kernel.type].kernels[kernel.kernel];
  out.low = one.fit->low;
  out.high = one.fit->high;
  out.samples = one.fit->samples;
  out.error = one.score.error;
  out.bias = one.score.bias;
  out.model = one.score.name;
  out.form = one.fit->form;
  out.extrapolation = one.fit->extrapolation;
  out.margin = margin_of(study, out);
  for (const Candidate& candidate : study.candidates) {
    const bool left_out = (lean && !candidate.score.front) || !mixed_model(candidate.score.name).empty();
    if (left_out && &candidate != &one) continue;
    out.candidates.push_back(candidate.score);
    out.candidates.back().cost_s = 0;  // differs from run to run; the same training gives the same pack
  }
}

/// Each condition's range over the networks; those that nobody measured go, unless a module type reads them. Forecasts
/// are for the usual value where that was measured.
void set_conditions(const TrainingSet& set, PackContent& content) {
  std::vector<ConditionRange>& all = content.info.conditions;
  std::set<std::string> measured;
  for (const NetworkTruth& network : set.networks) {
    for (const auto& [name, value] : network.conditions) {
      auto one = std::ranges::find(all, name, &ConditionRange::name);
      if (one == all.end()) one = all.insert(one, ConditionRange{name, {}});
      const bool fresh = measured.insert(name).second;
      one->low = fresh ? value : std::min(one->low, value);
      one->high = fresh ? value : std::max(one->high, value);
    }
  }
  std::erase_if(all, [&](const ConditionRange& one) {
    return !measured.contains(one.name) && std::ranges::none_of(content.types, [&](const TypeModel& type) {
      return std::ranges::find(type.conditions, one.name) != type.conditions.end();
    });
  });
  content.info.target.conditions.clear();
  for (ConditionRange& one : all) {
    if (one.usual < one.low || one.usual > one.high) one.usual = one.low;
    content.info.target.conditions.push_back({one.name, condition_text(one, one.usual)});
  }
}

double noise_floor(const TrainingSet& set) {
  std::vector<double> noise;
  for (const NetworkTruth& network : set.networks) {
    const bool known = !network.probe && network.quiet_ns > 0 && network.noise_ns > 0;
    if (known && std::isfinite(network.noise_ns)) noise.push_back(network.noise_ns / network.quiet_ns);
  }
  return noise.empty() ? 0.0
                       : median(Eigen::Map<Eigen::VectorXd>(noise.data(), static_cast<Eigen::Index>(noise.size())));
}

/// Networks that something is learnt from: of their modules, or of their totals.
std::uint32_t teaching(const TrainingSet& set) {
  const std::vector<char> total = with_totals(set);
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < total.size(); ++i) {
    out += total[i] != 0 || !set.networks[i].modules.empty() ? 1U : 0U;
  }
  return out;
}

void summarise(const TrainingSet& set, const PreparedSet& prepared, const Study& study, PackInfo& info) {
  info.training.networks = teaching(set);
  std::size_t samples = 0;
  for (const PreparedKernel& kernel : prepared.kernels) samples += static_cast<std::size_t>(kernel.rows.size());
  info.training.samples = static_cast<std::uint32_t>(samples);
  info.training.noise_floor = noise_floor(set);
  info.extras.push_back({"samples_dropped", std::to_string(prepared.dropped)});
  info.extras.push_back({"seed", std::to_string(study.seed)});
}

std::string listed(const FormCosts& costs) {
  std::string out;
  for (const double factor : costs) {
    char text[16];
    std::snprintf(text, sizeof text, "%s%.3g", out.empty() ? "" : " ", factor);
    out += text;
  }
  return out;
}

/// Kernel classes with fewer samples are hardly in the networks that intervals are fitted to, where these are
/// generated.
constexpr std::uint32_t kFamiliarSamples = 30;

std::string rounded(double value) { return std::to_string(static_cast<long long>(std::ceil(value))); }

tl::unexpected<Error> not_met(const PackBudget& budget, const Selector& selector, double fixed_bytes) {
  const Budget least = selector.least();
  std::string text = "the budget cannot be met: ";
  if (budget.module_time_ns < least.module_time_ns) {
    text += "the quickest models take " + rounded(least.module_time_ns) + " ns a module (--max-module-time " +
            rounded(1.01 * least.module_time_ns) + "ns)";
  } else if (budget.pack_bytes < least.form_bytes + fixed_bytes) {
    const double kilobytes = (1.02 * (least.form_bytes + fixed_bytes)) / 1000.0;
    text += "the smallest pack has " + rounded(kilobytes) + " kB (--max-pack-size " + rounded(kilobytes) + "kB), " +
            rounded(fixed_bytes / 1000.0) + " kB of it not models";
  } else {
    const double slower = selector.quickest_within(budget.pack_bytes - fixed_bytes);
    text += "each on its own can, but not both; within " + rounded(budget.pack_bytes / 1000.0) +
            " kB the quickest models take " + rounded(slower) + " ns a module (--max-module-time " +
            rounded(1.01 * slower) + "ns)";
  }
  return fail(Errc::budget, std::move(text));
}

/// Rows of modules that nothing was measured of.
Rows unlisted_rows(const KernelSamples& samples) {
  Rows rows;
  rows.terms = samples.terms;
  rows.features = samples.features;
  rows.logs = log_features(rows.features);
  rows.latency_ns = Eigen::VectorXd::Ones(samples.terms.rows());
  rows.weight = rows.latency_ns;
  rows.group = samples.network;
  return rows;
}

void store_networks(const TrainingSet& set, const NetworkFit& networks, PackContent& content) {
  content.info.calibration = networks.layer.calibration;
  content.info.interval = networks.interval;
  content.info.training.error = networks.error;
  content.info.training.families = networks.families;
  content.network = networks.layer.correction;
  for (std::size_t c = 0; c < networks.layer.unlisted.size(); ++c) {
    const KernelSamples& samples = set.unlisted[c];
    KernelModel& out = content.types[samples.type].kernels[samples.kernel];
    if (!out.form.empty()) continue;  // some of its modules are listed: their model answers
    const auto fit = seal_fit(kTotalsModel, networks.layer.unlisted[c], {}, unlisted_rows(samples));
    if (!fit) continue;
    out.low = fit->low;
    out.high = fit->high;
    out.samples = fit->samples;
    out.error = kUnlistedError;
    out.model = kTotalsModel;
    out.form = fit->form;
  }
}

void fill(const TrainingSet& set, const PreparedSet& prepared, const Study& study, const Selector& selector,
          const Choice& choice, bool lean, double level, PackContent& content) {
  for (std::size_t k = 0; k < prepared.kernels.size(); ++k) {
    store(prepared.kernels[k], study.classes[k], choice.candidate[k], lean, content);
  }
  store_networks(set,
                 fit_networks(set, study.fold_of_network, study.group_of_network,
                              selector.sums(choice, Unseen::network), selector.sums(choice, Unseen::family), level),
                 content);
  const ModuleSpreads spreads = fit_module_spreads(prepared, study, choice.candidate, level);
  content.info.interval.module_spread = spreads.fallback;
  if (!set.representative) content.info.interval.familiar_samples = kFamiliarSamples;
  for (std::size_t k = 0; k < prepared.kernels.size(); ++k) {
    content.types[prepared.kernels[k].type].kernels[prepared.kernels[k].kernel].spread = spreads.classes[k];
  }
}

}  // namespace

Result<void> check_catalogue(const TrainingSet& set, std::span<const ModuleType> types) {
  std::vector<const KernelSamples*> all;
  for (const KernelSamples& samples : set.kernels) all.push_back(&samples);
  for (const KernelSamples& samples : set.unlisted) all.push_back(&samples);
  for (const KernelSamples* one : all) {
    const KernelSamples& samples = *one;
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

PackContent untrained(std::span<const ModuleType> types) {
  PackContent out;
  for (const ModuleType& type : types) {
    out.types.push_back(untrained_type(type));
    out.info.sources.push_back({type.file, type.source});
    for (const std::string& name : type.conditions) {
      if (std::ranges::find(out.info.conditions, name, &ConditionRange::name) == out.info.conditions.end())
        out.info.conditions.push_back({name, {}});
    }
  }
  return out;
}

PackContent untrained(const Catalogue& catalogue) {
  PackContent out = untrained(catalogue.types());
  out.info.conditions = catalogue.condition_ranges();
  out.info.target.facts = catalogue.told();
  for (const auto& [file, text] : catalogue.definitions()) out.info.sources.push_back({file, text});
  return out;
}

Result<Assembled> assemble(const TrainingSet& set, const PreparedSet& prepared, const Study& study, PackContent frame,
                           const PackBudget& budget, double level) {
  if (const auto totals = std::ranges::count(with_totals(set), 1); set.kernels.empty() && totals < kFewestTotals) {
    return fail(Errc::invalid_input, "at least " + std::to_string(kFewestTotals) +
                                         " networks with a total and a list of operations are needed, there are " +
                                         std::to_string(totals));
  }
  summarise(set, prepared, study, frame.info);
  set_conditions(set, frame);
  frame.info.fallback = fit_fallback(set, level);
  frame.info.extras.push_back({"forecast_costs", listed(budget.costs)});
  const Selector selector(set, prepared, study, frame.info.fallback, budget.costs);
  const double module_time_ns =
      std::max(budget.module_time_ns, budget.time_yields ? 1.01 * selector.least().module_time_ns : 0.0);
  double fixed_bytes = std::isfinite(budget.pack_bytes) ? static_cast<double>(pack_bytes(frame).size()) : 0.0;
  // What models take in the file is known only when they are in it; what was estimated too low is taken off.
  for (int attempt = 0; attempt < 4; ++attempt) {
    const auto choice = selector.choose({module_time_ns, budget.pack_bytes - fixed_bytes});
    if (!choice) return not_met(budget, selector, fixed_bytes);
    Assembled out{frame, *choice, {}};
    fill(set, prepared, study, selector, *choice, std::isfinite(budget.pack_bytes), level, out.content);
    const bool limited = std::isfinite(budget.pack_bytes);
    const double over = limited ? static_cast<double>(pack_bytes(out.content).size()) - budget.pack_bytes : 0.0;
    if (over <= 0) {
      out.front = selector.front();
      return out;
    }
    fixed_bytes += over + 500;
  }
  return not_met(budget, selector, fixed_bytes);
}

Result<PackContent> train(const TrainingSet& set, std::span<const ModuleType> types, const TrainOptions& options) {
  if (auto ok = check_catalogue(set, types); !ok) return tl::unexpected<Error>(ok.error());
  TrainingSet wide = set;
  const auto prior = PriorKnowledge::add_to(wide, options.priors);
  if (!prior) return tl::unexpected<Error>(prior.error());
  auto prepared = prepare(wide);
  if (!prepared) return tl::unexpected<Error>(prepared.error());
  auto study = make_study(wide, *prepared, options.study);
  if (!study) return tl::unexpected<Error>(study.error());
  add_mixtures(*prepared, *study);
  auto assembled = assemble(wide, *prepared, *study, untrained(types), options.budget, options.level);
  if (!assembled) return tl::unexpected<Error>(assembled.error());
  if (auto ok = prior->settle(assembled->content); !ok) return tl::unexpected<Error>(ok.error());
  return std::move(assembled->content);
}

}  // namespace latcast::learn
