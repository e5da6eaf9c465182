#include "learn/select/knapsack.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

namespace latcast::learn {
namespace {

/// Prices of a unit of time and of a byte.
struct Prices {
  double time = 0, bytes = 0;
};

/// Classes reduced to the items that may be chosen, with their places in the problem.
struct Options {
  std::vector<std::vector<KnapsackItem>> items;
  std::vector<std::vector<std::size_t>> place;
};

double priced(const KnapsackItem& item, const Prices& prices) {
  return item.loss + prices.time * item.time + prices.bytes * item.bytes;
}

std::size_t cheapest(const std::vector<KnapsackItem>& items, const Prices& prices) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < items.size(); ++i) {
    if (priced(items[i], prices) < priced(items[best], prices)) best = i;
  }
  return best;
}

class Search {
 public:
  Search(Options options, double max_time, double max_bytes, std::size_t node_limit)
      : options_(std::move(options)), max_time_(max_time), max_bytes_(max_bytes), nodes_left_(node_limit) {}

  /// Places in the problem; nothing where nothing fits. `bound`: no choice has a smaller loss.
  std::optional<std::vector<std::size_t>> run(double& bound) {
    find_prices();
    order_classes();
    chosen_.assign(options_.items.size(), 0);
    repair();
    descend(0, 0, 0, 0);
    bound = nodes_left_ > 0 ? best_loss_ : std::min(best_loss_, bound_after(0, {}));
    if (!std::isfinite(best_loss_)) return std::nullopt;
    std::vector<std::size_t> out(best_.size());
    for (std::size_t c = 0; c < best_.size(); ++c) out[c] = options_.place[c][best_[c]];
    return out;
  }

 private:
  struct Use {
    double time = 0, bytes = 0;
  };

  [[nodiscard]] Use use_at(const Prices& prices) const {
    Use use;
    for (const auto& items : options_.items) {
      const KnapsackItem& item = items[cheapest(items, prices)];
      use.time += item.time;
      use.bytes += item.bytes;
    }
    return use;
  }

  /// The least price at which `fits`, by bisection over its logarithm; 0 where no price is needed.
  template <class Fits>
  static double least_price(Fits fits) {
    if (fits(0.0)) return 0.0;
    double low = -60, high = 60;
    for (int step = 0; step < 60; ++step) {
      const double middle = 0.5 * (low + high);
      (fits(std::exp2(middle)) ? high : low) = middle;
    }
    return std::exp2(high);
  }

  /// Two prices, each raised in turn until its budget is kept.
  void find_prices() {
    for (int round = 0; round < 4; ++round) {
      prices_.time = least_price([&](double p) { return use_at({p, prices_.bytes}).time <= max_time_; });
      prices_.bytes = least_price([&](double p) { return use_at({prices_.time, p}).bytes <= max_bytes_; });
    }
  }

  /// Those that gain most by a choice first; what the rest costs at least, priced, is summed from the end.
  void order_classes() {
    const std::size_t n = options_.items.size();
    order_.resize(n);
    std::iota(order_.begin(), order_.end(), 0);
    std::vector<double> spread(n, 0.0);
    for (std::size_t c = 0; c < n; ++c) {
      const auto& items = options_.items[c];
      const double least = priced(items[cheapest(items, prices_)], prices_);
      double second = std::numeric_limits<double>::infinity();
      for (const KnapsackItem& item : items) {
        const double value = priced(item, prices_);
        if (value > least) second = std::min(second, value - least);
      }
      spread[c] = std::isfinite(second) ? second : 0.0;
    }
    std::ranges::stable_sort(order_, std::greater<>(), [&](std::size_t c) { return spread[c]; });
    rest_.assign(n + 1, {});
    for (std::size_t k = n; k-- > 0;) {
      const auto& items = options_.items[order_[k]];
      Rest& rest = rest_[k];
      rest = rest_[k + 1];
      rest.priced += priced(items[cheapest(items, prices_)], prices_);
      rest.loss += std::ranges::min_element(items, {}, &KnapsackItem::loss)->loss;
      rest.time += std::ranges::min_element(items, {}, &KnapsackItem::time)->time;
      rest.bytes += std::ranges::min_element(items, {}, &KnapsackItem::bytes)->bytes;
    }
  }

  /// A first choice: the priced one, its most wasteful items exchanged until it fits.
  void repair() {
    Use use;
    double loss = 0;
    for (std::size_t c = 0; c < chosen_.size(); ++c) {
      chosen_[c] = cheapest(options_.items[c], prices_);
      const KnapsackItem& item = options_.items[c][chosen_[c]];
      use.time += item.time;
      use.bytes += item.bytes;
      loss += item.loss;
    }
    for (std::size_t step = 0; use.time > max_time_ || use.bytes > max_bytes_; ++step) {
      if (step > 10 * chosen_.size() || !exchange(use, loss)) return;  // the search below finds what there is
    }
    best_ = chosen_;
    best_loss_ = loss;
  }

  /// The exchange that takes off most of what is too much for the least loss.
  bool exchange(Use& use, double& loss) {
    double best_ratio = 0;
    std::size_t at = 0, to = 0;
    for (std::size_t c = 0; c < chosen_.size(); ++c) {
      const KnapsackItem& now = options_.items[c][chosen_[c]];
      for (std::size_t i = 0; i < options_.items[c].size(); ++i) {
        const KnapsackItem& other = options_.items[c][i];
        const double over_time = std::max(use.time - max_time_, 0.0),
                     over_bytes = std::max(use.bytes - max_bytes_, 0.0);
        const double gain = relief(over_time, now.time - other.time, max_time_) +
                            relief(over_bytes, now.bytes - other.bytes, max_bytes_);
        const double ratio = gain / (std::max(other.loss - now.loss, 0.0) + 1e-9);
        if (gain > 1e-12 && ratio > best_ratio) {
          best_ratio = ratio;
          at = c;
          to = i;
        }
      }
    }
    if (best_ratio <= 0) return false;
    const KnapsackItem& now = options_.items[at][chosen_[at]];
    const KnapsackItem& other = options_.items[at][to];
    use.time += other.time - now.time;
    use.bytes += other.bytes - now.bytes;
    loss += other.loss - now.loss;
    chosen_[at] = to;
    return true;
  }

  static double relief(double over, double less, double budget) {
    return over > 0 ? std::min(less, over) / std::max(budget, 1e-12) : std::min(less, 0.0) / std::max(budget, 1e-12);
  }

  void descend(std::size_t depth, double loss, double time, double bytes) {
    if (nodes_left_ == 0) return;
    --nodes_left_;
    if (depth == order_.size()) {
      if (loss < best_loss_) {
        best_loss_ = loss;
        best_ = chosen_;
      }
      return;
    }
    const auto& items = options_.items[order_[depth]];
    std::vector<std::size_t> by_price(items.size());
    std::iota(by_price.begin(), by_price.end(), 0);
    std::ranges::sort(by_price, {}, [&](std::size_t i) { return priced(items[i], prices_); });
    const Rest& rest = rest_[depth + 1];
    for (const std::size_t i : by_price) {
      const double t = time + items[i].time, b = bytes + items[i].bytes, l = loss + items[i].loss;
      if (t + rest.time > max_time_ * (1 + 1e-12) || b + rest.bytes > max_bytes_ * (1 + 1e-12)) continue;
      if (bound_after(depth + 1, {.loss = l, .time = t, .bytes = b}) >= best_loss_ - 1e-12) continue;
      chosen_[order_[depth]] = i;
      descend(depth + 1, l, t, b);
    }
  }

  /// What a choice has at least, of whose classes so many are decided and come to `used`: by the Lagrangian relaxation.
  [[nodiscard]] double bound_after(std::size_t depth, const KnapsackItem& used) const {
    const Rest& rest = rest_[depth];
    const double room =
        prices_.time * finite_room(max_time_, used.time) + prices_.bytes * finite_room(max_bytes_, used.bytes);
    return std::max(used.loss + rest.loss, used.loss + rest.priced - room);
  }

  /// A budget without a limit has price 0.
  static double finite_room(double budget, double used) { return std::isfinite(budget) ? budget - used : 0.0; }

  struct Rest {
    double priced = 0, loss = 0, time = 0, bytes = 0;
  };

  Options options_;
  double max_time_, max_bytes_;
  std::size_t nodes_left_;
  Prices prices_;
  std::vector<std::size_t> order_, chosen_, best_;
  std::vector<Rest> rest_;
  double best_loss_ = std::numeric_limits<double>::infinity();
};

/// An item that another one beats or equals in everything is never needed.
bool beaten(const KnapsackItem& item, const std::vector<KnapsackItem>& kept) {
  return std::ranges::any_of(kept, [&](const KnapsackItem& other) {
    return other.loss <= item.loss && other.time <= item.time && other.bytes <= item.bytes;
  });
}

std::optional<Options> reduce(const Knapsack& problem, bool with_shared) {
  Options out;
  for (const auto& items : problem.classes) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (with_shared || !items[i].shares) order.push_back(i);
    }
    if (order.empty()) return std::nullopt;
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
      return std::tie(items[a].loss, items[a].time, items[a].bytes, a) <
             std::tie(items[b].loss, items[b].time, items[b].bytes, b);
    });
    std::vector<KnapsackItem> kept;
    std::vector<std::size_t> place;
    for (const std::size_t i : order) {
      if (beaten(items[i], kept)) continue;
      kept.push_back(items[i]);
      place.push_back(i);
    }
    out.items.push_back(std::move(kept));
    out.place.push_back(std::move(place));
  }
  return out;
}

bool any_shares(const Knapsack& problem) {
  return std::ranges::any_of(problem.classes,
                             [](const auto& items) { return std::ranges::any_of(items, &KnapsackItem::shares); });
}

}  // namespace

KnapsackChoice tally(const Knapsack& problem, std::vector<std::size_t> item) {
  KnapsackChoice out;
  bool shares = false;
  for (std::size_t c = 0; c < item.size(); ++c) {
    const KnapsackItem& chosen = problem.classes[c][item[c]];
    out.loss += chosen.loss;
    out.time += chosen.time;
    out.bytes += chosen.bytes;
    shares |= chosen.shares;
  }
  if (shares) out.bytes += problem.shared_bytes;
  out.item = std::move(item);
  return out;
}

KnapsackLeast least(const Knapsack& problem) {
  KnapsackLeast out;
  double with_shared = problem.shared_bytes, without = 0;
  for (const auto& items : problem.classes) {
    out.time += std::ranges::min_element(items, {}, &KnapsackItem::time)->time;
    with_shared += std::ranges::min_element(items, {}, &KnapsackItem::bytes)->bytes;
    double own = std::numeric_limits<double>::infinity();
    for (const KnapsackItem& item : items) {
      if (!item.shares) own = std::min(own, item.bytes);
    }
    without += own;
  }
  out.bytes = std::min(with_shared, without);
  return out;
}

std::optional<KnapsackChoice> solve(const Knapsack& problem) {
  std::optional<KnapsackChoice> best;
  double at_least = std::numeric_limits<double>::infinity();
  for (const bool with_shared : {false, true}) {
    if (with_shared && !any_shares(problem)) break;
    auto options = reduce(problem, with_shared);
    if (!options) continue;
    const double bytes = problem.max_bytes - (with_shared ? problem.shared_bytes : 0.0);
    double bound = 0;
    auto found = Search(std::move(*options), problem.max_time, bytes, problem.node_limit).run(bound);
    at_least = std::min(at_least, bound);
    if (!found) continue;
    KnapsackChoice choice = tally(problem, std::move(*found));
    if (!best || choice.loss < best->loss) best = std::move(choice);
  }
  if (best && best->loss > 0) best->gap = std::max(0.0, 1.0 - at_least / best->loss);
  if (best && best->gap < 1e-9) best->gap = 0;
  return best;
}

}  // namespace latcast::learn
