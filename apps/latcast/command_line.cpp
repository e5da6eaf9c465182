#include "command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "catalogue/expression_compiler.h"

namespace latcast::cli {
namespace {

/// A value is shown as its option_text, its default and whether it must be given behind the description.
class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(30); }

  std::string make_usage(const CLI::App* app, std::string) const override {
    std::string path;
    for (const CLI::App* part = app; part != nullptr; part = part->get_parent())
      path.insert(0, part->get_name() + (path.empty() ? "" : " "));
    return CLI::Formatter::make_usage(app, path);
  }

  std::string make_option_opts(const CLI::Option* option) const override {
    return option->get_option_text().empty() ? "" : " " + option->get_option_text();
  }

  std::string make_option_desc(const CLI::Option* option) const override {
    std::string text = option->get_description();
    if (option->get_required() && option->nonpositional()) text += " (required)";
    if (!option->get_default_str().empty()) text += " (default: " + option->get_default_str() + ")";
    return text;
  }
};

struct UnitNames {
  std::map<std::string, double> factors;
  const char *what, *examples;
  bool zero;
  double most = std::numeric_limits<double>::infinity();
};

const UnitNames& names_of(Unit unit) {
  static const std::map<Unit, UnitNames> kNames = {
      {Unit::ns,
       {{{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"min", 60e9}, {"h", 3600e9}},
        "duration",
        "250ms, 15s, 10m",
        false,
        1000 * 3600e9}},
      {Unit::bytes,
       {{{"", 1}, {"B", 1}, {"kB", 1e3}, {"KB", 1e3}, {"k", 1e3}, {"MB", 1e6}, {"M", 1e6}},
        "size",
        "200kB or 1.5MB",
        false}},
      {Unit::share, {{{"", 1}, {"%", 0.01}}, "share", "5% or 0.05", true}}};
  return kNames.at(unit);
}

std::string suggestion(const std::string& text, const std::vector<std::string>& names) {
  const auto near = closest_name(text, names);
  return near ? "; did you mean '" + *near + "'?" : "";
}

/// The library would say that a command is missing, not which one was meant.
void check_command(const CLI::App& app, const std::vector<std::string>& arguments) {
  std::vector<std::string> names;
  for (const CLI::App* one : app.get_subcommands(nullptr)) names.push_back(one->get_name());
  const auto given = std::ranges::find_if(arguments, [](const std::string& one) { return !one.starts_with('-'); });
  if (given == arguments.end() || std::ranges::find(names, *given) != names.end()) return;
  if (std::string near = suggestion(*given, names); !near.empty())
    throw CLI::ValidationError(*given, "there is no such command" + near);
}

}  // namespace

Reader list(std::vector<std::string>& values) {
  return [&values](const std::string& text) {
    values.push_back(text);
    return std::string();
  };
}

Reader one_of(std::vector<std::string> names, std::function<void(std::size_t)> take) {
  return [names = std::move(names), take = std::move(take)](const std::string& text) -> std::string {
    const auto found = std::ranges::find(names, text);
    if (found == names.end())
      return "'" + text + "' is none of " + CLI::detail::join(names, ", ") + suggestion(text, names);
    take(static_cast<std::size_t>(found - names.begin()));
    return {};
  };
}

Reader whole_number(std::uint64_t lowest, std::uint64_t highest, std::function<void(std::uint64_t)> take) {
  return [=, take = std::move(take)](const std::string& text) -> std::string {
    std::uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec != std::errc() || read.ptr != end || value < lowest || value > highest) {
      return "'" + text + "' is not a whole number " +
             (highest == std::numeric_limits<std::uint64_t>::max()
                  ? "of at least " + std::to_string(lowest)
                  : "from " + std::to_string(lowest) + " to " + std::to_string(highest));
    }
    take(value);
    return {};
  };
}

Reader quantity(Unit unit, std::function<void(double)> take) {
  return [unit, &names = names_of(unit), take = std::move(take)](const std::string& text) -> std::string {
    double value = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    const auto factor = names.factors.find(std::string(read.ptr, end));
    const std::string what = names.what;
    if (read.ec != std::errc() || !std::isfinite(value) || factor == names.factors.end() || (names.zero && value < 0))
      return "'" + text + "' is not a " + what + "; write for example " + names.examples;
    if (value <= 0 && !names.zero) return "'" + text + "': a " + what + " must be above 0";
    // "95" for a share means percent.
    const bool percent = unit == Unit::share && read.ptr == end && value > 1;
    const double taken = value * (percent ? 0.01 : factor->second);
    if (taken > names.most) return "'" + text + "': a " + what + " is at most 1000h";
    take(taken);
    return {};
  };
}

Option Option::required(bool yes) const {
  option_->required(yes);
  return *this;
}

Option Option::by_default(std::string text) const {
  option_->default_str(std::move(text));
  return *this;
}

Option Option::repeatable() const {
  option_->expected(CLI::detail::expected_max_vector_size)->allow_extra_args(false);
  return *this;
}

Option Option::needs(Option other) const {
  option_->needs(other.option_);
  return *this;
}

Option Option::excludes(Option other) const {
  option_->excludes(other.option_);
  return *this;
}

Command Command::subcommand(const std::string& name, const std::string& summary) const {
  return Command(app_->add_subcommand(name, summary));
}

Option Command::option(const std::string& name, const std::string& shown, Reader read, const std::string& help) const {
  const auto take = [name, read = std::move(read)](const CLI::results_t& texts) {
    for (const std::string& text : texts) {
      if (std::string problem = read(text); !problem.empty()) throw CLI::ValidationError(name, std::move(problem));
    }
    return true;
  };
  return Option(app_->add_option(name, take, help)->option_text(shown));
}

Option Command::option(const std::string& name, const std::string& shown, std::string& value,
                       const std::string& help) const {
  const auto take = [&value](const std::string& text) {
    value = text;
    return std::string();
  };
  return option(name, shown, take, help);
}

Option Command::several(const std::string& name, std::vector<std::string>& values, const std::string& help) const {
  const Option made = option(name, "", list(values), help);
  app_->get_option(name)->expected(CLI::detail::expected_max_vector_size);
  return made;
}

Option Command::flag(const std::string& name, bool& value, const std::string& help) const {
  return Option(app_->add_flag(name, value, help));
}

Option Command::find(const std::string& name) const { return Option(app_->get_option(name)); }

void Command::footer(const std::string& text) const { app_->footer(text); }

void Command::needs_subcommand() const { app_->require_subcommand(1); }

void Command::on_chosen(std::function<void()> act) const { app_->callback(std::move(act)); }

CommandLine::CommandLine(const std::string& name, const std::string& summary, const std::string& version)
    : app_(std::make_unique<CLI::App>(summary, name)) {
  app_->formatter(std::make_shared<HelpFormatter>());
  app_->set_version_flag("--version", version);
  app_->fallthrough();
}

CommandLine::~CommandLine() = default;

std::optional<bool> CommandLine::parse(std::vector<std::string> arguments) {
  const auto options_end = std::ranges::find(arguments, "--");
  const auto empty = std::find_if(arguments.begin(), options_end, [](const std::string& one) {
    return one.starts_with("--") && one.find('=') == one.size() - 1;
  });
  try {
    // The library would take the next argument for the value.
    if (empty != options_end) throw CLI::ValidationError(*empty, "a value is missing behind the '='");
    check_command(*app_, arguments);
    std::ranges::reverse(arguments);  // the library takes them last first
    app_->parse(std::move(arguments));
    return true;
  } catch (const CLI::ParseError& problem) {
    if (app_->exit(problem) == 0) return std::nullopt;
    return false;
  }
}

}  // namespace latcast::cli
