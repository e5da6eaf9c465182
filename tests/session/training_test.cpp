#include "session/training.h"

#include <gtest/gtest.h>

#include <chrono>

#include "must.h"
#include "scratch.h"
#include "session/listeners.h"
#include "session/profiling.h"

namespace latcast::session {
namespace {

using test::must;

class Training : public test::ScratchTest {
 protected:
  void SetUp() override {
    ScratchTest::SetUp();
    ProfileOptions campaign;
    campaign.engine = "fake";
    campaign.db = options_.store = at("host.db");
    campaign.config = put("campaign.toml", "max_macs = 5e7\n");
    campaign.budget = std::chrono::seconds(5);
    campaign.seed = 1;
    must(profile(campaign, nobody_));
    options_.models = {"base_ridge"};
  }
  [[nodiscard]] Trained run() { return must(train(options_, nobody_)); }

  TrainingOptions options_;
  Listener nobody_;
};

TEST_F(Training, ALimitOfTimeIsThatOfTheMachineWhoseCostsAreGiven) {
  const Trained here = run();
  EXPECT_EQ(here.report.costs, kReferenceCosts);
  options_.reuse = true;
  options_.costs.emplace().fill(3);
  const Trained slow = run();
  EXPECT_EQ(slow.report.costs.front(), 3);
  EXPECT_EQ(find_value(slow.content.info.extras, "forecast_costs"), "3 3 3 3 3 3 3 3 3 3 3 3 3 3");
  options_.module_time_ns = 1.01 * here.report.choice.module_time_ns;
  const auto too_slow = train(options_, nobody_);
  ASSERT_FALSE(too_slow.has_value());
  EXPECT_EQ(too_slow.error().code, Errc::budget);
  options_.costs.reset();
  options_.module_time_ns.reset();
  EXPECT_GT(run().report.choice.module_time_ns, 0);  // timed here, whatever it takes
}

TEST_F(Training, CancelledItEndsWithoutAPack) {
  const auto none = [&] {
    test::StopsAfter listener(1);
    return train(options_, listener);
  }();
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, Errc::interrupted);
}

TEST_F(Training, ATargetThatIsNotThereIsRefusedByName) {
  options_.target = "gpu";
  const auto none = train(options_, nobody_);
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, Errc::not_found);
  EXPECT_TRUE(test::contains(none.error().context, "'gpu'")) << none.error().context;
}

}  // namespace
}  // namespace latcast::session
