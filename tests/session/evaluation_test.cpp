#include "session/evaluation.h"

#include <gtest/gtest.h>

namespace latcast::session {
namespace {

EvaluationRow row(double measured_ns, double ratio, bool held = true) {
  EvaluationRow out;
  out.measured.quiet = measured_ns;
  out.forecast.quiet = Nanos(measured_ns * ratio);
  out.forecast.lower = Nanos(held ? 0.5 * measured_ns : 2 * measured_ns);
  out.forecast.upper = Nanos(4 * measured_ns);
  out.forecast.level = 0.9;
  out.forecast.time_share = 1;
  return out;
}

TEST(Evaluation, BandsAreOfMeasuredLatency) {
  const std::vector<EvaluationRow> rows = {row(0.5e6, 1.1), row(1e6, 1.2), row(2.9e6, 1.4), row(5e8, 0.9)};
  const auto bands = by_latency(rows);
  ASSERT_EQ(bands.size(), 3U);
  EXPECT_EQ(bands[0].to_ns, 1e6);
  EXPECT_EQ(bands[1].summary.networks, 2U);
  EXPECT_NEAR(bands[1].summary.mape, 0.3, 1e-9);
  EXPECT_EQ(bands[2].from_ns, 1e8);
  EXPECT_TRUE(by_latency({}).empty());
}

TEST(Evaluation, IntervalsThatHoldTooRarelyAreUnlikely) {
  std::vector<EvaluationRow> rows;
  for (int i = 0; i < 20; ++i) rows.push_back(row(2e6, 1, i < 18));
  EXPECT_NEAR(by_latency(rows)[0].held_p, 1, 1e-9);  // 18 of 20 is what is promised
  for (int i = 0; i < 10; ++i) rows[static_cast<std::size_t>(i)] = row(2e6, 1, false);
  EXPECT_LT(by_latency(rows)[0].held_p, 1e-6);  // 8 of 20
  for (EvaluationRow& one : rows) one = row(2e6, 1);
  // 20 of 20, and what is as rare on the other side.
  EXPECT_NEAR(by_latency(rows)[0].held_p, 0.2545, 1e-3);
}

}  // namespace
}  // namespace latcast::session
