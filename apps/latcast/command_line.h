// What commands take, and where its values go. The library that parses it is known to one file only: it defines so much
// wherever it is included that it took longer to compile than the commands themselves.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace latcast::cli {

/// Takes one value of an option; says what is wrong with it, or nothing.
using Reader = std::function<std::string(const std::string& text)>;

/// Each value joins the others.
[[nodiscard]] Reader list(std::vector<std::string>& values);
/// One of these names.
[[nodiscard]] Reader one_of(std::vector<std::string> names, std::function<void(std::size_t)> take);
template <class T>
[[nodiscard]] Reader one_of(const std::vector<std::pair<std::string, T>>& names, T& value) {
  std::vector<std::string> texts;
  for (const auto& [text, meant] : names) texts.push_back(text);
  return one_of(std::move(texts), [names, &value](std::size_t i) { value = names[i].second; });
}

[[nodiscard]] Reader whole_number(std::uint64_t lowest, std::uint64_t highest, std::function<void(std::uint64_t)> take);
template <class T>
[[nodiscard]] Reader whole_number(T& value, std::uint64_t lowest,
                                  std::uint64_t highest = std::numeric_limits<std::uint64_t>::max()) {
  return whole_number(lowest, highest, [&value](std::uint64_t read) { value = T(read); });
}

enum class Unit : std::uint8_t {
  ns,     // "90s", "10m", "250ms", "1h", "30us"
  bytes,  // "200kB", "1.5MB", "4096": powers of 1000
  share,  // "5%", "0.05"
};
[[nodiscard]] Reader quantity(Unit unit, std::function<void(double)> take);
template <class T>
[[nodiscard]] Reader quantity(Unit unit, T& value) {
  return quantity(unit, [&value](double read) { value = T(read); });
}

/// A handle on an option of a command.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}
  Option required(bool yes = true) const;
  Option by_default(std::string text) const;  // shown, not read
  Option repeatable() const;                  // a value behind each --name
  Option needs(Option other) const;
  Option excludes(Option other) const;

 private:
  CLI::Option* option_;
};

/// A handle on a command, or on the program.
class Command {
 public:
  explicit Command(CLI::App* app) : app_(app) {}
  [[nodiscard]] Command subcommand(const std::string& name, const std::string& summary) const;
  /// `name` without dashes: positional. `shown`: what help says for the value.
  Option option(const std::string& name, const std::string& shown, Reader read, const std::string& help) const;
  Option option(const std::string& name, const std::string& shown, std::string& value, const std::string& help) const;
  /// A positional of one value or more.
  Option several(const std::string& name, std::vector<std::string>& values, const std::string& help) const;
  Option flag(const std::string& name, bool& value, const std::string& help) const;
  [[nodiscard]] Option find(const std::string& name) const;
  void footer(const std::string& text) const;
  void needs_subcommand() const;
  void on_chosen(std::function<void()> act) const;

 private:
  CLI::App* app_;
};

/// The program's command line.
class CommandLine {
 public:
  CommandLine(const std::string& name, const std::string& summary, const std::string& version);
  ~CommandLine();
  [[nodiscard]] Command program() const { return Command(app_.get()); }
  /// What there is to do is done by on_chosen() of the command that was given. False: it was refused, and said why on
  /// stderr; nothing: help or the version was asked for, and is on stdout.
  [[nodiscard]] std::optional<bool> parse(std::vector<std::string> arguments);

 private:
  std::unique_ptr<CLI::App> app_;
};

}  // namespace latcast::cli
