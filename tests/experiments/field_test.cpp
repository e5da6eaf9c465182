// What `latcast bench field` calls honest.
#include "experiments/field.h"

#include <gtest/gtest.h>

namespace latcast::experiments {
namespace {

/// Of a forecast of `ratio` ms, from `low` to `high`.
Verdict judged(const Result<QuietLatency>& measured, double ratio, double low, double high, double time_share) {
  NetworkForecast out;
  out.quiet = Nanos(ratio * 1e6);
  out.lower = Nanos(low * 1e6);
  out.upper = Nanos(high * 1e6);
  out.time_share = time_share;
  return judge(&out, measured);
}

TEST(FieldVerdict, IsHonestWhereAForecastIsNearOrDoubted) {
  const Result<QuietLatency> measured = QuietLatency{1e6, 0, 2};
  EXPECT_EQ(judged(measured, 1.2, 1.1, 1.3, 1), Verdict::honest);
  EXPECT_EQ(judged(measured, 0.7, 0.6, 0.9, 1), Verdict::not_honest);
  EXPECT_EQ(judged(measured, 0.7, 0.6, 1.1, 1), Verdict::honest);
  EXPECT_EQ(judged(measured, 0.7, 0.6, 0.9, 0.94), Verdict::honest);
  EXPECT_EQ(judged(measured, 9.9, 9, 11, 0.1), Verdict::honest);
  EXPECT_EQ(judged(measured, 10.1, 9, 11, 0.1), Verdict::not_honest);
  EXPECT_EQ(judged(measured, 0.09, 0.01, 0.9, 0.1), Verdict::not_honest);
  EXPECT_EQ(judged(measured, 0.09, 0.01, 1.1, 1), Verdict::honest);
}

TEST(FieldVerdict, AsksTheForecastToRefuseOrDoubtWhatTheEngineRefuses) {
  const Result<QuietLatency> measured = QuietLatency{1e6, 0, 2};
  const Result<QuietLatency> refused = fail(Errc::engine_failure, "no kernel");
  EXPECT_EQ(judge(nullptr, refused), Verdict::refused_alike);
  EXPECT_EQ(judge(nullptr, measured), Verdict::refused);
  EXPECT_EQ(judge(nullptr, fail(Errc::unsupported, "Loop")), Verdict::refused);
  EXPECT_EQ(judged(refused, 1, 0.9, 1.1, 1), Verdict::not_honest);
  EXPECT_EQ(judged(refused, 1, 0.9, 1.1, 0.5), Verdict::honest);
  EXPECT_EQ(judged(fail(Errc::not_found, "weights"), 1, 0.9, 1.1, 1), Verdict::not_judged);
}

}  // namespace
}  // namespace latcast::experiments
