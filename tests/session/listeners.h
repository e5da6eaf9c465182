// Who listens to long work in tests.
#pragma once

#include <string_view>

#include "session/listener.h"

namespace latcast::test {

/// Cancels after so many steps.
class StopsAfter : public session::Listener {
 public:
  explicit StopsAfter(int steps) : left_(steps) {}
  void progress(double, std::string_view) override { --left_; }
  [[nodiscard]] bool cancelled() const override { return left_ <= 0; }

 private:
  int left_;
};

}  // namespace latcast::test
