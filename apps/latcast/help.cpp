#include "help.h"

namespace latcast::cli {

HelpFormatter::HelpFormatter() { column_width(30); }

std::string HelpFormatter::make_usage(const CLI::App* app, std::string) const {
  std::string path;
  for (const CLI::App* part = app; part != nullptr; part = part->get_parent())
    path = part->get_name() + (path.empty() ? "" : " ") + path;
  return CLI::Formatter::make_usage(app, path);
}

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
  return option->get_option_text().empty() ? "" : " " + option->get_option_text();
}

std::string HelpFormatter::make_option_desc(const CLI::Option* option) const {
  std::string text = option->get_description();
  if (option->get_required() && option->nonpositional()) text += " (required)";
  if (!option->get_default_str().empty()) text += " (default: " + option->get_default_str() + ")";
  return text;
}

}  // namespace latcast::cli
