// An engine without real time: a known latency law, noise, drift and faults, for tests of everything above it.
//
// Its behaviour is set through EngineSettings::library, a list such as "noise=0.02,drift=0.05,abort=7":
//   noise=S         each run is slower by |normal|*S (relative), and one run in twenty is 1.5 times as slow
//   drift=S         the machine's speed wanders by S (relative amplitude), a period of 100 fake seconds
//   abort=K         every K-th load ends the process; hang=K: never returns; memory=K: allocates without end;
//                   refuse=K: an error
//   profiler=NS     what profiling adds to each node (default 5000)
//   scale=S         all latencies times S (another machine)
//   load=NS         fake time for loading a model (default 20e6)
//   graph=none      it does not tell what it executes
//   limit=WORD      what of its memory is bounded: address_space, resident or none (EngineLimits)
//   patience=K      a request may take K times as long
//   cond.NAME=S     it can set the condition NAME, each unit of which makes everything slower by S (relative)
//   busy=K          other processes keep K of its four CPUs busy, until fake second S of calm=S
//   times=none      it has no times of nodes; times=spans: it tells when each of them began and ended
// Its session option mode=slow doubles all latencies.
// The law: fake_node_latency. Clock and counters live in memory shared with the worker process.
#pragma once

#include <memory>

#include "engine/engine.h"
#include "graph/ir.h"

namespace latcast {

std::unique_ptr<Engine> make_fake_engine();

/// ns for one node: 400 + 0.05 per byte read or written + 0.02 per byte of weights + 0.03 per multiply-accumulate, of
/// which convolutions pad their output channels to multiples of 8. Views (Reshape ...) cost 400; Gather and Slice read
/// nothing but what they write.
[[nodiscard]] double fake_node_latency(const ir::Graph& graph, const ir::Node& node);

}  // namespace latcast
