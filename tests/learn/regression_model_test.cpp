// Every regression model: what core evaluates is what its library predicts, and laws are learnt.
#include "learn/regression_model.h"

#include <gtest/gtest.h>

#include <set>

#include "learn/kernel_fit.h"
#include "learn/selection.h"
#include "learn/synthetic.h"

namespace latcast::learn {
namespace {

Rows synthetic_rows(const test::SyntheticOptions& options) {
  const auto types = test::make_types(options.types, options.kernels);
  const TrainingSet set = test::make_set(types, options);
  std::vector<Eigen::Index> kept;
  return make_rows(set.kernels.front(), kept);
}

test::SyntheticOptions one_kernel(int networks, std::uint64_t seed) {
  test::SyntheticOptions options;
  options.types = options.kernels = 1;
  options.modules = 10;
  options.networks = networks;
  options.seed = seed;
  return options;
}

class EveryModel : public ::testing::TestWithParam<std::size_t> {
 protected:
  const RegressionModel& model = regression_models()[GetParam()];
};

TEST_P(EveryModel, CoreEvaluatesWhatTheLibraryPredicts) {
  const Rows train = synthetic_rows(one_kernel(40, 1)), other = synthetic_rows(one_kernel(30, 2));
  FitContext context(train, {});
  auto fitted = model.fit(context);
  ASSERT_TRUE(fitted) << fitted.error().context;
  auto fit = fit_kernel(model, context);
  ASSERT_TRUE(fit);
  fit->extrapolation.clear();
  for (std::size_t f = 0; f < fit->low.size(); ++f) {  // not clamped: the library does not clamp either
    fit->low[f] = 0;
    fit->high[f] = 100;
  }
  for (const Rows* rows : {&train, &other}) {
    const Eigen::VectorXd expected = (*fitted)->predict_ns(*rows);
    const auto found = forecast(*fit, *rows);
    for (Eigen::Index i = 0; i < rows->size(); ++i) {
      EXPECT_NEAR(found[static_cast<std::size_t>(i)].latency_ns / expected[i], 1.0, 1e-5) << model.name << " " << i;
    }
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
  }
}

TEST_P(EveryModel, SurvivesConstantFeaturesAndDuplicates) {
  Rows rows = synthetic_rows(one_kernel(12, 1));
  rows.logs.setOnes();
  rows.features.setOnes();
  FitContext context(rows, {});
  const auto fit = fit_kernel(model, context);
  ASSERT_TRUE(fit) << fit.error().context;
  for (const KernelEstimate& estimate : forecast(*fit, rows)) EXPECT_TRUE(std::isfinite(estimate.latency_ns));
}

INSTANTIATE_TEST_SUITE_P(Table, EveryModel, ::testing::Range<std::size_t>(0, regression_models().size()),
                         [](const auto& instance) { return std::string(regression_models()[instance.param].name); });

TEST(RegressionModels, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const RegressionModel& model : regression_models()) EXPECT_TRUE(names.insert(model.name).second) << model.name;
  EXPECT_EQ(find_model("nothing"), nullptr);
}

TEST(Selection, ALinearLawIsLearntToItsNoise) {
  auto options = one_kernel(60, 1);
  options.law = [](const test::Work& w, int) { return 0.05 * w.macs() + 0.3 * w.elements() + 2000; };
  options.module_noise = 0.02;
  const Selection chosen = select_model(synthetic_rows(options), {});
  EXPECT_LT(chosen.error, 0.022);  // the mean of |N(0, 0.02)| is 0.016
}

TEST(Selection, AStaircaseIsLearnt) {
  const Selection chosen = select_model(synthetic_rows(one_kernel(100, 1)), {});
  double base = 0;
  for (const CandidateScore& candidate : chosen.candidates) {
    if (candidate.name == "base") base = candidate.error;
  }
  EXPECT_LT(chosen.error, 0.045);
  EXPECT_LT(chosen.error, 0.9 * base);
}

TEST(Selection, OutliersDoNotSpoilIt) {
  auto options = one_kernel(80, 1);
  const Selection clean = select_model(synthetic_rows(options), {});
  options.outliers = 0.03;
  const Rows dirty = synthetic_rows(options);
  const Selection chosen = select_model(dirty, {});
  options.outliers = 0;
  options.seed = 9;
  const Rows other = synthetic_rows(options);
  EXPECT_LT(weighted_error(forecast(chosen.fit, other), other),
            1.35 * weighted_error(forecast(clean.fit, other), other));
}

TEST(Selection, FewSamplesGetTheBase) {
  auto options = one_kernel(5, 1);
  options.modules = 3;
  const Rows rows = synthetic_rows(options);
  ASSERT_LT(rows.size(), kFewSamples);
  const Selection chosen = select_model(rows, {});
  EXPECT_EQ(chosen.fit.model, "base");
  EXPECT_EQ(chosen.candidates.size(), 1U);
}

TEST(Selection, OneSampleIsEnoughNotToCrash) {
  Rows rows = synthetic_rows(one_kernel(5, 1));
  const std::vector<Eigen::Index> first = {0};
  rows = take(rows, first);
  const Selection chosen = select_model(rows, {});
  EXPECT_NEAR(forecast(chosen.fit, rows)[0].latency_ns / rows.latency_ns[0], 1.0, 0.1);
}

TEST(Selection, EveryRowIsForecastWithoutItsNetwork) {
  const Rows rows = synthetic_rows(one_kernel(40, 1));
  const Selection chosen = select_model(rows, {});
  ASSERT_EQ(chosen.out_of_fold.size(), static_cast<std::size_t>(rows.size()));
  for (const KernelEstimate& estimate : chosen.out_of_fold) EXPECT_GT(estimate.latency_ns, 0);
}

}  // namespace
}  // namespace latcast::learn
