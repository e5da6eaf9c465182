#include "session/machine_watch.h"

#include <gtest/gtest.h>

#include "graph/net_builder.h"
#include "must.h"
#include "scratch.h"
#include "session/measuring.h"
#include "session/profiling.h"

namespace latcast::session {
namespace {

using namespace std::chrono_literals;
using test::contains;
using test::must;

class Log : public Listener {
 public:
  void note(std::string_view text) override { notes += std::string(text) + "\n"; }
  void warning(std::string_view text) override { warnings += std::string(text) + "\n"; }
  std::string notes, warnings;
};

/// The fake engine's machine has four CPUs and a clock of its own.
class MachineWatch : public test::ScratchTest {
 protected:
  MachineReport measured(const std::string& behaviour, double max_noise = -1, Nanos burst = 1ms) {
    log_ = {};
    MeasureOptions options;
    options.engine = "fake";
    options.settings.library = behaviour;
    options.rounds = 3;
    options.burst = burst;
    options.max_noise = max_noise;
    options.models = {put("relu.onnx", must(onnx::write_model(test::relu_chain(2), onnx::Weights::materialize)))};
    return must(measure(options, log_)).machine;
  }
  /// What the store has of a campaign of 20 s.
  TargetContents profiled(const std::string& behaviour, double max_noise = -1) {
    log_ = {};
    ProfileOptions options;
    options.engine = "fake";
    options.settings.library = behaviour;
    options.db = at("host.db");
    options.config = put("campaign.toml", "max_macs = 1e7\n");
    options.budget = 20s;
    options.max_noise = max_noise;
    must(profile(options, log_));
    return must(must(Store::open_read_only(options.db)).contents(1));
  }

  Log log_;
};

TEST_F(MachineWatch, SaysThatItWasQuiet) {
  const MachineReport quiet = measured("scale=1");
  EXPECT_FALSE(quiet.busy());
  EXPECT_EQ(quiet.use.cpus, 4);
  EXPECT_EQ(quiet.use.other_cpus(), 0);
  EXPECT_TRUE(contains(log_.notes, "machine: load 0.0, other processes on 0.0 of 4 CPUs")) << log_.notes;
  EXPECT_EQ(log_.warnings, "");
}

TEST_F(MachineWatch, WarnsOfCompany) {
  const MachineReport busy = measured("busy=3");
  EXPECT_TRUE(busy.busy());
  EXPECT_NEAR(busy.use.other_cpus(), 3, 1e-6);
  EXPECT_TRUE(contains(log_.warnings, "the machine was busy: load 3.0, other processes on 3.0 of 4 CPUs"))
      << log_.warnings;
  EXPECT_FALSE(measured("busy=0.5").busy());  // three CPUs are left
}

TEST_F(MachineWatch, WarnsOfBurstsThatScatter) {
  const MachineReport noisy = measured("noise=2", -1, 1us);
  EXPECT_GT(noisy.scatter, 0.05);
  EXPECT_TRUE(contains(log_.warnings, "bursts of a network scatter by")) << log_.warnings;
}

TEST_F(MachineWatch, WaitsForAQuietMinuteWhereNoiseIsLimited) {
  EXPECT_FALSE(measured("busy=3,calm=60", 0.5).busy());
  EXPECT_TRUE(measured("busy=3,calm=60").busy());
  EXPECT_TRUE(measured("busy=3,calm=600", 0.5).busy());  // patience is two minutes
}

TEST_F(MachineWatch, MeasurementsOfABusyMachineAreMarked) {
  const TargetContents busy = profiled("busy=1000");
  EXPECT_GT(busy.measurements, 0);
  EXPECT_EQ(busy.busy, busy.measurements);
  EXPECT_TRUE(contains(log_.warnings, "the machine was busy")) << log_.warnings;
}

TEST_F(MachineWatch, ACampaignWaitsWithinItsBudget) {
  const TargetContents later = profiled("busy=1000,calm=10", 0.5);
  EXPECT_GT(later.measurements, 0);
  EXPECT_EQ(later.busy, 0);
}

}  // namespace
}  // namespace latcast::session
