// One regression model per kernel class, so that the whole is as accurate as budgets of time and size allow.
//
// The knapsack (knapsack.h) minimises what modules are off by, as shares of their networks' time, with their block
// family left out of training: the networks that people have are of families that no campaign knew. The best of many
// candidates of a class is often only the luckiest, so one that departs from the model that is best over all classes
// together is charged the standard error of the difference, paired over networks. Errors of modules cancel or add up in
// a network, so a local search then exchanges one model at a time where networks' own errors get better by more than
// their paired standard error.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/form.h"
#include "latcast/pack_info.h"
#include "learn/data/training_set.h"
#include "learn/models/prepared.h"
#include "learn/network/calibrated_sum.h"
#include "learn/select/knapsack.h"
#include "learn/study/study.h"

namespace latcast::learn {

/// What a forecast of one module may cost where nothing else is asked for.
inline constexpr double kDefaultModuleTime_ns = 500;

struct Budget {
  double module_time_ns = kDefaultModuleTime_ns;  // mean over the modules of the training networks
  double form_bytes = std::numeric_limits<double>::infinity();
};

/// One candidate per class, and what that comes to. Errors are cross-validated.
struct Choice {
  std::vector<int> candidate;  // index into ClassStudy::candidates; -1 where the class has none
  double module_error = 0;     // what modules are off by, as a share of their networks' time
  double network_error = 0;    // MAPE of the networks
  double module_time_ns = 0;   // mean
  double network_time_ns = 0;  // mean
  double form_bytes = 0;       // what is shared included
  double gap = 0;              // KnapsackChoice::gap
  std::size_t exchanged = 0;   // classes that the local search changed
};

/// What forecasts have not seen of a module: its network, its network's family, or the family where that was possible
/// and the network elsewhere, which is what candidates are judged by.
enum class Unseen : std::uint8_t { network, family, family_or_network };

class Selector {
 public:
  /// All of them must outlive the selector. Budgets and choices have the times of a machine with these `costs`; which
  /// of two equally good models is taken where both fit does not depend on it.
  Selector(const TrainingSet& set, const PreparedSet& prepared, const Study& study, const Fallback& fallback,
           const FormCosts& costs = kReferenceCosts);

  /// Nothing where the budget cannot be met.
  [[nodiscard]] std::optional<Choice> choose(const Budget& budget = {}) const;
  /// The least mean time and the fewest bytes that any choice can have (each on its own).
  [[nodiscard]] Budget least() const;
  /// The least mean time of a module among the choices within so many bytes; infinity where there is none.
  [[nodiscard]] double quickest_within(double form_bytes) const;
  /// `name` wherever the class has it, the base elsewhere.
  [[nodiscard]] Choice only(std::string_view name) const;
  /// The lowest error of each class, whatever it costs; no local search.
  [[nodiscard]] Choice most_accurate() const;
  /// Choices under a ladder of budgets, those without a better one in error, time and size.
  [[nodiscard]] std::vector<Choice> front() const;

  /// Raw sums of the networks under a choice.
  [[nodiscard]] std::vector<RawNetwork> sums(const Choice& choice, Unseen unseen) const;

 private:
  struct Impact {
    int network = 0;
    double sum_ns = 0;  // of the forecasts
    double off = 0;     // what they are off by, as a share of the network's time
  };
  struct Item {
    int candidate = 0;
    double time_ns = 0, bytes = 0;
    bool joint = false;
    double off = 0;               // mean over the networks
    double loss = 0;              // off, with what caution, the class.s own error and time add
    std::vector<Impact> impacts;  // per network that has the class; the same networks for all items
  };
  struct ClassItems {
    std::size_t kernel = 0;
    double modules = 0;  // over all networks that count
    std::vector<Item> items;
  };
  struct Networks;

  [[nodiscard]] ClassItems items_of(std::size_t kernel, const FormCosts& costs) const;
  [[nodiscard]] const CandidateScore& score_of(const ClassItems& own, const Item& item) const;
  [[nodiscard]] std::vector<std::string> models_by_merit() const;
  void charge(ClassItems& own, const std::vector<std::string>& by_merit) const;
  [[nodiscard]] Choice tallied(const std::vector<std::size_t>& item) const;
  [[nodiscard]] Knapsack knapsack(const Budget& budget) const;
  [[nodiscard]] bool fits(const std::vector<std::size_t>& item, const Budget& budget) const;
  [[nodiscard]] static double gain(const Networks& now, const Item& old, const Item& other);
  static void exchange(const Item& old, const Item& other, Networks& now);
  [[nodiscard]] std::size_t best_exchange(const Networks& now, const Budget& budget,
                                          const std::vector<std::size_t>& item, std::size_t c) const;
  [[nodiscard]] std::size_t improve(const Budget& budget, std::vector<std::size_t>& item) const;

  const TrainingSet& set_;
  const PreparedSet& prepared_;
  const Study& study_;
  const Fallback& fallback_;
  std::vector<ClassItems> classes_;
  double networks_ = 0, modules_ = 0;
};

}  // namespace latcast::learn
