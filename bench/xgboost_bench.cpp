// The same trees in latcast and in XGBoost, one row at a time: 150 of depth 5 over 20 features, grown by XGBoost.
#include <benchmark/benchmark.h>
#include <xgboost/c_api.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "core/form.h"

namespace latcast {
namespace {

constexpr int kTrees = 150, kRows = 2000;
constexpr std::size_t kFeatures = 20;

void must(int code) {
  if (code != 0) std::abort();
}

struct Trained {
  BoosterHandle booster = nullptr;
  DMatrixHandle matrix = nullptr;
  std::vector<float> rows;
  FormSpec form;
};

/// One tree of XGBoost's text dump, appended to a node of kind trees.
void append_tree(const char* dump, FormNode& out, std::vector<std::int32_t>& links) {
  struct Branch {
    int feature = -1, yes = 0, no = 0;
    float number = 0;
  };
  std::map<int, Branch> branches;
  std::istringstream lines(dump);
  for (std::string line; std::getline(lines, line);) {
    int id = 0;
    Branch b;
    const char* text = line.c_str() + line.find_first_not_of('\t');
    if (std::sscanf(text, "%d:leaf=%f", &id, &b.number) != 2 &&
        std::sscanf(text, "%d:[f%d<%f] yes=%d,no=%d", &id, &b.feature, &b.number, &b.yes, &b.no) != 5) {
      std::abort();
    }
    branches[id] = b;
  }
  out.ints.push_back(static_cast<std::int32_t>(out.floats.size()));
  std::vector<std::pair<int, std::size_t>> open = {{0, out.floats.size()}};
  out.floats.push_back(0);
  links.insert(links.end(), {-1, 0});
  for (std::size_t next = 0; next < open.size(); ++next) {
    const auto [id, place] = open[next];
    const Branch& b = branches.at(id);
    out.floats[place] = b.number;
    if (b.feature < 0) continue;
    links[2 * place] = b.feature;
    links[2 * place + 1] = static_cast<std::int32_t>(out.floats.size());
    for (const int child : {b.yes, b.no}) {
      open.emplace_back(child, out.floats.size());
      out.floats.push_back(0);
      links.insert(links.end(), {-1, 0});
    }
  }
}

FormSpec exported(BoosterHandle booster) {
  bst_ulong count = 0;
  const char** dumps = nullptr;
  must(XGBoosterDumpModelEx(booster, "", 0, "text", &count, &dumps));
  FormNode node;
  node.kind = FormKind::trees;
  node.doubles = {0.0};
  node.ints = {static_cast<std::int32_t>(count)};
  std::vector<std::int32_t> links;
  for (bst_ulong t = 0; t < count; ++t) append_tree(dumps[t], node, links);
  node.ints.insert(node.ints.end(), links.begin(), links.end());
  return laid_out({node});
}

const Trained& trained() {
  static const Trained one = [] {
    Trained out;
    std::vector<float> target;
    for (int i = 0; i < kRows; ++i) {
      for (std::size_t f = 0; f < kFeatures; ++f) {
        out.rows.push_back(static_cast<float>(std::fmod(i * (0.731 + 0.17 * static_cast<double>(f)), 20.0)));
      }
      const float* row = out.rows.data() + static_cast<std::size_t>(i) * kFeatures;
      target.push_back(std::sin(row[0]) + 0.3F * row[1] * std::cos(row[2]) + std::sqrt(row[3]) * row[4]);
    }
    must(XGDMatrixCreateFromMat(out.rows.data(), kRows, kFeatures, NAN, &out.matrix));
    must(XGDMatrixSetFloatInfo(out.matrix, "label", target.data(), kRows));
    must(XGBoosterCreate(&out.matrix, 1, &out.booster));
    for (const auto& [name, value] : {std::pair{"max_depth", "5"},
                                      {"nthread", "1"},
                                      {"base_score", "0"},
                                      {"eta", "0.1"},
                                      {"verbosity", "0"},
                                      {"tree_method", "hist"}}) {
      must(XGBoosterSetParam(out.booster, name, value));
    }
    for (int round = 0; round < kTrees; ++round) must(XGBoosterUpdateOneIter(out.booster, round, out.matrix));
    out.form = exported(out.booster);
    return out;
  }();
  return one;
}

const float* row_of(std::size_t i) { return trained().rows.data() + i % kRows * kFeatures; }

void trees_latcast(benchmark::State& state) {
  const FormView nodes = view(trained().form);
  const Form form(nodes, {0, kFeatures});
  const std::array<double, kFeatures> features = {};
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(form.evaluate({{}, features, {row_of(i++), kFeatures}}));
  }
}
BENCHMARK(trees_latcast);

/// A prediction in place: the fastest way that XGBoost's C API has for one row.
void trees_xgboost_in_place(benchmark::State& state) {
  const Trained& model = trained();
  const FormView nodes = view(model.form);
  const Form form(nodes, {0, kFeatures});
  const std::array<double, kFeatures> features = {};
  const char* config =
      R"({"type": 0, "training": false, "iteration_begin": 0, "iteration_end": 0, "strict_shape": false,)"
      R"( "cache_id": 0, "missing": NaN})";
  std::size_t i = 0;
  double worst = 0;
  for (auto _ : state) {
    char array[256];
    std::snprintf(array, sizeof(array), R"({"data": [%zu, true], "shape": [1, %zu], "typestr": "<f4", "version": 3})",
                  reinterpret_cast<std::size_t>(row_of(i)), kFeatures);
    const bst_ulong* shape = nullptr;
    bst_ulong dimensions = 0;
    const float* found = nullptr;
    must(XGBoosterPredictFromDense(model.booster, array, config, nullptr, &shape, &dimensions, &found));
    const double own = form.evaluate({{}, features, {row_of(i++), kFeatures}});
    worst = std::max(worst, std::abs(own - static_cast<double>(found[0])));
  }
  state.counters["largest_difference"] = worst;
}
BENCHMARK(trees_xgboost_in_place);

/// Through a matrix of one row, as most programs do it.
void trees_xgboost_matrix(benchmark::State& state) {
  const Trained& model = trained();
  std::size_t i = 0;
  for (auto _ : state) {
    DMatrixHandle one = nullptr;
    bst_ulong count = 0;
    const float* found = nullptr;
    must(XGDMatrixCreateFromMat(row_of(i++), 1, kFeatures, NAN, &one));
    must(XGBoosterPredict(model.booster, one, 0, 0, 0, &count, &found));
    benchmark::DoNotOptimize(found[0]);
    must(XGDMatrixFree(one));
  }
}
BENCHMARK(trees_xgboost_matrix);

}  // namespace
}  // namespace latcast
