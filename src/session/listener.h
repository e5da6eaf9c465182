// What long work tells its caller while it goes on, and how the caller stops it.
#pragma once

#include <string_view>

namespace latcast::session {

/// Never called from two threads at once, but for cancelled(). Nothing has to be overridden.
class Listener {
 public:
  virtual ~Listener() = default;
  /// `fraction` done, in [0, 1], and what is being worked on.
  virtual void progress(double fraction, std::string_view what);
  /// Whoever reads the result must know this: the result stands, but not as asked.
  virtual void warning(std::string_view text);
  /// A line of the log of long work.
  virtual void note(std::string_view text);
  /// Asked often; once true the work ends soon with Errc::interrupted, and keeps what it can.
  [[nodiscard]] virtual bool cancelled() const;
};

}  // namespace latcast::session
