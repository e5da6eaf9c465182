#include "experiments/comparison.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <mutex>
#include <random>

#include "core/network_sum.h"
#include "experiments/take_networks.h"
#include "learn/data/folds.h"
#include "learn/math/cpu_time.h"
#include "learn/math/parallel.h"
#include "learn/models/prepared.h"
#include "learn/network/module_spreads.h"
#include "learn/network/whole_networks.h"
#include "learn/select/selection.h"
#include "learn/study/mixture.h"
#include "learn/study/race.h"

namespace latcast::learn {
namespace {

using Estimates = std::vector<std::vector<KernelEstimate>>;  // per class, per row

/// Forecasts of every row by each model, fitted without the row's part.
struct Table {
  std::vector<std::string> names;
  std::vector<Estimates> forecasts;                 // per model
  std::vector<std::vector<double>> time_ns, bytes;  // per model, per class: mean over the parts, timed
  std::vector<std::vector<double>> estimated_ns;    // likewise, as selections estimate it
  std::vector<std::vector<std::string>> failures;   // per model, per class
  std::vector<double> cost_s;                       // per model: CPU
  std::vector<double> shared_bytes;                 // per model
  [[nodiscard]] std::size_t index(std::string_view name) const {
    return static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
  }
};

/// Which part each row of each class is in.
using Parts = std::vector<std::vector<int>>;

Parts parts_of_rows(const PreparedSet& prepared, std::span<const int> part_of_network) {
  Parts out;
  for (const PreparedKernel& kernel : prepared.kernels) {
    auto& own = out.emplace_back();
    for (const int network : kernel.rows.group) own.push_back(part_of_network[static_cast<std::size_t>(network)]);
  }
  return out;
}

Parts random_parts(const PreparedSet& prepared, int parts, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Parts out;
  for (const PreparedKernel& kernel : prepared.kernels) {
    auto& own = out.emplace_back();
    for (Eigen::Index i = 0; i < kernel.rows.size(); ++i) {
      own.push_back(static_cast<int>(random() % static_cast<std::uint64_t>(parts)));
    }
  }
  return out;
}

/// Nanoseconds that evaluating a fit takes per row, the least of three.
double timed_ns(const KernelFit& fit, const Rows& rows) {
  double least = std::numeric_limits<double>::infinity();
  for (int repeat = 0; repeat < 3; ++repeat) {
    const auto started = std::chrono::steady_clock::now();
    const auto found = forecast(fit, rows);
    const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - started;
    least = std::min(least, spent.count() / static_cast<double>(std::max<std::size_t>(found.size(), 1)));
  }
  return least;
}

class Exhaustive {
 public:
  Exhaustive(const TrainingSet& set, const PreparedSet& prepared, const Parts& parts, int count,
             const ComparisonOptions& options)
      : set_(set), prepared_(prepared), parts_(parts), count_(count), options_(options) {
    for (const RegressionModel& model : regression_models()) table_.names.emplace_back(model.name);
    for (const JointModel& model : joint_models()) table_.names.emplace_back(model.name);
    std::ranges::move(mixture_names(), std::back_inserter(table_.names));
    const std::size_t models = table_.names.size(), kernels = prepared.kernels.size();
    for (std::size_t m = 0; m < models; ++m) {
      auto& own = table_.forecasts.emplace_back();
      for (const PreparedKernel& kernel : prepared.kernels)
        own.emplace_back(static_cast<std::size_t>(kernel.rows.size()));
    }
    table_.time_ns.assign(models, std::vector<double>(kernels, 0.0));
    table_.bytes = table_.estimated_ns = table_.time_ns;
    table_.failures.assign(models, std::vector<std::string>(kernels));
    table_.cost_s.assign(models, 0.0);
    table_.shared_bytes.assign(models, 0.0);
    fits_.assign(models, std::vector<int>(kernels, 0));
    joint_fits_.resize(kernels);
    priors_.resize(kernels);
  }

  /// Fits to the rows outside each of the first `count` parts, forecasts those inside.
  void run() {
    for (int part = 0; part < count_; ++part) {
      for (auto& fits : joint_fits_) fits.clear();
      run_joint(part);
      parallel_for(prepared_.kernels.size(), options_.threads, [&](std::size_t k) { run_class(k, part); });
    }
    fill_gaps();
  }

  Table table() { return std::move(table_); }

 private:
  void run_class(std::size_t k, int part) {
    const PreparedKernel& kernel = prepared_.kernels[k];
    const Split sides = split(parts_[k], part);
    if (sides.test.empty() || sides.train.size() < 3) return;
    const Rows train = take(kernel.rows, sides.train), test = take(kernel.rows, sides.test);
    const std::uint64_t seed =
        derive_seed(options_.seed, kernel.type_name + "/" + kernel.kernel_name, std::uint64_t(part));
    WarmStarts warm;
    FitContext context(train, {seed, Effort::fold, priors_[k], &warm});
    for (std::size_t m = 0; m < regression_models().size(); ++m) {
      const RegressionModel& model = regression_models()[m];
      if (too_few(train) && model.name != kBaseModel) continue;
      const double started = thread_cpu_seconds();
      const auto fit = fit_kernel(model, context);
      add_cost(m, thread_cpu_seconds() - started);
      if (!fit) {
        table_.failures[m][k] = fit.error().context;
        continue;
      }
      put(m, k, *fit, test, sides.test);
      if (!can_mix(model)) continue;
      for (const KernelFit& joint : joint_fits_[k]) {
        const auto mixed = mix(model, *fit, joint, train);
        if (mixed) put(table_.index(mixed->model), k, *mixed, test, sides.test);
      }
    }
  }

  void run_joint(int part) {
    std::vector<Rows> train;
    for (std::size_t k = 0; k < prepared_.kernels.size(); ++k) {
      train.push_back(take(prepared_.kernels[k].rows, split(parts_[k], part).train));
    }
    const std::vector<JointClass> classes = joint_classes(set_, train);
    for (std::size_t k = 0; k < classes.size(); ++k) priors_[k] = classes[k].prior;
    for (std::size_t j = 0; j < joint_models().size(); ++j) {
      const JointModel& model = joint_models()[j];
      const std::size_t m = regression_models().size() + j;
      const auto fit = model.fit(classes, {derive_seed(options_.seed, model.name, std::uint64_t(part)), Effort::fold});
      if (!fit) {
        for (auto& failure : table_.failures[m]) failure = fit.error().context;
        continue;
      }
      table_.cost_s[m] += fit->cost_s;
      for (std::size_t k = 0; k < train.size(); ++k) {
        const Split sides = split(parts_[k], part);
        if (fit->forms[k].empty() || sides.test.empty()) continue;
        auto sealed = seal_fit(model.name, fit->forms[k], {}, train[k]);
        if (!sealed) continue;
        put(m, k, *sealed, take(prepared_.kernels[k].rows, sides.test), sides.test);
        share_bytes(model.name, bytes_in_common(fit->forms[k]));
        joint_fits_[k].push_back(std::move(*sealed));
      }
    }
  }

  /// Of a joint model, and of the mixtures that it is part of.
  void share_bytes(std::string_view joint, double bytes) {
    const auto keep = [&](std::string_view name) {
      double& most = table_.shared_bytes[table_.index(name)];
      most = std::max(most, bytes);
    };
    keep(joint);
    for (const RegressionModel& model : regression_models()) {
      if (can_mix(model)) keep(mixture_name(model.name, joint));
    }
  }

  void put(std::size_t m, std::size_t k, const KernelFit& fit, const Rows& test,
           const std::vector<Eigen::Index>& rows) {
    const auto found = forecast(fit, test);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      table_.forecasts[m][k][static_cast<std::size_t>(rows[i])] = found[i];
    }
    // The mean over the parts that had a fit.
    const double weight = 1.0 / ++fits_[m][k];
    const auto average = [&](double& mean, double value) { mean += weight * (value - mean); };
    average(table_.time_ns[m][k], timed_ns(fit, test));
    average(table_.estimated_ns[m][k], fit.latency_ns);
    average(table_.bytes[m][k], fit.bytes);
  }

  void add_cost(std::size_t m, double seconds) {
    const std::scoped_lock guard(lock_);
    table_.cost_s[m] += seconds;
  }

  /// Where a model gave nothing, the base stands in, for a mixture the model that it is made of: everyone must answer
  /// for everything.
  void fill_gaps() {
    for (std::size_t m = 0; m < table_.names.size(); ++m) {
      const std::string_view mixed = mixed_model(table_.names[m]);
      fill_gaps(m, table_.index(mixed.empty() ? kBaseModel : mixed));
    }
  }

  void fill_gaps(std::size_t m, std::size_t base) {
    for (std::size_t k = 0; k < prepared_.kernels.size(); ++k) {
      bool any = false;
      for (std::size_t i = 0; i < table_.forecasts[m][k].size(); ++i) {
        KernelEstimate& one = table_.forecasts[m][k][i];
        any |= one.latency_ns > 0;
        if (!(one.latency_ns > 0)) one = table_.forecasts[base][k][i];
      }
      if (any) continue;
      table_.time_ns[m][k] = table_.time_ns[base][k];
      table_.bytes[m][k] = table_.bytes[base][k];
      table_.estimated_ns[m][k] = table_.estimated_ns[base][k];
    }
  }

  const TrainingSet& set_;
  const PreparedSet& prepared_;
  const Parts& parts_;
  int count_;
  const ComparisonOptions& options_;
  Table table_;
  std::vector<std::vector<int>> fits_;              // per model, per class
  std::vector<std::vector<KernelFit>> joint_fits_;  // per class: the joint models' of the part at hand
  std::vector<BasePrior> priors_;                   // per class, of the part at hand
  std::mutex lock_;
};

/// Which model of the table every part uses for every class.
using Plan = std::vector<std::vector<std::size_t>>;

/// Puts together and judges combinations of a table's models.
class Judge {
 public:
  Judge(const TrainingSet& set, const PreparedSet& prepared, const Table& table, std::vector<int> part_of_network,
        int parts)
      : set_(set),
        prepared_(prepared),
        table_(table),
        part_of_network_(std::move(part_of_network)),
        parts_(parts),
        fallback_(fit_fallback(set)) {}

  [[nodiscard]] Combination judge(std::string name, const Plan& plan) const {
    Combination out;
    out.name = std::move(name);
    const Estimates estimates = combine(plan);
    out.modules = module_metrics(estimates);
    judge_networks(estimates, out);
    judge_cost(plan, out);
    return out;
  }

  [[nodiscard]] Plan everywhere(std::size_t model) const {
    return Plan(static_cast<std::size_t>(parts_), std::vector<std::size_t>(prepared_.kernels.size(), model));
  }

  /// `errors`: per class, relative.
  [[nodiscard]] std::vector<RawNetwork> sums(const Estimates& estimates, const std::vector<double>& errors) const {
    std::vector<RawNetwork> out;
    for (std::size_t n = 0; n < set_.networks.size(); ++n) {
      out.push_back(sum_network(set_.networks[n], prepared_.places[n], estimates, errors, fallback_));
    }
    return out;
  }

  [[nodiscard]] Estimates combine(const Plan& plan) const {
    Estimates out;
    for (std::size_t k = 0; k < prepared_.kernels.size(); ++k) {
      const Rows& rows = prepared_.kernels[k].rows;
      auto& own = out.emplace_back(static_cast<std::size_t>(rows.size()));
      for (std::size_t i = 0; i < own.size(); ++i) {
        const int part = part_of_network_[static_cast<std::size_t>(rows.group[i])];
        own[i] = table_.forecasts[plan[static_cast<std::size_t>(part)][k]][k][i];
      }
    }
    return out;
  }

 private:
  [[nodiscard]] ModuleMetrics module_metrics(const Estimates& estimates) const {
    MetricsCollector collector;
    for (std::size_t k = 0; k < estimates.size(); ++k) {
      const Rows& rows = prepared_.kernels[k].rows;
      for (std::size_t i = 0; i < estimates[k].size(); ++i) {
        if (!counts(set_.networks[static_cast<std::size_t>(rows.group[i])])) continue;
        collector.add(estimates[k][i].latency_ns, rows.latency_ns[static_cast<Eigen::Index>(i)]);
      }
    }
    return collector.metrics();
  }

  void judge_networks(const Estimates& estimates, Combination& out) const {
    const std::vector<RawNetwork> raw = sums(estimates, std::vector<double>(prepared_.kernels.size(), 0.0));
    std::vector<Calibration> calibrations;
    for (int part = 0; part < parts_; ++part) {
      std::vector<RawNetwork> others;
      for (std::size_t n = 0; n < raw.size(); ++n) {
        if (part_of_network_[n] != part && counts(set_.networks[n])) others.push_back(raw[n]);
      }
      calibrations.push_back(fit_calibration(others));
    }
    for (std::size_t n = 0; n < raw.size(); ++n) {
      if (!counts(set_.networks[n])) continue;
      const Calibration& calibration = calibrations[static_cast<std::size_t>(part_of_network_[n])];
      out.network_error.push_back(std::abs(calibrated_ns(raw[n], calibration) / raw[n].quiet_ns - 1.0));
      out.module_error.push_back(module_error(n, estimates));
      out.network_mape += out.network_error.back();
    }
    out.network_mape /= static_cast<double>(std::max<std::size_t>(out.network_error.size(), 1));
  }

  /// Share of a network's time that its modules' forecasts are off by.
  [[nodiscard]] double module_error(std::size_t n, const Estimates& estimates) const {
    double off = 0, time = 0;
    for (const ModulePlace& place : prepared_.places[n]) {
      if (place.kernel < 0) continue;
      const auto k = static_cast<std::size_t>(place.kernel);
      const double truth = prepared_.kernels[k].rows.latency_ns[place.row];
      off += std::abs(estimates[k][static_cast<std::size_t>(place.row)].latency_ns - truth);
      time += truth;
    }
    return time > 0 ? off / time : 0.0;
  }

  void judge_cost(const Plan& plan, Combination& out) const {
    double modules = 0, networks = 0;
    for (std::size_t n = 0; n < set_.networks.size(); ++n) {
      if (!counts(set_.networks[n])) continue;
      networks += 1;
      for (const ModulePlace& place : prepared_.places[n]) {
        if (place.kernel < 0) continue;
        const auto k = static_cast<std::size_t>(place.kernel);
        modules += 1;
        out.network_time_ns += table_.time_ns[plan[static_cast<std::size_t>(part_of_network_[n])][k]][k];
      }
    }
    out.module_time_ns = out.network_time_ns / std::max(modules, 1.0);
    out.network_time_ns /= std::max(networks, 1.0);
    for (const auto& models : plan) {
      double shared = 0;
      for (std::size_t k = 0; k < models.size(); ++k) {
        if (prepared_.kernels[k].rows.size() == 0) continue;
        out.pack_bytes += table_.bytes[models[k]][k] / parts_;
        shared = std::max(shared, table_.shared_bytes[models[k]]);
      }
      out.pack_bytes += shared / parts_;
    }
  }

  const TrainingSet& set_;
  const PreparedSet& prepared_;
  const Table& table_;
  std::vector<int> part_of_network_;
  int parts_;
  Fallback fallback_;
};

std::vector<ModelColumn> columns(const PreparedSet& prepared, const Table& table) {
  std::vector<ModelColumn> out;
  for (std::size_t m = 0; m < table.names.size(); ++m) {
    ModelColumn column;
    column.name = table.names[m];
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
std::vector<std::size_t> planned(const Study& study, const Choice& choice, const Table& table) {
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
  Comparing(const TrainingSet& set, const PreparedSet& prepared, const ComparisonOptions& options)
      : set_(set), prepared_(prepared), options_(options) {}

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
    deal_rows_at_random();
    out_.race_cost_s /= std::max(studies_, 1.0);
    out_.exhaustive_cost_s /= std::max(studies_, 1.0);
    return std::move(out_);
  }

 private:
  void report(std::string_view stage, std::string_view what, int done, int total) {
    if (options_.progress) options_.progress({std::size_t(done), std::size_t(total), stage, what});
  }

  Result<void> compare(const std::string& split_name, const std::vector<int>& part_of_network, SplitComparison& out) {
    const int parts = *std::ranges::max_element(part_of_network) + 1;
    if (parts < 2) return fail(Errc::invalid_input, "one " + split_name + " cannot be held out from itself");
    report("all models by " + split_name, "", 0, parts);
    const Parts rows = parts_of_rows(prepared_, part_of_network);
    Exhaustive exhaustive(set_, prepared_, rows, parts, options_);
    exhaustive.run();
    const Table table = exhaustive.table();
    const Judge judge(set_, prepared_, table, part_of_network, parts);
    Plans plans;
    for (int part = 0; part < parts; ++part) {
      report("selection by " + split_name, "", part, parts);
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
  void judge_singles(const Judge& judge, const Table& table, SplitComparison& out) {
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
  Result<void> select(const std::vector<int>& part_of_network, int part, bool with_intervals, const Table& table,
                      const Judge& judge, Plans& plans) {
    const TrainingSet train = take_networks(set_, [&](std::size_t n) { return part_of_network[n] != part; });
    auto prepared = prepare(train);
    if (!prepared) return tl::unexpected<Error>(prepared.error());
    StudyOptions study_options;
    study_options.seed = options_.seed + std::uint64_t(part);
    study_options.threads = options_.threads;
    study_options.folds = options_.inner_folds;
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
  [[nodiscard]] static Budget joint_budget(const PreparedSet& prepared, const TrainingSet& train, const Table& table) {
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
  void deal_rows_at_random() {
    report("rows at random", "", 0, 1);
    const Parts rows = random_parts(prepared_, options_.outer_folds, derive_seed(options_.seed, "rows"));
    Exhaustive exhaustive(set_, prepared_, rows, 1, options_);
    exhaustive.run();
    for (const ModelColumn& column : columns(prepared_, exhaustive.table())) {
      out_.random_rows.emplace_back(column.name, column.all.time_weighted);
    }
  }

  const TrainingSet& set_;
  const PreparedSet& prepared_;
  const ComparisonOptions& options_;
  LearnComparison out_;
  double studies_ = 0;
};

}  // namespace

PairedDifference paired(const std::vector<double>& a, const std::vector<double>& b) {
  PairedDifference out;
  const auto n = static_cast<double>(a.size());
  if (a.size() < 2 || a.size() != b.size()) return out;
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) out.mean += (a[i] - b[i]) / n;
  for (std::size_t i = 0; i < a.size(); ++i) squares += std::pow(a[i] - b[i] - out.mean, 2);
  const double half = 1.96 * std::sqrt(squares / (n - 1.0) / n);
  out.low = out.mean - half;
  out.high = out.mean + half;
  return out;
}

IntervalCheck pooled(const IntervalCheck& a, const IntervalCheck& b) {
  IntervalCheck out = b;
  out.held += a.held;
  out.networks += a.networks;
  out.modules_held += a.modules_held;
  out.modules += a.modules;
  out.mean_width = (a.mean_width * a.networks + b.mean_width * b.networks) / std::max(out.networks, 1);
  return out;
}

Range binomial_range(int held, int total) {
  if (total == 0) return {};
  constexpr double kZ = 1.96;
  const double n = total, p = held / n, denominator = 1.0 + kZ * kZ / n;
  const double middle = (p + kZ * kZ / (2 * n)) / denominator;
  const double half = kZ * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n)) / denominator;
  return {middle - half, middle + half};
}

Result<LearnComparison> compare_models(const TrainingSet& set, const ComparisonOptions& options) {
  auto prepared = prepare(set);
  if (!prepared) return tl::unexpected<Error>(prepared.error());
  return Comparing(set, *prepared, options).run();
}

}  // namespace latcast::learn
