// latcast bench: figures about latcast itself.
#include "commands.h"

namespace latcast::cli {

void add_bench(Command app, Context& context) {
  const Command bench = app.subcommand("bench", "Figures about latcast itself");
  bench.needs_subcommand();
  add_bench_coverage(bench, context);
  add_bench_field(bench, context);
  add_bench_predict(bench, context);
  add_bench_learn(bench, context);
  add_bench_race(bench, context);
  add_bench_mobile(bench, context);
  add_bench_graph(bench, context);
}

}  // namespace latcast::cli
