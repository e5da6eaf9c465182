#include "session/engines.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace latcast::session {
namespace {

TEST(Engines, AreListedButForTheFakeOne) {
  EngineSettings settings;
  settings.library = "/nowhere/libonnxruntime.so";
  const std::vector<EngineInfo> found = engines(settings);
  EXPECT_EQ(found.size() + 1, engine_ids().size());
  EXPECT_TRUE(std::ranges::none_of(found, [](const EngineInfo& one) { return one.name == "fake"; }));
  for (const EngineInfo& one : found) {
    EXPECT_FALSE(one.available) << one.name;
    EXPECT_NE(one.problem.find(settings.library), std::string::npos) << one.problem;
  }
}

}  // namespace
}  // namespace latcast::session
