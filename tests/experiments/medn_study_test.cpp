#include "experiments/medn_study.h"

#include <gtest/gtest.h>

#include "learn/neural/library.h"
#include "learn/synthetic.h"

namespace latcast::experiments {
namespace {

TEST(MednStudy, TrainsNothingOnceItIsCancelled) {
  if (const auto there = learn::neural_available(); !there) GTEST_SKIP() << there.error().context;
  struct : session::Listener {
    [[nodiscard]] bool cancelled() const override { return true; }
  } cancelled;
  const auto types = learn::test::make_types(1, 1);
  const auto study = study_medn(learn::test::make_set(types, learn::test::one_kernel(30, 1)), cancelled);
  ASSERT_FALSE(study.has_value());
  EXPECT_EQ(study.error().code, Errc::interrupted);
}

}  // namespace
}  // namespace latcast::experiments
