// What one rewriting of an engine's optimizer is: a name, the engine's versions it holds for, and what it does.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "graph/ir.h"
#include "latcast/result.h"

namespace latcast::rules {

using ir::Graph;
using ir::Ids;
using ir::kNothing;
using ir::Label;
using ir::Node;
using ir::NodeId;
using ir::Value;
using ir::ValueId;

/// How much an engine optimizes; each level with those before it.
enum class Level : std::uint8_t { none, basic, extended, all };

/// What an engine was set to, where it was measured.
struct EngineTarget {
  int version = 0;  // major * 1000 + minor
  int block = 0;    // channels of the engine's blocked layout; 0: it has none there
  Level level = Level::all;
};

/// Among words with spaces between them.
[[nodiscard]] bool has_word(std::string_view words, std::string_view word);

inline constexpr int kAnyVersion = 1'000'000;

struct Rule {
  std::string_view name;
  /// How often it was applied.
  std::size_t (*apply)(Graph& graph, const EngineTarget& target);
  std::array<std::string_view, 2> needs = {};  // operators without which nothing can happen; empty: any will do
  int since = 0, before = kAnyVersion;         // versions it holds for: [since, before)
};

/// Rules that an engine runs over and over until nothing changes, but no more than `rounds` times.
struct Stage {
  std::string_view name;
  std::span<const Rule> rules;
  Level level = Level::none;  // from which on it runs
  int rounds = 1;
};

/// What is known of one engine's optimizer.
struct EngineRules {
  std::string_view engine;  // as packs call it
  std::string_view newest;  // version that the rules were compared with; newer ones get its rules
  int oldest = 0;           // as EngineTarget::version: the oldest that they were compared with
  /// EngineTarget::block by the CPU's features; negative: what is executed on such a CPU is not known.
  int (*block)(std::string_view cpu_features);
  std::span<const Stage> (*stages)();
  std::span<const std::string_view> reorders = {};  // operators of its own that it inserts to change how a tensor lies
  /// Why the engine does not take a file, before it rewrites anything.
  Result<void> (*check)(const onnx::Model& file, const Graph& graph, const EngineTarget& target);
};

}  // namespace latcast::rules
