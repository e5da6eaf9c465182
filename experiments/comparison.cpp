#include "experiments/comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/network_sum.h"
#include "experiments/all_models.h"
#include "experiments/take_networks.h"
#include "learn/data/folds.h"
#include "learn/joint/joint_model.h"
#include "learn/models/fallback.h"
#include "learn/models/prepared.h"
#include "learn/models/regression_model.h"
#include "learn/network/intervals.h"
#include "learn/network/module_spreads.h"
#include "learn/network/whole_networks.h"
#include "learn/select/selection.h"
#include "learn/study/mixture.h"
#include "learn/study/race.h"
#include "learn/study/study.h"

namespace latcast::experiments {
using namespace learn;

namespace {

std::vector<ModelColumn> columns(const PreparedSet& prepared, const ModelTable& table) {
  std::vector<ModelColumn> out;
  for (std::size_t m = 0; m < table.names.size(); ++m) {
    ModelColumn column;
    column.name = table.names[m];
    column.mixture = !mixed_model(column.name).empty();
    column.latency_ns = table.time_ns[m];
    column.bytes = table.bytes[m];
    column.failures = table.failures[m];
    column.cost_s = table.cost_s[m];
    MetricsCollector all;
    for (std::size_t k = 0; k < prepared.kernels.size(); ++k) {
      MetricsCollector own;
      for (std::size_t i = 0; i < table.forecasts[m][k].size(); ++i) {
        own.add(table.forecasts[m][k][i].latency_ns, prepared.kernels[k].rows.latency_ns[static_cast<Eigen::Index>(i)]);
      }
      column.classes.push_back(own.metrics());
      all.add(own);
    }
    column.all = all.metrics();
    out.push_back(std::move(column));
  }
  return out;
}

/// The table's models for a choice made on one training side; the base where the class had no sample there.
std::vector<std::size_t> planned(const Study& study, const Choice& choice, const ModelTable& table) {
  std::vector<std::size_t> out;
  for (std::size_t k = 0; k < study.classes.size(); ++k) {
    const int chosen = choice.candidate[k];
    const std::string_view name =
        chosen < 0 ? kBaseModel
                   : std::string_view(study.classes[k].candidates[static_cast<std::size_t>(chosen)].score.name);
    out.push_back(table.index(name));
  }
  return out;
}

/// The selections that training sides make, part by part.
struct Plans {
  Plan selection, quick, unlimited, like_joint, most_accurate;
};

class Comparing {
 public:
  Comparing(const TrainingSet& set, const PreparedSet& prepared, const ComparisonOptions& options,
            session::Listener& listener)
      : set_(set), prepared_(prepared), options_(options), listener_(listener) {}

  Result<LearnComparison> run() {
    for (const PreparedKernel& kernel : prepared_.kernels) {
      out_.class_names.push_back(kernel.type_name + "/" + kernel.kernel_name);
      out_.class_samples.push_back(static_cast<std::size_t>(kernel.rows.size()));
    }
    const auto by_family = family_groups(set_.networks, options_.outer_folds);
    if (auto ok = compare("family", by_family, out_.by_family); !ok) return tl::unexpected<Error>(ok.error());
    out_.intervals.mean_width /= std::max(out_.intervals.networks, 1);
    if (options_.families_only) return std::move(out_);
    const auto by_network = network_folds(prepared_, options_.outer_folds, derive_seed(options_.seed, "outer"));
    if (auto ok = compare("network", by_network, out_.by_network); !ok) return tl::unexpected<Error>(ok.error());
    if (auto ok = deal_rows_at_random(); !ok) return tl::unexpected<Error>(ok.error());
    out_.race_cost_s /= std::max(studies_, 1.0);
    out_.exhaustive_cost_s /= std::max(studies_, 1.0);
    return std::move(out_);
  }

 private:
  /// Errc::interrupted.
  Result<void> report(const std::string& stage, int done, int total) {
    if (listener_.cancelled()) return fail(Errc::interrupted, "interrupted");
    listener_.progress(double(done) / double(total), stage);
    return {};
  }

  Result<void> compare(const std::string& split_name, const std::vector<int>& part_of_network, SplitComparison& out) {
    const int parts = *std::ranges::max_element(part_of_network) + 1;
    if (parts < 2) return fail(Errc::invalid_input, "one " + split_name + " cannot be held out from itself");
    if (auto ok = report("all models by " + split_name, 0, parts); !ok) return ok;
    const Parts rows = parts_of_rows(prepared_, part_of_network);
    const ModelTable table = fit_all_models(set_, prepared_, rows, parts, options_.seed, options_.threads);
    const Judge judge(set_, prepared_, table, part_of_network, parts);
    Plans plans;
    for (int part = 0; part < parts; ++part) {
      if (auto ok = report("selection by " + split_name, part, parts); !ok) return ok;
      if (auto ok = select(part_of_network, part, split_name == "family", table, judge, plans); !ok) return ok;
    }
    out.split = split_name;
    out.models = columns(prepared_, table);
    out.selection = judge.judge("selection", plans.selection);
    out.quick_selection = judge.judge("quick selection", plans.quick);
    out.unlimited_selection = judge.judge("unlimited selection", plans.unlimited);
    out.most_accurate = judge.judge("best per class", plans.most_accurate);
    out.like_joint = judge.judge("selection within MEDN's cost", plans.like_joint);
    judge_singles(judge, table, out);
    for (const double cost : table.cost_s) out_.exhaustive_cost_s += cost;
    return {};
  }

  /// The joint model for everything, and the best other single one and the best mixture (by the figures shown, which
  /// flatters them).
  void judge_singles(const Judge& judge, const ModelTable& table, SplitComparison& out) {
    const auto keep_better = [](Combination one, Combination& best) {
      if (best.name.empty() || one.modules.time_weighted < best.modules.time_weighted) best = std::move(one);
    };
    for (std::size_t m = 0; m < table.names.size(); ++m) {
      Combination one = judge.judge(table.names[m], judge.everywhere(m));
      if (find_joint_model(one.name) != nullptr) {
        out.joint_only = std::move(one);
      } else {
        keep_better(std::move(one), find_model(table.names[m]) != nullptr ? out.best_single : out.best_mixture);
      }
    }
  }

  /// What the training side without `part` selects, and how its intervals do on the part.
  Result<void> select(const std::vector<int>& part_of_network, int part, bool with_intervals, const ModelTable& table,
                      const Judge& judge, Plans& plans) {
    const TrainingSet train = take_networks(set_, [&](std::size_t n) { return part_of_network[n] != part; });
    auto prepared = prepare(train);
    if (!prepared) return tl::unexpected<Error>(prepared.error());
    StudyOptions study_options;
    study_options.seed = options_.seed + std::uint64_t(part);
    study_options.threads = options_.threads;
    study_options.folds = options_.inner_folds;
    study_options.stop = [this] { return listener_.cancelled(); };
    auto made = make_study(train, *prepared, study_options);
    if (!made) return tl::unexpected<Error>(made.error());
    Study& study = *made;
    add_mixtures(*prepared, study);
    out_.race_cost_s += study.race_cost_s;
    studies_ += 1;
    const Fallback fallback = fit_fallback(train);
    const Selector selector(train, *prepared, study, fallback);
    const auto plan = [&](const Choice& choice) { return planned(study, choice, table); };
    const auto within = [&](const Budget& budget) {
      const auto choice = selector.choose(budget);
      return choice ? *choice : selector.only(kBaseModel);
    };
    const Choice choice = within({});
    plans.selection.push_back(plan(choice));
    plans.quick.push_back(plan(within({options_.quick_module_time_ns, std::numeric_limits<double>::infinity()})));
    plans.unlimited.push_back(plan(within({std::numeric_limits<double>::infinity()})));
    plans.most_accurate.push_back(plan(selector.most_accurate()));
    plans.like_joint.push_back(plan(within(joint_budget(*prepared, train, table))));
    if (with_intervals) {
      check_intervals(part_of_network, part, train, *prepared, study, selector, choice, judge, plans.selection.back());
    }
    return {};
  }

  /// What the joint model takes for everything on a training side, by the same estimate that selections use.
  [[nodiscard]] static Budget joint_budget(const PreparedSet& prepared, const TrainingSet& train,
                                           const ModelTable& table) {
    const std::size_t joint = regression_models().size();
    if (joint >= table.names.size()) return {};
    Budget out{0, table.shared_bytes[joint]};
    double modules = 0;
    for (std::size_t k = 0; k < prepared.kernels.size(); ++k) {
      const Rows& rows = prepared.kernels[k].rows;
      if (rows.size() > 0) out.form_bytes += table.bytes[joint][k];
      for (const int network : rows.group) {
        if (!counts(train.networks[static_cast<std::size_t>(network)])) continue;
        modules += 1;
        out.module_time_ns += table.estimated_ns[joint][k];
      }
    }
    out.module_time_ns /= std::max(modules, 1.0);
    return out;
  }

  /// Networks of the part, none of which the training side has seen: how many lie within their intervals.
  void check_intervals(const std::vector<int>& part_of_network, int part, const TrainingSet& train,
                       const PreparedSet& prepared, const Study& study, const Selector& selector, const Choice& choice,
                       const Judge& judge, const std::vector<std::size_t>& models) {
    const NetworkFit fit =
        fit_networks(train, study.fold_of_network, study.group_of_network, selector.sums(choice, Unseen::network),
                     selector.sums(choice, Unseen::family), options_.level);
    const ModuleSpreads spreads = fit_module_spreads(prepared, study, choice.candidate, options_.level);
    const int parts = *std::ranges::max_element(part_of_network) + 1;
    const Estimates estimates = judge.combine(Plan(static_cast<std::size_t>(parts), models));
    const std::vector<RawNetwork> raw = judge.sums(estimates, errors_of(study, choice.candidate));
    IntervalCheck& check = out_.intervals;
    check.level = options_.level;
    for (std::size_t n = 0; n < raw.size(); ++n) {
      // Carriers that a campaign drew where it was wrong are unlike others: intervals are not made for them.
      if (part_of_network[n] != part || !counts(set_.networks[n]) || set_.networks[n].adaptive) continue;
      const double quiet = calibrated_ns(raw[n], fit.layer.calibration);
      const LogInterval bounds = interval(fit.interval, {}, quiet, raw[n].doubt, 0.0);
      const double ratio = std::log(raw[n].quiet_ns / quiet);
      ++check.networks;
      check.held += ratio >= bounds.lower && ratio <= bounds.upper ? 1 : 0;
      check.mean_width += std::exp(bounds.upper) - std::exp(bounds.lower);
      check_modules(n, estimates, spreads);
    }
  }

  void check_modules(std::size_t n, const Estimates& estimates, const ModuleSpreads& spreads) {
    for (const ModulePlace& place : prepared_.places[n]) {
      if (place.kernel < 0) continue;
      const auto k = static_cast<std::size_t>(place.kernel);
      const double forecast = estimates[k][static_cast<std::size_t>(place.row)].latency_ns;
      if (!(forecast > 0)) continue;
      const double spread = spreads.classes[k] > 0 ? spreads.classes[k] : spreads.fallback;
      ++out_.intervals.modules;
      const double ratio = std::log(prepared_.kernels[k].rows.latency_ns[place.row] / forecast);
      out_.intervals.modules_held += std::abs(ratio) <= spread ? 1 : 0;
    }
  }

  /// What forecasts look like that have seen other modules of the same networks.
  Result<void> deal_rows_at_random() {
    if (auto ok = report("rows at random", 0, 1); !ok) return ok;
    const Parts rows = random_parts(prepared_, options_.outer_folds, derive_seed(options_.seed, "rows"));
    const ModelTable table = fit_all_models(set_, prepared_, rows, 1, options_.seed, options_.threads);
    for (const ModelColumn& column : columns(prepared_, table)) {
      out_.random_rows.emplace_back(column.name, column.all.time_weighted);
    }
    return {};
  }

  const TrainingSet& set_;
  const PreparedSet& prepared_;
  const ComparisonOptions& options_;
  session::Listener& listener_;
  LearnComparison out_;
  double studies_ = 0;
};

}  // namespace

IntervalCheck pooled(const IntervalCheck& a, const IntervalCheck& b) {
  IntervalCheck out = b;
  out.held += a.held;
  out.networks += a.networks;
  out.modules_held += a.modules_held;
  out.modules += a.modules;
  out.mean_width = (a.mean_width * a.networks + b.mean_width * b.networks) / std::max(out.networks, 1);
  return out;
}

Result<LearnComparison> compare_models(const TrainingSet& set, const ComparisonOptions& options,
                                       session::Listener& listener) {
  auto prepared = prepare(set);
  if (!prepared) return tl::unexpected<Error>(prepared.error());
  return Comparing(set, *prepared, options, listener).run();
}

}  // namespace latcast::experiments
