#include "learn/models/xgboost_trees.h"

#include <xgboost/c_api.h>

#include <cmath>
#include <cstdio>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

#include "learn/models/halving.h"

namespace latcast::learn {
namespace {

using FloatMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Owns a handle of the library.
struct Matrix {
  DMatrixHandle handle = nullptr;
  Matrix() = default;
  Matrix(const Matrix&) = delete;
  Matrix& operator=(const Matrix&) = delete;
  ~Matrix() {
    if (handle != nullptr) XGDMatrixFree(handle);
  }
};

struct Booster {
  BoosterHandle handle = nullptr;
  Booster() = default;
  Booster(const Booster&) = delete;
  Booster& operator=(const Booster&) = delete;
  ~Booster() {
    if (handle != nullptr) XGBoosterFree(handle);
  }
};

tl::unexpected<Error> library_error() {
  return fail(Errc::engine_failure, std::string("XGBoost: ") + XGBGetLastError());
}

Result<void> load(Matrix& matrix, const FloatMatrix& values) {
  if (XGDMatrixCreateFromMat(values.data(), static_cast<bst_ulong>(values.rows()),
                             static_cast<bst_ulong>(values.cols()), std::nanf(""), &matrix.handle) != 0) {
    return library_error();
  }
  return {};
}

Result<void> set_info(const Matrix& matrix, const char* field, const Eigen::VectorXf& values) {
  if (XGDMatrixSetFloatInfo(matrix.handle, field, values.data(), static_cast<bst_ulong>(values.size())) != 0) {
    return library_error();
  }
  return {};
}

Result<void> configure(const Booster& booster, const TreeSettings& settings, const LogProblem& problem) {
  const std::pair<const char*, std::string> options[] = {
      {"objective", "reg:squarederror"},
      {"tree_method", "hist"},
      {"max_bin", problem.effort == Effort::final ? "128" : "64"},
      {"base_score", "0"},
      {"nthread", "1"},  // classes are trained in parallel
      {"verbosity", "0"},
      {"seed", std::to_string(problem.seed % 2147483647U)},
      {"lambda", std::to_string(settings.shrinkage)},
      {"max_depth", std::to_string(settings.depth)},
      {"eta", std::to_string(settings.rate)},
      {"min_child_weight", std::to_string(settings.least_child)},
      {"subsample", std::to_string(settings.sample)},
      {"colsample_bytree", std::to_string(settings.columns_of_tree)},
      {"colsample_bynode", std::to_string(settings.columns_of_node)},
      {"num_parallel_tree", std::to_string(settings.trees_per_round)},
  };
  for (const auto& [name, value] : options) {
    if (XGBoosterSetParam(booster.handle, name, value.c_str()) != 0) return library_error();
  }
  return {};
}

/// One tree of the text dump, its nodes appended to `out` with siblings side by side and children after parents.
class TreeReader {
 public:
  explicit TreeReader(const char* dump) {
    std::istringstream lines(dump);
    for (std::string line; std::getline(lines, line);) read_line(line);
  }

  void append(FormNode& out, std::vector<std::int32_t>& links) const {
    const std::size_t root = out.floats.size();
    out.ints.push_back(static_cast<std::int32_t>(root));
    out.floats.push_back(0.0F);
    links.insert(links.end(), {-1, 0});
    std::vector<std::pair<int, std::size_t>> open = {{0, root}};  // node of the dump, place in `out`
    for (std::size_t next = 0; next < open.size(); ++next) {
      const auto [id, place] = open[next];
      const Node& node = nodes_.at(id);
      out.floats[place] = node.number;
      if (node.feature < 0) continue;
      const std::size_t left = out.floats.size();
      links[2 * place] = node.feature;
      links[2 * place + 1] = static_cast<std::int32_t>(left);
      out.floats.resize(left + 2);
      links.resize(2 * (left + 2), -1);
      open.emplace_back(node.yes, left);
      open.emplace_back(node.no, left + 1);
    }
  }

 private:
  struct Node {
    int feature = -1, yes = 0, no = 0;
    float number = 0.0F;
  };

  void read_line(const std::string& line) {
    Node node;
    int id = 0;
    if (std::sscanf(line.c_str(), " %d:[f%d<%f] yes=%d,no=%d", &id, &node.feature, &node.number, &node.yes, &node.no) !=
        5) {
      node = {};
      if (std::sscanf(line.c_str(), " %d:leaf=%f", &id, &node.number) != 2) return;
    }
    nodes_[id] = node;
  }

  std::unordered_map<int, Node> nodes_;
};

Result<FormNode> export_trees(const Booster& booster, double mean) {
  bst_ulong count = 0;
  const char** dumps = nullptr;
  if (XGBoosterDumpModelEx(booster.handle, "", 0, "text", &count, &dumps) != 0) return library_error();
  FormNode node;
  node.kind = FormKind::trees;
  node.doubles = {mean};
  node.ints = {static_cast<std::int32_t>(count)};
  std::vector<std::int32_t> links;
  for (bst_ulong t = 0; t < count; ++t) TreeReader(dumps[t]).append(node, links);
  node.ints.insert(node.ints.end(), links.begin(), links.end());
  return node;
}

class Trees final : public LogModel {
 public:
  Trees(std::unique_ptr<Booster> booster, FormNode node) : booster_(std::move(booster)), node_(std::move(node)) {}

  Eigen::VectorXd predict(const RowMatrix& features) const override {
    Matrix matrix;
    const FloatMatrix values = features.cast<float>();
    bst_ulong count = 0;
    const float* found = nullptr;
    if (!load(matrix, values) || XGBoosterPredict(booster_->handle, matrix.handle, 0, 0, 0, &count, &found) != 0) {
      return Eigen::VectorXd::Constant(features.rows(), std::nan(""));
    }
    const Eigen::Map<const Eigen::VectorXf> view(found, static_cast<Eigen::Index>(count));
    return view.cast<double>().array() + node_.doubles[0];
  }

  FormSpec form() const override { return {node_}; }

 private:
  std::unique_ptr<Booster> booster_;
  FormNode node_;
};

Result<void> boost(const Booster& booster, const Matrix& matrix, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    if (XGBoosterUpdateOneIter(booster.handle, round, matrix.handle) != 0) return library_error();
  }
  return {};
}

}  // namespace

Result<LogModelPtr> fit_trees(const LogProblem& problem, const TreeSettings& settings) {
  const double mean = problem.target.dot(problem.weight) / problem.weight.sum();
  Matrix matrix;
  const FloatMatrix values = problem.features.cast<float>();
  const Eigen::VectorXf target = (problem.target.array() - mean).cast<float>();
  const Eigen::VectorXf weight = problem.weight.cast<float>();
  if (auto ok = load(matrix, values); !ok) return tl::unexpected<Error>(ok.error());
  if (auto ok = set_info(matrix, "label", target); !ok) return tl::unexpected<Error>(ok.error());
  if (auto ok = set_info(matrix, "weight", weight); !ok) return tl::unexpected<Error>(ok.error());
  auto booster = std::make_unique<Booster>();
  if (XGBoosterCreate(&matrix.handle, 1, &booster->handle) != 0) return library_error();
  if (auto ok = configure(*booster, settings, problem); !ok) return tl::unexpected<Error>(ok.error());
  if (auto ok = boost(*booster, matrix, settings.rounds); !ok) return tl::unexpected<Error>(ok.error());
  auto node = export_trees(*booster, mean);
  if (!node) return tl::unexpected<Error>(node.error());
  return std::make_shared<const Trees>(std::move(booster), std::move(*node));
}

Result<LogModelPtr> fit_quick_trees(const LogProblem& problem) {
  return fit_trees(problem, {.rounds = 30, .depth = 4, .rate = 0.2, .least_child = 8.0, .sample = 1.0});
}

Result<LogModelPtr> fit_best_trees(const LogProblem& problem, std::span<const TreeSettings> settings,
                                   std::size_t usual) {
  const FitSetting fit = [settings](const LogProblem& part, std::size_t setting) {
    return fit_trees(part, settings[setting]);
  };
  return fit(problem, choose_setting(settings.size(), usual, fit, problem));
}

}  // namespace latcast::learn
