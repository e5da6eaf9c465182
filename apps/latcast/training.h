// Store -> pack content: shared by train and select.
#pragma once

#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "catalogue/catalogue.h"
#include "console.h"
#include "core/pack_content.h"
#include "learn/train.h"
#include "store/store.h"

namespace CLI {
class App;
}

namespace latcast::cli {

/// What train and select are both asked.
struct TrainingOptions {
  std::string db;
  std::string target;
  std::vector<std::string> catalogue;
  std::vector<std::string> models;
  std::optional<double> module_time_ns;
  double pack_bytes = std::numeric_limits<double>::infinity();
  std::string out;
  std::string proxy;         // a pack of another target, for targets of tables
  bool proxy_known = false;  // networks' latencies on that target will be known

  /// `module_time_ns`: where none was asked for.
  [[nodiscard]] learn::PackBudget budget(double usual_ns) const {
    return {module_time_ns.value_or(usual_ns), pack_bytes};
  }
};
/// No more than whose measurements.
[[nodiscard]] inline TrainingOptions measurements(std::string db, std::string target,
                                                  std::vector<std::string> catalogue) {
  TrainingOptions out;
  out.db = std::move(db);
  out.target = std::move(target);
  out.catalogue = std::move(catalogue);
  return out;
}
void add_training_options(CLI::App& command, TrainingOptions& options);

/// A store opened with everything that learning from it needs.
struct LearningTask {
  Catalogue catalogue;  // of a campaign: what it measures; of tables: all
  Store store;
  TargetRecord target;
  bool tables = false;          // the target's measurements come from imported tables
  std::filesystem::path study;  // where the candidates of this target are kept
};
[[nodiscard]] Result<LearningTask> open_learning_task(const TrainingOptions& options);

struct Trained {
  PackContent content;
  std::string report;  // for people
};

/// `reuse`: candidates that an earlier training left beside the store will do; otherwise all is trained, and left
/// there.
[[nodiscard]] Result<Trained> train_target(LearningTask& task, const TrainingOptions& options, bool reuse,
                                           Console& console);

[[nodiscard]] learn::StudyOptions study_options(const TrainingOptions& options, Console& console);

/// For 'latcast select'; warns where that fails.
void keep_study(const learn::Study& study, std::uint64_t fingerprint, const std::filesystem::path& file,
                Console& console);

/// The candidates: those that are kept in `file`, or else newly trained ones, which are kept there; nowhere without
/// one.
/// Errc::interrupted.
[[nodiscard]] Result<learn::Study> find_study(const std::filesystem::path& file, const TrainingOptions& options,
                                              bool reuse, const learn::TrainingSet& set,
                                              const learn::PreparedSet& prepared, Console& console);

/// What was chosen, what it costs, and what else there is to choose.
[[nodiscard]] std::string describe_choice(const learn::Study& study, const learn::PreparedSet& prepared,
                                          const learn::Assembled& assembled, double seconds);

/// Trains or selects, writes the pack and says what is in it.
int run_training(const TrainingOptions& options, bool reuse, Console& console);

}  // namespace latcast::cli
