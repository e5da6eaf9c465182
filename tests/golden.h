// Texts that a test holds against a file of the repository.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace latcast::test {

/// Expects `found` to be what `file` holds. With LATCAST_RENEW in the environment it writes `file` instead and fails: a
/// renewed truth has not been looked at yet, so it must not pass.
inline void expect_golden(const std::string& found, const std::string& file) {
  if (std::getenv("LATCAST_RENEW") != nullptr) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << found;
    ADD_FAILURE() << file << ": renewed, look at the diff; then run without LATCAST_RENEW";
    return;
  }
  std::ifstream stream(file, std::ios::binary);
  EXPECT_TRUE(stream.is_open()) << file;
  EXPECT_EQ(found, std::string(std::istreambuf_iterator<char>(stream), {})) << file;
}

}  // namespace latcast::test
