// The subcommands: each adds itself to the command line and, when chosen, sets Context::action.
#pragma once

#include "options.h"

namespace latcast::cli {

void add_engines(CLI::App& app, Context& context);
void add_profile(CLI::App& app, Context& context);
void add_import(CLI::App& app, Context& context);
void add_targets(CLI::App& app, Context& context);
void add_train(CLI::App& app, Context& context);
void add_select(CLI::App& app, Context& context);
void add_rms(CLI::App& app, Context& context);
void add_predict(CLI::App& app, Context& context);
void add_graph(CLI::App& app, Context& context);
void add_measure(CLI::App& app, Context& context);
void add_recalibrate(CLI::App& app, Context& context);
void add_eval(CLI::App& app, Context& context);
void add_inspect(CLI::App& app, Context& context);
void add_worker(CLI::App& app, Context& context);
void add_bench(CLI::App& app, Context& context);
void add_bench_coverage(CLI::App& bench, Context& context);
void add_bench_learn(CLI::App& bench, Context& context);
void add_bench_mobile(CLI::App& bench, Context& context);
void add_bench_graph(CLI::App& bench, Context& context);
void add_bench_race(CLI::App& bench, Context& context);
void add_bench_predict(CLI::App& bench, Context& context);

}  // namespace latcast::cli
