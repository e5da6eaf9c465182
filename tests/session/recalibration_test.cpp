#include "session/recalibration.h"

#include <gtest/gtest.h>

#include "catalogue/catalogue.h"
#include "core/pack_content.h"
#include "graph/net_builder.h"
#include "learn/train.h"
#include "must.h"
#include "scratch.h"
#include "session/forecaster.h"
#include "session/listeners.h"
#include "session/targets.h"

namespace latcast::session {
namespace {

using namespace std::chrono_literals;
using test::contains;
using test::must;

class Recalibrating : public test::ScratchTest {
 protected:
  void SetUp() override {
    ScratchTest::SetUp();
    options_.pack = at("host.latpack");
    options_.budget = 5s;  // of the fake engine's clock
  }
  /// Of this machine and the fake engine, with so many chains of Relu as references.
  void make_pack(std::size_t references) const {
    PackContent content = learn::untrained(must(Catalogue::builtin()));
    Worker worker("fake", {}, interactive_limits());
    content.info.target = must(target_of(worker, 1));
    for (std::size_t i = 0; i < references; ++i) {
      const std::string onnx = must(onnx::write_model(test::relu_chain(i + 1, {1, 100'000}), onnx::Weights::skeleton));
      content.references.push_back({"chain" + std::to_string(i), {onnx.begin(), onnx.end()}, 1e5});
    }
    ASSERT_TRUE(write_pack(content, options_.pack));
  }
  [[nodiscard]] Recalibration run() const {
    Listener nobody;
    return must(recalibrate(options_, nobody));
  }
  /// Fails with that, and leaves the pack as it was.
  void expect_refused(Errc code, const std::string& what, Listener&& listener = Listener()) const {
    const auto before = must(read_pack_content(options_.pack)).info.anchor;
    const auto refused = recalibrate(options_, listener);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, code);
    EXPECT_TRUE(contains(refused.error().context, what)) << refused.error().context;
    const auto after = must(read_pack_content(options_.pack)).info.anchor;
    EXPECT_EQ(after.unix_s, before.unix_s);
    EXPECT_EQ(after.carriers, before.carriers);
  }

  RecalibrationOptions options_;
};

TEST_F(Recalibrating, TheAnchorFollowsTheMachinesSpeed) {
  make_pack(5);
  const Recalibration first = run();
  EXPECT_EQ(first.before.carriers, 0U);
  EXPECT_EQ(first.after.carriers, 5U);
  EXPECT_GT(first.after.unix_s, first.before.unix_s);
  options_.settings.library = "scale=1.25";
  const Recalibration second = run();
  EXPECT_DOUBLE_EQ(second.before.scale, first.after.scale);
  EXPECT_NEAR(second.after.scale / first.after.scale, 1.25, 0.01);
  EXPECT_DOUBLE_EQ(must(read_pack_content(options_.pack)).info.anchor.scale, second.after.scale);
}

TEST_F(Recalibrating, ANoisyMachineMovesNoAnchorWhereThatIsAsked) {
  make_pack(5);
  options_.settings.library = "noise=2";
  options_.max_noise = 0.001;
  expect_refused(Errc::unstable, "--max-noise");
}

TEST_F(Recalibrating, FourReferencesAreTooFew) {
  make_pack(4);
  expect_refused(Errc::unsupported, "4 reference carriers");
}

TEST_F(Recalibrating, ABudgetTooShortToMeasureInIsSaid) {
  make_pack(5);
  options_.budget = 30ms;
  expect_refused(Errc::unstable, "--budget");
}

TEST_F(Recalibrating, CancelledItLeavesThePackAlone) {
  make_pack(5);
  expect_refused(Errc::interrupted, "the pack is unchanged", test::StopsAfter(2));
}

}  // namespace
}  // namespace latcast::session
