// The subcommands: each adds itself to the command line and, when chosen, sets Context::action.
#pragma once

#include "options.h"

namespace latcast::cli {

void add_engines(Command app, Context& context);
void add_profile(Command app, Context& context);
void add_import(Command app, Context& context);
void add_targets(Command app, Context& context);
void add_train(Command app, Context& context);
void add_select(Command app, Context& context);
void add_rms(Command app, Context& context);
void add_predict(Command app, Context& context);
void add_graph(Command app, Context& context);
void add_measure(Command app, Context& context);
void add_recalibrate(Command app, Context& context);
void add_eval(Command app, Context& context);
void add_inspect(Command app, Context& context);
void add_worker(Command app, Context& context);
void add_bench(Command app, Context& context);
void add_bench_coverage(Command bench, Context& context);
void add_bench_field(Command bench, Context& context);
void add_bench_learn(Command bench, Context& context);
void add_bench_mobile(Command bench, Context& context);
void add_bench_graph(Command bench, Context& context);
void add_bench_race(Command bench, Context& context);
void add_bench_predict(Command bench, Context& context);

}  // namespace latcast::cli
