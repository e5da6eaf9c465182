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
constexpr unsigned kSecondsToEnd = 20;

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

/// Bytes of the UTF-8 character at the beginning, 0 where there is none; `code` is its number.
std::size_t character(std::string_view text, std::uint32_t& code) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t length = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;
  if (length == 0 || length > text.size()) return 0;
  code = length == 1 ? first : first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if (next >> 6 != 2) return 0;
    code = code << 6 | (next & 0x3FU);
  }
  constexpr std::array<std::uint32_t, 5> kFirst = {0, 0, 0x80, 0x800, 0x10000};  // shorter ones are written shorter
  return code >= kFirst[length] && code < 0x110000 && code >> 11 != 27 ? length : 0;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::uint32_t code = 0;
    const std::size_t length = character(text, code);
    const bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);
    const std::size_t taken = std::max<std::size_t>(length, 1);
    if (length > 0 && !control) out += text.substr(0, taken);
    for (std::size_t i = 0; (length == 0 || control) && i < taken; ++i) {
      std::array<char, 8> hex{};
      std::snprintf(hex.data(), hex.size(), "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(text[i])));
      out += hex.data();
    }
    text.remove_prefix(taken);
  }
  return out;
}

bool Console::animated() const {
  if (progress_mode == ProgressMode::always) return true;
  const char* terminal = std::getenv("TERM");
  return progress_mode == ProgressMode::automatic && isatty(STDERR_FILENO) == 1 &&
         (terminal == nullptr || std::strcmp(terminal, "dumb") != 0);
}

void Console::warning(std::string_view text) {
  clear_progress();
  if (!quiet) std::fprintf(stderr, "latcast: warning: %s\n", printable(text).c_str());
}

void Console::error(std::string_view text) {
  clear_progress();
  std::fprintf(stderr, "latcast: %s\n", printable(text).c_str());
}

void Console::note(std::string_view text) {
  clear_progress();
  if (!quiet) std::fprintf(stderr, "%s\n", printable(text).c_str());
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
  const std::string line = format_percent(std::clamp(fraction, 0.0, 1.0), 0) + left + "  " + printable(what);
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

void Table::add(std::vector<std::string> row) {
  for (std::string& cell : row) cell = printable(cell);
  rows_.push_back(std::move(row));
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
