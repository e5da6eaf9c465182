// latcast inspect: what is in a store, a pack or an ONNX file, for people.
#include <iostream>

#include "commands.h"
#include "render/inspection_text.h"

namespace latcast::cli {
namespace {

int run(const std::string& file, Console& console) {
  const auto contents = session::inspect(file);
  if (!contents) return refuse(console, contents.error());
  std::cout << inspection_text(file, *contents);
  return kOk;
}

}  // namespace

void add_inspect(Command app, Context& context) {
  const Command command = app.subcommand("inspect", "Show what a store, a pack or an ONNX file holds");
  auto file = std::make_shared<std::string>();
  command.option("FILE", "", *file, "A store, a pack or an ONNX file").required();
  command.on_chosen([file, &context] { context.action = [file, &context] { return run(*file, context.console); }; });
}

}  // namespace latcast::cli
