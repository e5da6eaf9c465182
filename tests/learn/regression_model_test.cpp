// Every regression model: what core evaluates is what its library predicts, and laws are learnt.
#include "learn/models/regression_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "learn/models/kernel_fit.h"
#include "learn/real_samples.h"
#include "learn/study/candidate.h"
#include "learn/synthetic.h"

namespace latcast::learn {
namespace {

using test::one_kernel;
using test::synthetic_rows;

constexpr const char* kRealClasses[] = {"conv2d-plain_pointwise", "gemm-gemv", "softmax-last_axis"};

/// The rows of two thirds, or of the last third, of the networks.
Rows third_of(const Rows& rows, bool last) {
  std::vector<Eigen::Index> picked;
  for (std::size_t i = 0; i < rows.group.size(); ++i) {
    if ((rows.group[i] % 3 == 2) == last) picked.push_back(static_cast<Eigen::Index>(i));
  }
  return take(rows, picked);
}

class EveryModel : public ::testing::TestWithParam<std::size_t> {
 protected:
  const RegressionModel& model = regression_models()[GetParam()];

  /// The forecasts of core's evaluator against those of the libraries, which hold no feature in its range.
  void expect_agreement(const Rows& train, const std::vector<const Rows*>& judged, Effort effort) const {
    FitContext context(train, {.seed = 1, .effort = effort, .prior = {}, .warm = nullptr});
    const auto fitted = model.fit(context);
    ASSERT_TRUE(fitted) << fitted.error().context;
    auto fit = fit_kernel(model, context);
    ASSERT_TRUE(fit) << fit.error().context;
    fit->extrapolation.clear();
    fit->low.assign(fit->low.size(), 0);
    fit->high.assign(fit->high.size(), 100);
    for (const Rows* rows : judged) {
      const Eigen::VectorXd expected = (*fitted)->predict_ns(*rows).cwiseMax(1.0);  // as core's least latency
      const auto found = forecast(*fit, *rows);
      for (Eigen::Index i = 0; i < rows->size(); ++i) {
        EXPECT_NEAR(found[static_cast<std::size_t>(i)].latency_ns / expected[i], 1.0, 1e-5) << model.name << " " << i;
      }
    }
  }

  /// Fits, or says why not; what is fitted forecasts finite numbers.
  void expect_survival(const Rows& rows) const {
    FitContext context(rows, {});
    const auto fit = fit_kernel(model, context);
    if (!fit) {
      EXPECT_FALSE(fit.error().context.empty()) << model.name;
      return;
    }
    for (const KernelEstimate& estimate : forecast(*fit, rows)) {
      EXPECT_TRUE(std::isfinite(estimate.latency_ns)) << model.name;
      EXPECT_LT(estimate.latency_ns, 1e14) << model.name;
    }
  }
};

TEST_P(EveryModel, CoreEvaluatesWhatTheLibraryPredicts) {
  const Rows train = synthetic_rows(one_kernel(40, 1)), other = synthetic_rows(one_kernel(30, 2));
  expect_agreement(train, {&train, &other}, Effort::final);
}

TEST_P(EveryModel, CoreEvaluatesWhatTheLibraryPredictsOnMeasuredSamples) {
  for (const char* name : kRealClasses) {
    SCOPED_TRACE(name);
    const Rows all = test::real_rows(name);
    const Rows train = third_of(all, false), other = third_of(all, true);
    expect_agreement(train, {&train, &other}, Effort::fold);
  }
}

TEST_P(EveryModel, IsTheSameForTheSameSeed) {
  const Rows train = synthetic_rows(one_kernel(20, 1));
  FitContext first(train, {}), second(train, {});
  const auto a = fit_kernel(model, first), b = fit_kernel(model, second);
  ASSERT_TRUE(a && b);
  ASSERT_EQ(a->form.size(), b->form.size());
  for (std::size_t i = 0; i < a->form.size(); ++i) {
    EXPECT_EQ(a->form[i].doubles, b->form[i].doubles);
    EXPECT_EQ(a->form[i].floats, b->form[i].floats);
    EXPECT_EQ(a->form[i].ints, b->form[i].ints);
  }
}

TEST_P(EveryModel, IsExportedAsTheFormThatItsLineNames) {
  const Rows train = synthetic_rows(one_kernel(20, 1));
  FitContext context(train, {});
  const auto fit = fit_kernel(model, context);
  ASSERT_TRUE(fit);
  static const std::map<FormKind, std::string_view> kNames = {
      {FormKind::constant, "constant"},
      {FormKind::linear_terms, "linear_terms"},
      {FormKind::linear_features, "linear_features"},
      {FormKind::trees, "trees"},
      {FormKind::complete_trees, "trees"},
      {FormKind::gaussian_process, "gaussian_process"},
      {FormKind::product, "product"},
      {FormKind::neighbours, "neighbours"},
      {FormKind::linear_sparse, "linear_sparse"},
      {FormKind::quadratic, "quadratic"},
      {FormKind::dense, "dense"},
  };
  // A logarithm becomes 1 x exp(form): the line names what is inside.
  const bool logarithm = !model.over_base && model.direct == nullptr;
  EXPECT_EQ(kNames.at(fit->form[fit->form.size() - (logarithm ? 2 : 1)].kind), model.form);
}

TEST_P(EveryModel, SaysWhatItsFitHasCost) {
  const Rows train = synthetic_rows(one_kernel(30, 1));
  FitContext context(train, {});
  EXPECT_EQ(context.cost_of(model).fit_s, 0.0);
  ASSERT_TRUE(model.fit(context));
  const FitCost once = context.cost_of(model);
  EXPECT_GT(once.fit_s, 0.0);
  EXPECT_GE(once.search_s, 0.0);
  EXPECT_LE(once.search_s, once.fit_s);
  ASSERT_TRUE(model.fit(context));
  EXPECT_EQ(context.cost_of(model).fit_s, once.fit_s);  // nothing is fitted twice
}

TEST_P(EveryModel, SurvivesConstantFeaturesAndDuplicates) {
  Rows rows = synthetic_rows(one_kernel(12, 1));
  rows.logs.setOnes();
  rows.features.setOnes();
  expect_survival(rows);
}

TEST_P(EveryModel, SurvivesCollinearFeatures) {
  Rows rows = synthetic_rows(one_kernel(12, 1));
  for (Eigen::Index f = 1; f < rows.logs.cols(); ++f) {
    rows.logs.col(f) = rows.logs.col(0);
    rows.features.col(f) = rows.features.col(0);
  }
  rows.terms.col(1) = rows.terms.col(0);
  expect_survival(rows);
}

TEST_P(EveryModel, SurvivesAnEnormousOutlier) {
  Rows rows = synthetic_rows(one_kernel(12, 1));
  rows.latency_ns[rows.size() / 2] = 1e13;
  expect_survival(rows);
}

TEST_P(EveryModel, SurvivesThreeSamples) {
  const Rows rows = synthetic_rows(one_kernel(12, 1));
  expect_survival(take(rows, std::vector<Eigen::Index>{0, 30, 60}));
  expect_survival(take(rows, std::vector<Eigen::Index>{5, 5, 5}));
}

INSTANTIATE_TEST_SUITE_P(Table, EveryModel, ::testing::Range<std::size_t>(0, regression_models().size()),
                         [](const auto& instance) { return std::string(regression_models()[instance.param].name); });

TEST(RegressionModels, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const RegressionModel& model : regression_models()) EXPECT_TRUE(names.insert(model.name).second) << model.name;
  EXPECT_EQ(find_model("nothing"), nullptr);
}

TEST(RegressionModels, AreMadeOfLearnersThatExist) {
  for (const RegressionModel& model : regression_models()) {
    for (const std::string_view part : model.parts) EXPECT_NE(find_learner(part), nullptr) << part;
    for (const auto text : {model.summary, model.trained_on, model.form, model.cost, model.source}) {
      EXPECT_FALSE(text.empty()) << model.name;
    }
  }
}

/// Error on samples of the same law that were not trained on.
double error_on_the_law(std::string_view name, const Rows& train, const Rows& other) {
  FitContext context(train, {.seed = 1, .effort = Effort::fold, .prior = {}, .warm = nullptr});
  const auto fit = fit_kernel(*find_model(name), context);
  return fit ? weighted_error(forecast(*fit, other), other) : 1.0;
}

TEST(RegressionModels, LearnALaw) {
  const Rows train = synthetic_rows(one_kernel(150, 1)), other = synthetic_rows(one_kernel(40, 2));
  const std::map<std::string_view, double> most = {
      {"lookup", 0.45},  {"knn", 0.30},           {"ols", 0.40},        {"ridge", 0.12},     {"lasso", 0.12},
      {"poly2", 0.12},   {"svr", 0.10},           {"forest", 0.20},     {"gbdt", 0.10},      {"gbdt_small", 0.12},
      {"gp", 0.08},      {"base", 0.12},          {"base_poly2", 0.08}, {"base_gbdt", 0.06}, {"base_gbdt_small", 0.06},
      {"base_gp", 0.06}, {"base_gp_small", 0.07},
  };
  for (const auto& [name, limit] : most) EXPECT_LT(error_on_the_law(name, train, other), limit) << name;
}

TEST(Lasso, LeavesWeightsThatAreFewAndNotNegative) {
  auto options = one_kernel(60, 1);
  options.law = [](const test::Work& w, int) { return 0.05 * w.macs() + 2000; };
  const Rows rows = synthetic_rows(options);
  FitContext context(rows, {});
  const auto fit = fit_kernel(*find_model("lasso"), context);
  ASSERT_TRUE(fit);
  const FormNode& node = fit->form.front();
  ASSERT_EQ(node.kind, FormKind::linear_sparse);
  for (const double weight : node.doubles) EXPECT_GE(weight, 0.0);
  for (std::size_t i = 1; i < node.doubles.size(); ++i) EXPECT_GT(node.doubles[i], 0.0);
  EXPECT_LE(node.doubles.size(), 5U);  // of 9 inputs
  EXPECT_LT(weighted_error(forecast(*fit, rows), rows), 0.03);
}

TEST(RegressionModels, FindHyperparametersOnceAndKeepThem) {
  const Rows rows = synthetic_rows(one_kernel(60, 1));
  for (const std::string_view name : {"knn", "svr", "forest", "gbdt", "gbdt_small", "gp", "lasso"}) {
    WarmStarts warm;
    const FitOptions options{.seed = 1, .effort = Effort::fold, .prior = {}, .warm = &warm};
    FitContext first(rows, options), second(rows, options);
    ASSERT_TRUE(find_model(name)->fit(first));
    EXPECT_GT(first.cost_of(*find_model(name)).search_s, 0.0) << name;
    ASSERT_TRUE(find_model(name)->fit(second));
    EXPECT_EQ(second.cost_of(*find_model(name)).search_s, 0.0) << name;
  }
}

TEST(RegressionModels, SmallAndLargeProcessesShareTheirHyperparameters) {
  const Rows rows = synthetic_rows(one_kernel(40, 1));
  WarmStarts warm;
  FitContext context(rows, {.seed = 1, .effort = Effort::fold, .prior = {}, .warm = &warm});
  ASSERT_TRUE(find_model("base_gp")->fit(context));
  const auto small = fit_kernel(*find_model("base_gp_small"), context);
  ASSERT_TRUE(small);
  EXPECT_EQ(context.cost_of(*find_model("base_gp_small")).search_s, 0.0);
  EXPECT_LE(small->form[1].ints[1], 48);
}

}  // namespace
}  // namespace latcast::learn
