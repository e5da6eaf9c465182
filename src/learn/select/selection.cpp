#include "learn/select/selection.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "learn/select/knapsack.h"

namespace latcast::learn {
namespace {

/// Where no carrier like a network has the class, its error counts as if it were this share of the time.
constexpr double kLeastShare = 1e-4;
/// What each class's own error counts as, beside what it costs these networks: those that people have are made of other
/// shares, and a class that is rare here may be most of one.
constexpr double kOtherShare = 1e-3;
/// Of two models that are equally good the quicker one is taken: what a doubling of the time must gain.
constexpr double kDoublingGain = 0.001;
constexpr double kFreeTime_ns = 50;
/// Standard errors of its difference from the model that is best over all classes, which a candidate is charged.
constexpr double kCaution = 2.0;
/// What a model is taken for, against the best there, in classes whose race it left.
constexpr double kAbsent = 1.05;

constexpr int kPasses = 4;
constexpr double kLeastGain = 1e-5;

/// The forecast that a candidate is judged by: with the row's family left out, because those who forecast have families
/// that no campaign knew; where that was impossible, with its network left out.
double judged_ns(const Candidate& one, std::size_t row) {
  const bool family = row < one.family_out.size() && one.family_out[row].latency_ns > 0;
  return family ? one.family_out[row].latency_ns : one.out_of_fold[row].latency_ns;
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
                   const FormCosts& costs)
    : set_(set), prepared_(prepared), study_(study), fallback_(fallback) {
  for (const NetworkTruth& network : set.networks) {
    if (!counts(network)) continue;
    networks_ += 1;
    modules_ += static_cast<double>(network.modules.size());
  }
  for (std::size_t k = 0; k < study.classes.size(); ++k) {
    ClassItems items = items_of(k, costs);
    if (!items.items.empty()) classes_.push_back(std::move(items));
  }
  const std::vector<std::string> by_merit = models_by_merit();
  for (ClassItems& own : classes_) charge(own, by_merit);
}

const CandidateScore& Selector::score_of(const ClassItems& own, const Item& item) const {
  return study_.classes[own.kernel].candidates[static_cast<std::size_t>(item.candidate)].score;
}

/// The models' names, the one that would be best for everything first.
std::vector<std::string> Selector::models_by_merit() const {
  std::map<std::string, double, std::less<>> against;  // total, as a difference from what absent models are taken for
  for (const ClassItems& own : classes_) {
    const double absent = kAbsent * std::ranges::min_element(own.items, {}, &Item::off)->off;
    for (const Item& item : own.items) against[score_of(own, item).name] += item.off - absent;
  }
  std::vector<std::string> out;
  for (const auto& [name, total] : against) out.push_back(name);
  std::ranges::stable_sort(out, {}, [&](const std::string& name) { return against[name]; });
  return out;
}

/// Fills in the items' losses.
void Selector::charge(ClassItems& own, const std::vector<std::string>& by_merit) const {
  const auto rank = [&](const Item& item) {
    return std::ranges::find(by_merit, score_of(own, item).name) - by_merit.begin();
  };
  const Item& usual = *std::ranges::min_element(own.items, {}, rank);
  for (Item& item : own.items) {
    double squares = 0;
    const double mean = (item.off - usual.off) * networks_;
    for (std::size_t i = 0; i < item.impacts.size(); ++i) {
      squares += std::pow(item.impacts[i].off - usual.impacts[i].off, 2);
    }
    const double n = std::max(networks_, 1.0);
    const double caution = kCaution * std::sqrt(std::max(squares - mean * mean / n, 0.0)) / n;
    const double doublings = std::log2(1.0 + score_of(own, item).latency_ns / kFreeTime_ns);
    item.loss = (item.off + caution + kOtherShare * score_of(own, item).error) * (1.0 + kDoublingGain * doublings);
  }
}

Selector::ClassItems Selector::items_of(std::size_t kernel, const FormCosts& costs) const {
  ClassItems out;
  out.kernel = kernel;
  const Rows& rows = prepared_.kernels[kernel].rows;
  for (Eigen::Index i = 0; i < rows.size(); ++i) {
    const NetworkTruth& network = set_.networks[static_cast<std::size_t>(rows.group[static_cast<std::size_t>(i)])];
    if (!counts(network)) continue;
    out.modules += 1;
  }
  const FormShape shape{static_cast<std::size_t>(rows.terms.cols()), static_cast<std::size_t>(rows.logs.cols())};
  const auto& candidates = study_.classes[kernel].candidates;
  for (std::size_t c = 0; c < candidates.size(); ++c) {
    const Candidate& one = candidates[c];
    if (!one.fit) continue;
    Item item{static_cast<int>(c), form_cost_ns(one.fit->form, shape, costs), one.score.bytes, one.joint, 0, 0, {}};
    std::map<int, Impact> impacts;
    for (std::size_t i = 0; i < one.out_of_fold.size(); ++i) {
      const NetworkTruth& network = set_.networks[static_cast<std::size_t>(rows.group[i])];
      if (!counts(network)) continue;
      const double truth = rows.latency_ns[static_cast<Eigen::Index>(i)], forecast = judged_ns(one, i);
      Impact& impact = impacts[rows.group[i]];
      impact.network = rows.group[i];
      impact.sum_ns += forecast;
      impact.off += std::min(std::abs(forecast - truth), truth) / network.quiet_ns;
    }
    for (const auto& [network, impact] : impacts) {
      item.impacts.push_back(impact);
      item.off += impact.off / networks_;
    }
    if (impacts.empty()) item.off = kLeastShare * one.score.error;
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
    out.module_error += chosen.off;
    out.network_time_ns += own.modules * chosen.time_ns;
    out.form_bytes += chosen.bytes;
    joint |= chosen.joint;
  }
  if (joint) out.form_bytes += study_.shared_bytes;
  out.module_time_ns = modules_ > 0 ? out.network_time_ns / modules_ : 0.0;
  out.network_time_ns /= std::max(networks_, 1.0);
  const std::vector<RawNetwork> raw = sums(out, Unseen::network);
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

std::vector<RawNetwork> Selector::sums(const Choice& choice, Unseen unseen) const {
  std::vector<std::vector<KernelEstimate>> estimates(study_.classes.size());
  std::vector<double> errors(study_.classes.size(), kUnknownError);
  for (std::size_t k = 0; k < study_.classes.size(); ++k) {
    if (choice.candidate[k] < 0) continue;
    const Candidate& one = study_.classes[k].candidates[static_cast<std::size_t>(choice.candidate[k])];
    estimates[k] = unseen == Unseen::network ? one.out_of_fold : one.family_out;
    estimates[k].resize(static_cast<std::size_t>(prepared_.kernels[k].rows.size()));
    errors[k] = one.score.error;
    if (unseen != Unseen::family_or_network) continue;
    for (std::size_t i = 0; i < estimates[k].size(); ++i) {
      if (!(estimates[k][i].latency_ns > 0)) estimates[k][i] = one.out_of_fold[i];
    }
  }
  std::vector<RawNetwork> out;
  for (std::size_t n = 0; n < set_.networks.size(); ++n) {
    out.push_back(sum_network(set_.networks[n], prepared_.places[n], estimates, errors, fallback_));
  }
  return out;
}

/// What another item of a class would gain, in shares of a network's time; 0 where that may be chance.
double Selector::gain(const Networks& now, const Item& old, const Item& other) {
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < other.impacts.size(); ++i) {
    const auto n = static_cast<std::size_t>(other.impacts[i].network);
    const double change = now.error_at(n, other.impacts[i].sum_ns - old.impacts[i].sum_ns) - now.error[n];
    sum += change;
    squares += change * change;
  }
  const double mean = sum / now.count;
  const double deviation = std::sqrt(std::max(squares / now.count - mean * mean, 0.0) / now.count);
  const double gain = old.loss - other.loss - mean;
  return gain < std::max(deviation, kLeastGain) ? 0.0 : gain;
}

/// The item of class c that gains most within the budget; the present one where none does.
std::size_t Selector::best_exchange(const Networks& now, const Budget& budget, const std::vector<std::size_t>& item,
                                    std::size_t c) const {
  const ClassItems& own = classes_[c];
  double most = 0;
  std::size_t best = item[c];
  for (std::size_t j = 0; j < own.items.size(); ++j) {
    const double gained = j == item[c] ? 0.0 : gain(now, own.items[item[c]], own.items[j]);
    if (gained <= most) continue;
    std::vector<std::size_t> tried = item;
    tried[c] = j;
    if (!fits(tried, budget)) continue;
    most = gained;
    best = j;
  }
  return best;
}

void Selector::exchange(const Item& old, const Item& other, Networks& now) {
  for (std::size_t i = 0; i < old.impacts.size(); ++i) {
    const auto n = static_cast<std::size_t>(old.impacts[i].network);
    now.raw[n].sum_ns += other.impacts[i].sum_ns - old.impacts[i].sum_ns;
    now.error[n] = now.error_at(n, 0.0);
  }
}

/// Exchanges one class's model at a time while networks' errors, and the modules' own, get better by more than chance.
std::size_t Selector::improve(const Budget& budget, std::vector<std::size_t>& item) const {
  Networks now;
  now.raw = sums(tallied(item), Unseen::family_or_network);
  for (std::size_t n = 0; n < now.raw.size(); ++n) {
    if (!counts(set_.networks[n])) now.raw[n] = {};
  }
  now.error.resize(now.raw.size());
  now.calibrate();
  std::vector<std::size_t> order(classes_.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t c) { return classes_[c].items.front().off; });
  const std::vector<std::size_t> first = item;
  bool changed = true;
  for (int pass = 0; pass < kPasses && changed; ++pass) {
    changed = false;
    for (const std::size_t c : order) {
      const std::size_t best = best_exchange(now, budget, item, c);
      if (best == item[c]) continue;
      exchange(classes_[c].items[item[c]], classes_[c].items[best], now);
      item[c] = best;
      changed = true;
    }
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
    time += classes_[c].modules * one.time_ns;
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
      items.push_back({one.loss, per_module * one.time_ns, one.bytes, one.joint});
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
  out.gap = solved->gap;
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
    const auto found =
        std::ranges::find_if(own.items, [&](const Item& one) { return score_of(own, one).name == name; });
    item.push_back(found == own.items.end() ? 0 : static_cast<std::size_t>(found - own.items.begin()));
  }
  return tallied(item);
}

Choice Selector::most_accurate() const {
  std::vector<std::size_t> item;
  for (const ClassItems& own : classes_) {
    item.push_back(static_cast<std::size_t>(std::ranges::min_element(own.items, {}, &Item::off) - own.items.begin()));
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
