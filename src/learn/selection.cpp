#include "learn/selection.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "learn/knapsack.h"

namespace latcast::learn {
namespace {

/// A class that no carrier like a network has is chosen for as if it were this share of the time.
constexpr double kLeastShare = 1e-4;
/// Of two models that are equally good the quicker one is taken: what a doubling of the time must gain.
constexpr double kDoublingGain = 0.005;
constexpr double kFreeTime_ns = 50;

constexpr int kPasses = 4;
constexpr double kLeastGain = 1e-5;

double loss(double share, double error, double time_ns) {
  const double doublings = std::log2(1.0 + time_ns / kFreeTime_ns);
  return std::max(share, kLeastShare) * error * (1.0 + kDoublingGain * doublings);
}

/// Time budgets from the least to none, as factors of the least.
std::vector<double> ladder(double least, double most, int steps) {
  std::vector<double> out;
  for (int i = 0; i < steps; ++i)
    out.push_back(least * std::pow(std::max(most / least, 1.0), double(i) / (steps - 1)) * 1.0001);
  return out;
}

bool dominated(const Choice& one, const std::vector<Choice>& others) {
  return std::ranges::any_of(others, [&](const Choice& other) {
    const bool as_good = other.module_error <= one.module_error && other.module_time_ns <= one.module_time_ns &&
                         other.form_bytes <= one.form_bytes;
    const bool better = other.module_error < one.module_error || other.module_time_ns < one.module_time_ns ||
                        other.form_bytes < one.form_bytes;
    return as_good && better;
  });
}

}  // namespace

bool counts(const NetworkTruth& network) {
  return !network.probe && std::isfinite(network.quiet_ns) && network.quiet_ns > 0 && !network.modules.empty();
}

/// The networks' sums under a choice that is being improved.
struct Selector::Networks {
  std::vector<RawNetwork> raw;  // of those that count; others are left empty
  std::vector<double> error;
  Calibration calibration;
  double count = 0;

  [[nodiscard]] double error_at(std::size_t network, double more_ns) const {
    RawNetwork one = raw[network];
    one.sum_ns += more_ns;
    return std::abs(calibrated_ns(one, calibration) / one.quiet_ns - 1.0);
  }
  void calibrate() {
    std::vector<RawNetwork> used;
    for (const RawNetwork& one : raw) {
      if (one.modules > 0) used.push_back(one);
    }
    calibration = fit_calibration(used);
    count = static_cast<double>(used.size());
    for (std::size_t n = 0; n < raw.size(); ++n) error[n] = raw[n].modules > 0 ? error_at(n, 0.0) : 0.0;
  }
};

Selector::Selector(const TrainingSet& set, const PreparedSet& prepared, const Study& study, const Fallback& fallback,
                   ModuleOverhead overhead_ns)
    : set_(set), prepared_(prepared), study_(study), fallback_(fallback), overhead_ns_(std::move(overhead_ns)) {
  for (const NetworkTruth& network : set.networks) {
    if (!counts(network)) continue;
    networks_ += 1;
    modules_ += static_cast<double>(network.modules.size());
  }
  for (std::size_t k = 0; k < study.classes.size(); ++k) {
    ClassItems items = items_of(k);
    if (!items.items.empty()) classes_.push_back(std::move(items));
  }
}

double Selector::overhead(std::size_t kernel) const {
  return kernel < overhead_ns_.size() ? overhead_ns_[kernel] : 0.0;
}

Selector::ClassItems Selector::items_of(std::size_t kernel) const {
  ClassItems out;
  out.kernel = kernel;
  const Rows& rows = prepared_.kernels[kernel].rows;
  for (Eigen::Index i = 0; i < rows.size(); ++i) {
    const NetworkTruth& network = set_.networks[static_cast<std::size_t>(rows.group[static_cast<std::size_t>(i)])];
    if (!counts(network)) continue;
    out.share += rows.latency_ns[i] / network.quiet_ns / networks_;
    out.modules += 1;
  }
  const auto& candidates = study_.classes[kernel].candidates;
  for (std::size_t c = 0; c < candidates.size(); ++c) {
    const Candidate& one = candidates[c];
    if (!one.fit) continue;
    Item item{static_cast<int>(c), one.score.error, one.score.latency_ns, one.score.bytes, one.joint, {}};
    std::map<int, double> sums;
    for (std::size_t i = 0; i < one.out_of_fold.size(); ++i) {
      const int network = rows.group[i];
      if (counts(set_.networks[static_cast<std::size_t>(network)])) sums[network] += one.out_of_fold[i].latency_ns;
    }
    for (const auto& [network, sum] : sums) item.impacts.push_back({network, sum});
    out.items.push_back(std::move(item));
  }
  return out;
}

Choice Selector::tallied(const std::vector<std::size_t>& item) const {
  Choice out;
  out.candidate.assign(study_.classes.size(), -1);
  bool joint = false;
  for (std::size_t c = 0; c < classes_.size(); ++c) {
    const ClassItems& own = classes_[c];
    const Item& chosen = own.items[item[c]];
    out.candidate[own.kernel] = chosen.candidate;
    out.module_error += own.share * chosen.error;
    out.network_time_ns += own.modules * (chosen.time_ns + overhead(own.kernel));
    out.form_bytes += chosen.bytes;
    joint |= chosen.joint;
  }
  if (joint) out.form_bytes += study_.shared_bytes;
  out.module_time_ns = modules_ > 0 ? out.network_time_ns / modules_ : 0.0;
  out.network_time_ns /= std::max(networks_, 1.0);
  const std::vector<RawNetwork> raw = sums(out, false);
  std::vector<RawNetwork> used;
  for (std::size_t n = 0; n < raw.size(); ++n) {
    if (counts(set_.networks[n])) used.push_back(raw[n]);
  }
  const Calibration calibration = fit_calibration(used);
  for (const RawNetwork& one : used) {
    out.network_error +=
        std::abs(calibrated_ns(one, calibration) / one.quiet_ns - 1.0) / static_cast<double>(used.size());
  }
  return out;
}

std::vector<RawNetwork> Selector::sums(const Choice& choice, bool families) const {
  std::vector<std::vector<KernelEstimate>> estimates(study_.classes.size());
  std::vector<double> errors(study_.classes.size(), kUnknownError);
  for (std::size_t k = 0; k < study_.classes.size(); ++k) {
    if (choice.candidate[k] < 0) continue;
    const Candidate& one = study_.classes[k].candidates[static_cast<std::size_t>(choice.candidate[k])];
    estimates[k] = families ? one.family_out : one.out_of_fold;
    estimates[k].resize(static_cast<std::size_t>(prepared_.kernels[k].rows.size()));
    errors[k] = one.score.error;
  }
  std::vector<RawNetwork> out;
  for (std::size_t n = 0; n < set_.networks.size(); ++n) {
    out.push_back(sum_network(set_.networks[n], prepared_.places[n], estimates, errors, fallback_));
  }
  return out;
}

/// Exchanges one class's model at a time while networks' errors, and the modules' own, get better by more than chance.
std::size_t Selector::improve(const Budget& budget, std::vector<std::size_t>& item) const {
  Networks now;
  now.raw = sums(tallied(item), false);
  for (std::size_t n = 0; n < now.raw.size(); ++n) {
    if (!counts(set_.networks[n])) now.raw[n] = {};
  }
  now.error.resize(now.raw.size());
  now.calibrate();
  std::vector<std::size_t> order(classes_.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t c) { return classes_[c].share; });
  const std::vector<std::size_t> first = item;
  for (int pass = 0; pass < kPasses; ++pass) {
    bool changed = false;
    for (const std::size_t c : order) {
      const ClassItems& own = classes_[c];
      const Item& old = own.items[item[c]];
      double best_gain = kLeastGain;
      std::size_t best = item[c];
      for (std::size_t j = 0; j < own.items.size(); ++j) {
        if (j == item[c]) continue;
        double sum = 0, squares = 0;
        for (std::size_t i = 0; i < own.items[j].impacts.size(); ++i) {
          const Impact& impact = own.items[j].impacts[i];
          const auto n = static_cast<std::size_t>(impact.network);
          const double change = now.error_at(n, impact.sum_ns - old.impacts[i].sum_ns) - now.error[n];
          sum += change;
          squares += change * change;
        }
        const double mean = sum / now.count;
        const double deviation = std::sqrt(std::max(squares / now.count - mean * mean, 0.0) / now.count);
        const double modules =
            loss(own.share, own.items[j].error, own.items[j].time_ns) - loss(own.share, old.error, old.time_ns);
        const double gain = -(mean + modules);
        if (gain <= best_gain || gain < deviation) continue;
        std::vector<std::size_t> tried = item;
        tried[c] = j;
        if (!fits(tried, budget)) continue;
        best_gain = gain;
        best = j;
      }
      if (best == item[c]) continue;
      for (std::size_t i = 0; i < old.impacts.size(); ++i) {
        const auto n = static_cast<std::size_t>(old.impacts[i].network);
        now.raw[n].sum_ns += own.items[best].impacts[i].sum_ns - old.impacts[i].sum_ns;
        now.error[n] = now.error_at(n, 0.0);
      }
      item[c] = best;
      changed = true;
    }
    if (!changed) break;
    now.calibrate();
  }
  std::size_t exchanged = 0;
  for (std::size_t c = 0; c < item.size(); ++c) exchanged += item[c] != first[c] ? 1 : 0;
  return exchanged;
}

bool Selector::fits(const std::vector<std::size_t>& item, const Budget& budget) const {
  double time = 0, bytes = 0;
  bool joint = false;
  for (std::size_t c = 0; c < classes_.size(); ++c) {
    const Item& one = classes_[c].items[item[c]];
    time += classes_[c].modules * (one.time_ns + overhead(classes_[c].kernel));
    bytes += one.bytes;
    joint |= one.joint;
  }
  if (joint) bytes += study_.shared_bytes;
  return time <= budget.module_time_ns * std::max(modules_, 1.0) && bytes <= budget.form_bytes;
}

Knapsack Selector::knapsack(const Budget& budget) const {
  Knapsack problem;
  problem.max_time = budget.module_time_ns;
  problem.max_bytes = budget.form_bytes;
  problem.shared_bytes = study_.shared_bytes;
  for (const ClassItems& own : classes_) {
    auto& items = problem.classes.emplace_back();
    const double per_module = modules_ > 0 ? own.modules / modules_ : 0.0;
    for (const Item& one : own.items) {
      items.push_back({loss(own.share, one.error, one.time_ns), per_module * (one.time_ns + overhead(own.kernel)),
                       one.bytes, one.joint});
    }
  }
  return problem;
}

std::optional<Choice> Selector::choose(const Budget& budget) const {
  auto solved = solve(knapsack(budget));
  if (!solved) return std::nullopt;
  std::vector<std::size_t> item = std::move(solved->item);
  const std::size_t exchanged = improve(budget, item);
  Choice out = tallied(item);
  out.exact = solved->exact;
  out.exchanged = exchanged;
  return out;
}

Budget Selector::least() const {
  const KnapsackLeast bound = learn::least(knapsack({}));
  return {bound.time, bound.bytes};
}

double Selector::quickest_within(double form_bytes) const {
  Knapsack problem = knapsack({std::numeric_limits<double>::infinity(), form_bytes});
  for (auto& items : problem.classes) {
    for (KnapsackItem& item : items) item.loss = item.time;
  }
  const auto solved = solve(problem);
  return solved ? solved->time : std::numeric_limits<double>::infinity();
}

Choice Selector::only(std::string_view name) const {
  std::vector<std::size_t> item;
  for (const ClassItems& own : classes_) {
    const auto& candidates = study_.classes[own.kernel].candidates;
    const auto is_it = [&](const Item& one) {
      return candidates[static_cast<std::size_t>(one.candidate)].score.name == name;
    };
    const auto found = std::ranges::find_if(own.items, is_it);
    item.push_back(found == own.items.end() ? 0 : static_cast<std::size_t>(found - own.items.begin()));
  }
  return tallied(item);
}

Choice Selector::most_accurate() const {
  std::vector<std::size_t> item;
  for (const ClassItems& own : classes_) {
    item.push_back(static_cast<std::size_t>(std::ranges::min_element(own.items, {}, &Item::error) - own.items.begin()));
  }
  return tallied(item);
}

std::vector<Choice> Selector::front() const {
  constexpr double kNone = std::numeric_limits<double>::infinity();
  const Budget lowest = least();
  const Choice best = most_accurate();
  std::vector<Choice> all;
  const auto add = [&](const Budget& budget) {
    if (auto choice = choose(budget)) all.push_back(std::move(*choice));
  };
  for (const double time : ladder(lowest.module_time_ns, best.module_time_ns, 8)) add({time, kNone});
  for (const double bytes : ladder(lowest.form_bytes, best.form_bytes, 6)) add({kNone, bytes});
  std::ranges::sort(all, {}, &Choice::module_time_ns);
  std::vector<Choice> out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool repeated = i > 0 && all[i].candidate == all[i - 1].candidate;
    if (!repeated && !dominated(all[i], all)) out.push_back(all[i]);
  }
  return out;
}

}  // namespace latcast::learn
