#include "engine/machine.h"

#include <gtest/gtest.h>

#include "scratch.h"

namespace latcast {
namespace {

class Caches : public test::ScratchTest {
 protected:
  void cache(int index, const std::string& level, const std::string& type, const std::string& size) const {
    const std::string folder = "cpu0/cache/index" + std::to_string(index);
    std::filesystem::create_directories(at(folder));
    put(folder + "/level", level + "\n");
    put(folder + "/type", type + "\n");
    put(folder + "/size", size + "\n");
  }
};

TEST_F(Caches, AreReadByLevelButThoseOfInstructions) {
  cache(0, "1", "Data", "48K");
  cache(1, "1", "Instruction", "32K");
  cache(2, "2", "Unified", "1280K");
  cache(3, "3", "Unified", "huge");
  EXPECT_EQ(cache_sizes(at("cpu0")),
            (std::map<std::string, std::string>{{"l1_bytes", "49152"}, {"l2_bytes", "1310720"}}));
  EXPECT_TRUE(cache_sizes(at("cpu1")).empty());
}

TEST_F(Caches, AreOfTheMachinesContext) {
  const MachineInfo machine = read_machine();
  for (const auto& [name, bytes] : cache_sizes("/sys/devices/system/cpu/cpu0"))
    EXPECT_EQ(machine.context.at(name), bytes) << name;
}

TEST(MachineUse, IsWhatOthersTookOfTheCpus) {
  const MachineTimes before{.busy = 100, .steal = 4, .own = 20, .load = 3, .cpus = 2};
  MachineUse use = use_between(before, {.busy = 118, .steal = 5, .own = 28, .load = 2, .cpus = 2}, 10);
  EXPECT_DOUBLE_EQ(use.other_cpus(), 1);
  EXPECT_DOUBLE_EQ(use.stolen_cpus(), 0.1);
  EXPECT_EQ(use.load, 3);
  use.add(use_between({}, {}, 10));  // nothing can be read, or nothing ran
  EXPECT_DOUBLE_EQ(use.other_cpus(), 0.5);
}

TEST(MachineUse, CrowdsThoseWhoHaveNoCpuToSpare) {
  const auto with = [](double others, int cpus) { return MachineUse{.seconds = 1, .others = others, .cpus = cpus}; };
  EXPECT_FALSE(with(0.2, 2).crowded(1));
  EXPECT_TRUE(with(1, 2).crowded(1));
  EXPECT_FALSE(with(1, 16).crowded(1));
  EXPECT_TRUE(with(1, 16).crowded(16));
  EXPECT_FALSE(MachineUse{}.crowded(1));
}

TEST(MachineUse, IsReadHere) {
  const MachineTimes now = read_machine_times();
  EXPECT_GT(now.cpus, 0);
  EXPECT_GE(now.busy, 0);
  EXPECT_GT(now.own, 0);
}

}  // namespace
}  // namespace latcast
