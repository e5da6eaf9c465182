#include "all_targets.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "commands.h"
#include "session/targets.h"
#include "table_training.h"

namespace latcast::cli {
namespace {

std::string pack_file(const std::string& folder, std::string target) {
  std::ranges::replace_if(target, [](char c) { return c == '|' || c == '/' || c == ' '; }, '-');
  return (std::filesystem::path(folder) / (target + ".latpack")).string();
}

/// Targets' names: each group is trained together.
Result<std::vector<std::vector<std::string>>> groups_of(Store& store) {
  const auto targets = store.targets();
  if (!targets) return tl::unexpected(targets.error());
  const std::vector<std::string> names = session::target_names(*targets);
  std::map<std::string, std::vector<std::string>> measured;  // by engine
  std::vector<std::vector<std::string>> out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto contents = store.contents((*targets)[i].id);
    if (!contents) return tl::unexpected(contents.error());
    if (contents->campaigns == 0 && contents->operations > 0) {
      measured[(*targets)[i].engine].push_back(names[i]);
    } else {
      out.push_back({names[i]});
    }
  }
  for (auto& [engine, group] : measured) out.push_back(std::move(group));
  std::ranges::stable_sort(out, std::greater<>(), &std::vector<std::string>::size);
  return out;
}

class Packs {
 public:
  Packs(const TrainingOptions& options, Console& console) : options_(options), console_(console) {}

  Result<void> train(const std::vector<std::string>& names) {
    std::vector<LearningTask> tasks;
    for (const std::string& name : names) {
      TrainingOptions own = options_;
      own.target = name;
      auto task = open_learning_task(own);
      if (!task) return tl::unexpected(task.error());
      tasks.push_back(std::move(*task));
    }
    std::vector<Result<Trained>> trained;
    if (tasks.size() > 1) {
      auto all = train_tables_together(tasks, options_, console_);
      if (!all) return tl::unexpected(all.error());
      trained = std::move(*all);
    } else {
      trained.push_back(train_target(tasks.front(), options_, false, console_));
    }
    console_.clear_progress();
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (auto ok = store(names[i], trained[i]); !ok) return ok;
    }
    return {};
  }

  [[nodiscard]] int written() const { return written_; }

 private:
  Result<void> store(const std::string& name, const Result<Trained>& trained) {
    if (!trained) {
      console_.warning(name + ": no pack: " + trained.error().context);
      return {};
    }
    const std::string file = pack_file(options_.out, name);
    if (auto ok = write_pack(trained->content, file); !ok) return ok;
    ++written_;
    const TrainingSummary& training = trained->content.info.training;
    std::cout << file << ": " << training.networks << " networks, cross-validated MAPE "
              << format_percent(training.error) << "\n";
    return {};
  }

  const TrainingOptions& options_;
  Console& console_;
  int written_ = 0;
};

}  // namespace

int run_all_targets(const TrainingOptions& options, Console& console) {
  std::error_code failure;
  std::filesystem::create_directories(options.out, failure);
  if (!std::filesystem::is_directory(options.out, failure))
    return refuse(console, Error{Errc::io, options.out + ": cannot be made a folder"});
  auto store = Store::open_read_only(options.db);
  if (!store) return refuse(console, store.error());
  const auto groups = groups_of(*store);
  if (!groups) return refuse(console, groups.error());
  Packs packs(options, console);
  for (const auto& names : *groups) {
    if (interrupted()) return kInterrupted;
    if (auto ok = packs.train(names); !ok) return refuse(console, ok.error());
  }
  if (packs.written() == 0)
    return refuse(console, Error{Errc::not_found, "no target of the store could be learnt from"});
  return kOk;
}

}  // namespace latcast::cli
