// Mixtures of a class's own model and a joint one.
#include "learn/study/mixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "learn/models/kernel_fit.h"
#include "learn/synthetic.h"

namespace latcast::learn {
namespace {

using test::one_kernel;
using test::synthetic_rows;

/// Rows, and fits of models to them; one that stands in for a joint model is called "medn".
struct Fits {
  Rows rows = synthetic_rows(one_kernel(40, 5));
  FitContext context{rows, {}};

  [[nodiscard]] KernelFit of(std::string_view name) {
    auto fit = fit_kernel(*find_model(name), context);
    EXPECT_TRUE(fit);
    return std::move(*fit);
  }
  /// Without bounds: those are averaged too, which where one of two models meets its own is not the mean of forecasts.
  [[nodiscard]] static KernelFit unbounded(KernelFit fit) {
    fit.form.back().doubles = {-kMostExponent, kMostExponent};
    return fit;
  }
  [[nodiscard]] KernelFit joint() {
    KernelFit out = of("base_ridge");
    out.model = "medn";
    return out;
  }
};

double mean_in_logs(const KernelEstimate& a, const KernelEstimate& b, double share) {
  return std::exp((1 - share) * std::log(a.latency_ns) + share * std::log(b.latency_ns));
}

TEST(Mixture, IsTheMeanInLogsWithTheSameShareForEachLearner) {
  Fits fits;
  const KernelFit joint = Fits::unbounded(fits.joint());
  for (const auto& [name, share] : {std::pair{"base_gp_small", 0.5}, {"base_mean_small", 1.0 / 3}}) {
    const KernelFit own = Fits::unbounded(fits.of(name));
    const auto mixed = mix(*find_model(name), own, joint, fits.rows);
    ASSERT_TRUE(mixed) << mixed.error().context;
    EXPECT_EQ(mixed->model, std::string(name) + "+medn");
    EXPECT_GT(mixed->latency_ns, own.latency_ns);
    const auto expected_own = forecast(own, fits.rows), expected_joint = forecast(joint, fits.rows);
    const auto found = forecast(*mixed, fits.rows);
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_NEAR(found[i].latency_ns / mean_in_logs(expected_own[i], expected_joint[i], share), 1.0, 1e-9);
    }
  }
}

TEST(Mixture, NeedsTheSameBase) {
  Fits fits;
  KernelFit joint = fits.joint();
  joint.form.front().doubles.back() += 1;
  const auto mixed = mix(*find_model("base_gp_small"), fits.of("base_gp_small"), joint, fits.rows);
  ASSERT_FALSE(mixed);
  EXPECT_EQ(mixed.error().code, Errc::unsupported);
  EXPECT_FALSE(mix(*find_model("base_gp_small"), fits.of("base_gp_small"), fits.of("constant"), fits.rows));
}

TEST(Mixture, JoinsTheCandidatesThatHaveFits) {
  Fits fits;
  PreparedSet prepared;
  prepared.kernels.resize(1);
  prepared.kernels[0].rows = fits.rows;
  Study study;
  std::vector<Candidate>& candidates = study.classes.emplace_back().candidates;
  for (const char* name : {"base", "base_gp_small", "lasso", "base_poly2", "medn"}) {
    Candidate& one = candidates.emplace_back();
    one.score.name = name;
    one.joint = one.score.name == "medn";
    if (one.score.name == "base_poly2") continue;  // left the race
    one.fit = one.joint ? fits.joint() : fits.of(name);
    one.out_of_fold = forecast(*one.fit, fits.rows);
  }
  candidates.back().out_of_fold[3].latency_ns = 0;  // the class was not in that training
  const auto own = candidates[1].out_of_fold, joint = candidates.back().out_of_fold;
  add_mixtures(prepared, study);
  ASSERT_EQ(candidates.size(), 6U);
  const Candidate& mixed = candidates.back();
  EXPECT_EQ(mixed.score.name, "base_gp_small+medn");
  EXPECT_TRUE(mixed.joint);
  EXPECT_TRUE(mixed.score.front);
  EXPECT_GT(mixed.score.error, 0);
  EXPECT_EQ(mixed.out_of_fold[3].latency_ns, own[3].latency_ns);
  EXPECT_NEAR(mixed.out_of_fold[4].latency_ns / mean_in_logs(own[4], joint[4], 0.5), 1, 1e-12);
  EXPECT_TRUE(mixed.family_out.empty());
}

TEST(Mixture, NamesAreThoseThatCanBe) {
  const auto names = mixture_names();
  EXPECT_NE(std::ranges::find(names, "base_blend+medn"), names.end());
  EXPECT_EQ(std::ranges::find(names, "lasso+medn"), names.end());
  EXPECT_EQ(std::ranges::find(names, "base+medn"), names.end());
  for (const std::string& name : names) EXPECT_TRUE(can_mix(*find_model(mixed_model(name)))) << name;
  EXPECT_EQ(mixed_model("base_gp"), "");
}

}  // namespace
}  // namespace latcast::learn
