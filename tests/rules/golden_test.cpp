// The comparison with golden files itself: what renews them must not pass.
#include "golden.h"

#include <gtest/gtest-spi.h>
#include <unistd.h>

#include <cstdio>
#include <optional>

namespace latcast::test {
namespace {

class Golden : public testing::Test {
 protected:
  void SetUp() override {
    if (const char* old = std::getenv("LATCAST_RENEW")) old_ = old;
    unsetenv("LATCAST_RENEW");
    std::ofstream(file_) << "old\n";
  }
  void TearDown() override {
    std::remove(file_.c_str());
    if (old_) setenv("LATCAST_RENEW", old_->c_str(), 1);
  }
  const std::string file_ = testing::TempDir() + "latcast_golden_" + std::to_string(getpid()) + ".txt";
  std::optional<std::string> old_;
};

TEST_F(Golden, FailsWhereTheTextDiffers) {
  expect_golden("old\n", file_);
  EXPECT_NONFATAL_FAILURE(expect_golden("new\n", file_), "new");
}

TEST_F(Golden, RenewingIsAFailureThatSaysSo) {
  setenv("LATCAST_RENEW", "1", 1);
  EXPECT_NONFATAL_FAILURE(expect_golden("new\n", file_), "renewed, look at the diff");
  unsetenv("LATCAST_RENEW");
  expect_golden("new\n", file_);
}

}  // namespace
}  // namespace latcast::test
