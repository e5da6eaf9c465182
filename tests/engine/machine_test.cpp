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

}  // namespace
}  // namespace latcast
