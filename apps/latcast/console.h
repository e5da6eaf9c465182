// What is said to people while a command works: progress, warnings, log lines. All of it on stderr.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "latcast/result.h"
#include "session/listener.h"

namespace latcast::cli {

enum class ProgressMode : std::uint8_t { automatic, always, never };

class Console : public session::Listener {
 public:
  bool quiet = false;
  ProgressMode progress_mode = ProgressMode::automatic;

  void warning(std::string_view text) override;
  void note(std::string_view text) override;
  void error(std::string_view text);
  /// A line that replaces itself on a terminal, a plain one now and then elsewhere. `fraction` in [0, 1].
  void progress(double fraction, std::string_view what) override;
  [[nodiscard]] bool cancelled() const override;
  void clear_progress();

 private:
  [[nodiscard]] bool animated() const;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_shown_{};
  bool line_open_ = false;
};

/// For people: control characters, and bytes that are no UTF-8, are written as \xNN. Names in files hold anything.
[[nodiscard]] std::string printable(std::string_view text);

/// "1.23 ms"; three significant digits.
[[nodiscard]] std::string format_time(double ns);
[[nodiscard]] std::string format_bytes(double bytes);
[[nodiscard]] std::string format_count(double count);  // 4.1 G
[[nodiscard]] std::string format_percent(double share, int digits = 1);
[[nodiscard]] std::string format_date(std::int64_t unix_s);
[[nodiscard]] std::string format_age(double seconds);

/// Columns of text: numbers right-aligned, the first column and words left-aligned.
class Table {
 public:
  explicit Table(std::vector<std::string> header) { add(std::move(header)); }
  void add(std::vector<std::string> row);
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// Installs the Ctrl-C handler; a second Ctrl-C, or 5 s without an end, ends the process at once.
void catch_interrupt();
[[nodiscard]] bool interrupted();

}  // namespace latcast::cli
