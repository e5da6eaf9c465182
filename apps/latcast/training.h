// Store -> pack content: shared by train and select.
#pragma once

#include <filesystem>
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
  learn::PackBudget budget;
  std::string out;
};
void add_training_options(CLI::App& command, TrainingOptions& options);

/// A store opened with everything that learning from it needs.
struct LearningTask {
  Catalogue catalogue;
  Store store;
  TargetRecord target;
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

/// Trains or selects, writes the pack and says what is in it.
int run_training(const TrainingOptions& options, bool reuse, Console& console);

}  // namespace latcast::cli
