// latcast bench: figures about latcast itself.
#include "commands.h"

namespace latcast::cli {

void add_bench(CLI::App& app, Context& context) {
  auto* bench = app.add_subcommand("bench", "Figures about latcast itself");
  bench->require_subcommand(1);
  add_bench_coverage(*bench, context);
  add_bench_predict(*bench, context);
  add_bench_learn(*bench, context);
  add_bench_race(*bench, context);
  add_bench_mobile(*bench, context);
  add_bench_graph(*bench, context);
}

}  // namespace latcast::cli
