#include "console.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "core/output_file.h"

namespace latcast::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kFirstProgress = std::chrono::milliseconds(1500);
constexpr auto kTerminalInterval = std::chrono::milliseconds(200);
constexpr auto kPlainInterval = std::chrono::seconds(20);

/// After a Ctrl-C; whatever has not ended by then is ended as by a second one.
constexpr unsigned kSecondsToEnd = 5;

std::atomic<bool> interrupt_seen{false};

void on_interrupt(int) {
  if (!interrupt_seen.exchange(true)) {
    alarm(kSecondsToEnd);
    return;
  }
  remove_unfinished();
  _exit(130);
}

std::string scaled(double value, double unit, const char* suffix) {
  std::array<char, 48> buffer{};
  const double shown = value / unit;
  const int digits = shown >= 99.95 ? 0 : shown >= 9.995 ? 1 : 2;
  std::snprintf(buffer.data(), buffer.size(), "%.*f %s", digits, shown, suffix);
  return buffer.data();
}

}  // namespace

bool Console::animated() const {
  if (progress_mode == ProgressMode::always) return true;
  const char* terminal = std::getenv("TERM");
  return progress_mode == ProgressMode::automatic && isatty(STDERR_FILENO) == 1 &&
         (terminal == nullptr || std::strcmp(terminal, "dumb") != 0);
}

void Console::warning(std::string_view text) {
  clear_progress();
  if (!quiet) std::fprintf(stderr, "latcast: warning: %.*s\n", static_cast<int>(text.size()), text.data());
}

void Console::error(std::string_view text) {
  clear_progress();
  std::fprintf(stderr, "latcast: %.*s\n", static_cast<int>(text.size()), text.data());
}

void Console::note(std::string_view text) {
  clear_progress();
  if (!quiet) std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
}

bool Console::cancelled() const { return interrupted(); }

void Console::progress(double fraction, std::string_view what) {
  if (quiet || progress_mode == ProgressMode::never) return;
  const auto now = Clock::now();
  const auto interval = animated() ? Clock::duration(kTerminalInterval) : Clock::duration(kPlainInterval);
  if (now - started_ < kFirstProgress || now - last_shown_ < interval) return;
  last_shown_ = now;
  const double elapsed = std::chrono::duration<double>(now - started_).count();
  const std::string left = fraction > 0.02 ? ", " + format_age(elapsed * (1 - fraction) / fraction) + " left" : "";
  const std::string line = format_percent(std::clamp(fraction, 0.0, 1.0), 0) + left + "  " + std::string(what);
  if (animated()) {
    std::fprintf(stderr, "\r\033[K%s", line.c_str());
    line_open_ = true;
  } else {
    std::fprintf(stderr, "%s\n", line.c_str());
  }
  std::fflush(stderr);
}

void Console::clear_progress() {
  if (line_open_) std::fprintf(stderr, "\r\033[K");
  line_open_ = false;
}

std::string format_time(double ns) {
  if (ns >= 1e9) return scaled(ns, 1e9, "s");
  if (ns >= 1e6) return scaled(ns, 1e6, "ms");
  if (ns >= 1e3) return scaled(ns, 1e3, "us");
  return scaled(ns, 1, "ns");
}

std::string format_bytes(double bytes) {
  if (bytes >= 1e9) return scaled(bytes, 1e9, "GB");
  if (bytes >= 1e6) return scaled(bytes, 1e6, "MB");
  if (bytes >= 1e3) return scaled(bytes, 1e3, "kB");
  return scaled(bytes, 1, "B");
}

std::string format_count(double count) {
  if (count >= 1e9) return scaled(count, 1e9, "G");
  if (count >= 1e6) return scaled(count, 1e6, "M");
  if (count >= 1e3) return scaled(count, 1e3, "k");
  return std::to_string(static_cast<long long>(count));
}

std::string format_percent(double share, int digits) {
  std::array<char, 48> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.*f %%", digits, 100 * share);
  return buffer.data();
}

std::string format_date(std::int64_t unix_s) {
  const std::time_t time = unix_s;
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 48> buffer{};
  std::strftime(buffer.data(), buffer.size(), "%Y-%m-%d %H:%M UTC", &parts);
  return buffer.data();
}

std::string format_age(double seconds) {
  std::array<char, 48> buffer{};
  if (seconds < 90) {
    std::snprintf(buffer.data(), buffer.size(), "%.0f s", seconds);
  } else if (seconds < 5400) {
    std::snprintf(buffer.data(), buffer.size(), "%.0f min", seconds / 60);
  } else if (seconds < 48 * 3600) {
    std::snprintf(buffer.data(), buffer.size(), "%.1f h", seconds / 3600);
  } else {
    std::snprintf(buffer.data(), buffer.size(), "%.0f days", seconds / 86400);
  }
  return buffer.data();
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t column = 0; column < row.size(); ++column)
      widths[column] = std::max(widths[column], row[column].size());
  }
  std::vector<bool> words(widths.size(), false);  // columns of words are left-aligned
  if (!words.empty()) words[0] = true;
  for (std::size_t row = 1; row < rows_.size(); ++row) {
    for (std::size_t column = 0; column < rows_[row].size(); ++column) {
      const std::string& cell = rows_[row][column];
      if (!cell.empty() && (std::isalpha(static_cast<unsigned char>(cell[0])) != 0 || cell[0] == '/'))
        words[column] = true;
    }
  }
  std::string result;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t column = 0; column < row.size(); ++column) {
      const std::string padding(widths[column] - row[column].size(), ' ');
      line += (column > 0 ? "  " : "") + (words[column] ? row[column] + padding : padding + row[column]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    result += line + "\n";
  }
  return result;
}

void catch_interrupt() {
  struct sigaction action{};
  action.sa_handler = on_interrupt;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGALRM, &action, nullptr);
}

bool interrupted() { return interrupt_seen.load(); }

}  // namespace latcast::cli
