// How help texts look: what a value is and its default, in words for people.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace latcast::cli {

/// An option's value is shown as its option_text, its default and whether it must be given behind the description.
class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter();
  std::string make_usage(const CLI::App* app, std::string name) const override;
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option_desc(const CLI::Option* option) const override;
};

}  // namespace latcast::cli
