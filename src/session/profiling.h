// Measuring modules of this machine's engine into a store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "latcast/result.h"
#include "latcast/units.h"
#include "measure/campaign.h"
#include "session/listener.h"
#include "session/machine_watch.h"

namespace latcast::session {

struct ProfileOptions {
  std::string engine = kDefaultEngine;
  EngineSettings settings;
  std::string db;                      // store to add to, made where it does not exist
  Nanos budget{0};                     // wall-clock time; 0: 10 minutes, of a resumed campaign its own
  std::vector<std::string> catalogue;  // folders of it beside the built-in one
  std::string config;                  // a campaign.toml; may be empty
  std::vector<std::string> like;       // ONNX files whose modules should be well covered
  std::optional<std::uint64_t> seed;   // of the plan; none: drawn, so that a campaign has carriers of its own
  std::string at;                      // conditions to measure under: "threads=2"; beside those of `config`
  double max_noise = -1;               // from 0 on: a busy machine is waited for
  bool resume = false;                 // the target's last campaign goes on, with its own plan and seed
};

struct ProfilePlan {
  std::uint64_t seed = 0;
  CampaignPlan campaign;
};

/// What profile() would measure, on a machine of ordinary speed; nothing is opened or measured.
[[nodiscard]] Result<ProfilePlan> plan(const ProfileOptions& options, const Listener& listener);

/// Runs a campaign. Where the target has one already, some of that one's carriers are measured again: they tie the two.
/// A cancelled campaign is a summary that says `interrupted`; everything measured is kept.
/// Errc::engine_unavailable: nothing to measure with. Errc::invalid_input: the budget was too short for one carrier.
/// Errc::unstable: the machine was busy all the time.
struct Profiled : CampaignSummary {
  MachineReport machine = {};
  double noise = 0;  // median of the carriers' relative noise; NaN: unknown
};
[[nodiscard]] Result<Profiled> profile(const ProfileOptions& options, Listener& listener);

}  // namespace latcast::session
