// What the race saves and costs, as `latcast bench race` judges it.
#include "experiments/race_check.h"

#include <gtest/gtest.h>

#include <cmath>

#include "learn/synthetic.h"

namespace latcast::experiments {
using namespace learn;

namespace {

TEST(RaceCheck, JudgesBothSelectionsOnNetworksThatNeitherHasSeen) {
  const learn::test::SyntheticOptions synthetic = learn::test::one_kernel(45, 3);
  const TrainingSet set = learn::test::make_set(learn::test::make_types(1, 1), synthetic);
  StudyOptions options;
  options.models = {"base_ridge", "lasso", "base_gbdt_small"};
  const auto checks = check_race(set, 2, options);
  ASSERT_TRUE(checks) << checks.error().context;
  ASSERT_EQ(checks->size(), 2U);
  for (const RaceCheck& one : *checks) {
    EXPECT_GT(one.race_cost_s, 0.0);
    EXPECT_GT(one.exhaustive_cost_s, 0.0);
    EXPECT_GT(one.race_error, 0.0);
    EXPECT_LT(one.race_error, 0.3);
    EXPECT_DOUBLE_EQ(one.difference, one.race_error - one.exhaustive_error);
    EXPECT_TRUE(std::isfinite(one.standard_error));
  }
  EXPECT_NE((*checks)[0].exhaustive_error, (*checks)[1].exhaustive_error);  // other networks are held out
}

TEST(RaceCheck, SaysWhatIsMissing) { EXPECT_EQ(check_race({}, 1, {}).error().code, Errc::invalid_input); }

}  // namespace
}  // namespace latcast::experiments
