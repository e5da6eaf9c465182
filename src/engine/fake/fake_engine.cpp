#include "engine/fake/fake_engine.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <numeric>
#include <random>
#include <set>

#include "engine/spans.h"

namespace latcast {
namespace {

struct Behaviour {
  double noise = 0, drift = 0, profiler_ns = 5000, scale = 1, load_ns = 20e6, patience = 1, busy = 0, calm = 1e9;
  int abort = 0, hang = 0, memory = 0, refuse = 0;
  std::map<std::string, double> slower;  // by condition: for each unit of it, a share of the latency
  std::string graph = "told", times = "nodes", limit = "address_space";
};

Result<Behaviour> parse_behaviour(std::string_view text) {
  static const std::map<std::string, std::vector<std::string_view>> kWords = {
      {"graph", {"told", "none"}},
      {"limit", {"address_space", "resident", "none"}},
      {"times", {"nodes", "spans", "none"}}};
  Behaviour behaviour;
  const std::map<std::string, std::string*> words = {
      {"graph", &behaviour.graph}, {"limit", &behaviour.limit}, {"times", &behaviour.times}};
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(item.size() + 1, text.size()));
    const std::size_t equals = item.find('=');
    const std::string key(item.substr(0, equals));
    double value = 0;
    if (equals != std::string_view::npos) std::from_chars(item.data() + equals + 1, item.data() + item.size(), value);
    const std::map<std::string, double*> numbers = {
        {"noise", &behaviour.noise}, {"drift", &behaviour.drift},  {"profiler", &behaviour.profiler_ns},
        {"scale", &behaviour.scale}, {"load", &behaviour.load_ns}, {"patience", &behaviour.patience},
        {"busy", &behaviour.busy},   {"calm", &behaviour.calm}};
    const std::map<std::string, int*> faults = {{"abort", &behaviour.abort},
                                                {"hang", &behaviour.hang},
                                                {"memory", &behaviour.memory},
                                                {"refuse", &behaviour.refuse}};
    if (key.starts_with("cond.")) {
      behaviour.slower[key.substr(5)] = value;
    } else if (const auto number = numbers.find(key); number != numbers.end()) {
      *number->second = value;
    } else if (const auto fault = faults.find(key); fault != faults.end()) {
      *fault->second = static_cast<int>(value);
    } else if (const auto word = words.find(key); word != words.end()) {
      *word->second = item.substr(std::min(key.size() + 1, item.size()));
      if (std::ranges::find(kWords.at(key), *word->second) == kWords.at(key).end())
        return fail(Errc::invalid_input, "the fake engine's '" + key + "' cannot be '" + *word->second + "'");
    } else {
      return fail(Errc::invalid_input, "the fake engine has no behaviour '" + key + "'");
    }
  }
  return behaviour;
}

Result<Behaviour> behaviour_of(const EngineSettings& settings) {
  auto behaviour = parse_behaviour(settings.library);
  for (const auto& [key, value] : settings.session) {
    if (key != "mode" || (value != "usual" && value != "slow")) {
      std::string problem = "the fake engine has no session option ";
      problem.append(key).append("=").append(value).append(": mode=usual|slow");
      return fail(Errc::invalid_input, std::move(problem));
    }
    if (behaviour && value == "slow") behaviour->scale *= 2;
  }
  return behaviour;
}

std::vector<std::string> conditions(const Behaviour& behaviour) {
  std::vector<std::string> out = {"threads"};
  for (const auto& [name, share] : behaviour.slower) out.push_back(name);
  return out;
}

/// How much longer everything takes under the settings' conditions.
double slowdown(const Behaviour& behaviour, const EngineSettings& settings) {
  double out = 1;
  for (const auto& [name, value] : settings.conditions) out *= 1 + behaviour.slower.at(name) * value;
  return out;
}

/// Survives workers: lives in a page shared between this process and those it forks.
struct Shared {
  double clock_ns = 0;
  std::uint64_t loads = 0;
};

class FakeSession final : public Session {
 public:
  FakeSession(std::vector<NodeTime> nodes, Behaviour behaviour, Shared& shared, bool profile)
      : nodes_(std::move(nodes)),
        behaviour_(std::move(behaviour)),
        shared_(shared),
        profiling_(profile),
        random_(shared.loads) {
    total_ns_ = std::accumulate(nodes_.begin(), nodes_.end(), 2000.0,
                                [](double sum, const NodeTime& node) { return sum + node.mean_ns; });
  }

  Result<Nanos> run() override {
    std::normal_distribution<double> normal;
    const double phase = 2 * std::numbers::pi * shared_.clock_ns / 100e9;
    slowdown_ = 1 + behaviour_.drift * std::sin(phase) + behaviour_.noise * std::abs(normal(random_));
    if (behaviour_.noise > 0 && random_() % 20 == 0) slowdown_ *= 1.5;
    double time = total_ns_ * slowdown_;
    if (profiling_) {
      time += behaviour_.profiler_ns * static_cast<double>(nodes_.size());
      spans_.push_back(spans());
    }
    shared_.clock_ns += time;
    return Nanos(time);
  }

  Result<NodeTimes> end_profiling(std::size_t skip, double share) override {
    profiling_ = false;
    std::vector<NodeTime> nodes = nodes_;
    const bool told_apart = behaviour_.times == "spans";
    for (NodeTime& node : nodes) node.mean_ns = told_apart ? 0.0 : node.mean_ns * slowdown_ + behaviour_.profiler_ns;
    if (told_apart) return mean_times({std::move(nodes), std::move(spans_)}, skip, share);
    std::vector<double> pauses(nodes.size(), behaviour_.profiler_ns);
    return NodeTimes{std::move(nodes), {{"pause", std::move(pauses)}}};
  }

 private:
  /// Of the run that starts now: the profiler adds its time to each node, and pauses for as long after it.
  [[nodiscard]] std::vector<NodeSpan> spans() const {
    std::vector<NodeSpan> out;
    double now = shared_.clock_ns;
    for (const NodeTime& node : nodes_) {
      out.push_back({now, node.mean_ns * slowdown_ + behaviour_.profiler_ns});
      now += out.back().duration_ns + behaviour_.profiler_ns;
    }
    return out;
  }

  std::vector<NodeTime> nodes_;
  Behaviour behaviour_;
  Shared& shared_;
  bool profiling_;
  std::mt19937_64 random_;
  std::vector<std::vector<NodeSpan>> spans_;  // of the profiled runs
  double total_ns_ = 0;
  double slowdown_ = 1;
};

class FakeEngine final : public Engine {
 public:
  FakeEngine() {
    void* page = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) throw std::bad_alloc();
    shared_ = new (page) Shared;
  }
  ~FakeEngine() override { munmap(shared_, sizeof(Shared)); }

  [[nodiscard]] std::string_view id() const override { return "fake"; }
  [[nodiscard]] EngineInfo info(const EngineSettings& settings) override {
    const auto behaviour = behaviour_of(settings);
    return {.name = std::string(id()),
            .available = behaviour.has_value(),
            .version = "1.0",
            .library = "(built in)",
            .problem = behaviour ? "" : behaviour.error().context};
  }
  [[nodiscard]] EngineCapabilities capabilities(const EngineSettings& settings) const override {
    const Behaviour behaviour = behaviour_of(settings).value_or(Behaviour{});
    return {.formats = {"onnx"},
            .devices = {"cpu"},
            .element_types = {"float32"},
            .executed_graph = behaviour.graph != "none",
            .node_times = behaviour.times,
            .conditions = conditions(behaviour),
            .session_options = {"mode"},
            .limits = {behaviour.limit, behaviour.patience}};
  }
  [[nodiscard]] std::map<std::string, std::string> describe(const EngineSettings& settings) const override {
    std::map<std::string, std::string> out = settings.session;
    out["threads"] = std::to_string(settings.threads);
    return out;
  }
  [[nodiscard]] Nanos now() const override { return Nanos(shared_->clock_ns); }
  [[nodiscard]] bool own_clock() const override { return true; }
  [[nodiscard]] MachineTimes machine_times(const EngineSettings& settings) const override {
    const Behaviour behaviour = behaviour_of(settings).value_or(Behaviour{});
    const double now = shared_->clock_ns / 1e9;
    return {.busy = behaviour.busy * std::min(now, behaviour.calm),
            .steal = 0,
            .own = 0,
            .load = now < behaviour.calm ? behaviour.busy : 0.0,
            .cpus = 4};
  }
  void rest(Nanos time) override { shared_->clock_ns += time.count(); }

  Result<std::unique_ptr<Session>> load(const EngineModel& model, const EngineSettings& settings,
                                        const LoadOptions& options) override {
    const auto behaviour = behaviour_of(settings);
    if (!behaviour) return tl::unexpected(behaviour.error());
    shared_->clock_ns += behaviour->load_ns;
    if (auto ok = suffer(*behaviour, ++shared_->loads); !ok) return tl::unexpected(ok.error());
    auto executed = executed_graph(model, settings);
    if (!executed) return tl::unexpected(executed.error());
    std::vector<NodeTime> nodes;
    const double scale = behaviour->scale * slowdown(*behaviour, settings);
    for (const ir::NodeId id : executed->order) {
      const ir::Node& node = executed->graph.node(id);
      nodes.push_back({node.name, node.op, scale * fake_node_latency(executed->graph, node)});
    }
    if (options.executed_graph != nullptr) *options.executed_graph = std::move(*executed);
    return std::make_unique<FakeSession>(std::move(nodes), *behaviour, *shared_, options.profile);
  }

  Result<ExecutedGraph> executed_graph(const EngineModel& model, const EngineSettings&) override {
    const auto parsed = read_model(model);
    if (!parsed) return tl::unexpected(parsed.error());
    auto out = executed_as_is(*parsed, bindings_of(model));
    if (!out) return out;
    for (const ir::NodeId id : out->order) out->kernels.push_back(out->graph.node(id).op == "Conv" ? "conv_by_8" : "");
    return out;
  }

 private:
  static Result<void> suffer(const Behaviour& behaviour, std::uint64_t load) {
    const auto due = [load](int every) { return every > 0 && load % static_cast<std::uint64_t>(every) == 0; };
    if (due(behaviour.refuse)) return fail(Errc::engine_failure, "the fake engine refuses this model");
    if (due(behaviour.abort)) std::abort();
    while (due(behaviour.hang)) pause();
    if (due(behaviour.memory)) {
      std::vector<std::vector<char>> hoard;
      while (true) hoard.emplace_back(std::size_t{64} << 20, 'x');
    }
    return {};
  }

  Shared* shared_ = nullptr;
};

}  // namespace

std::unique_ptr<Engine> make_fake_engine() { return std::make_unique<FakeEngine>(); }

double fake_node_latency(const ir::Graph& graph, const ir::Node& node) {
  // As real engines have it: a view moves nothing, and what picks reads no more than it writes.
  static const std::set<std::string> kViews = {"Reshape",  "Flatten", "Squeeze", "Unsqueeze",
                                               "Identity", "Dropout", "Shape"};
  static const std::set<std::string> kPicking = {"Gather", "GatherElements", "GatherND", "Slice"};
  if (kViews.contains(node.op)) return 400;
  double activation_bytes = 0;
  double weight_bytes = 0;
  double output_elements = 0;
  double macs = 0;
  for (const ir::ValueId id : node.inputs) {
    if (id == ir::kNothing || kPicking.contains(node.op)) continue;
    (graph.info(id).constant ? weight_bytes : activation_bytes) += graph.info(id).bytes();
  }
  for (const ir::ValueId id : node.outputs) {
    if (id == ir::kNothing) continue;
    activation_bytes += graph.info(id).bytes();
    output_elements += graph.info(id).elements();
  }
  const auto dims = [&](std::size_t input) {
    return node.input(input) == ir::kNothing ? Dims{} : graph.info(node.input(input)).dims;
  };
  if (node.op == "Conv" && !dims(1).empty()) {
    const auto weight = dims(1);
    double per_output = 1;
    for (std::size_t axis = 1; axis < weight.size(); ++axis) per_output *= static_cast<double>(weight[axis]);
    const auto channels = static_cast<double>(weight[0]);
    macs = output_elements * per_output * std::ceil(channels / 8) * 8 / channels;
  } else if ((node.op == "MatMul" || node.op == "Gemm") && !dims(0).empty()) {
    macs = output_elements * static_cast<double>(dims(0).back());
  }
  return 400 + 0.05 * activation_bytes + 0.02 * weight_bytes + 0.03 * macs;
}

}  // namespace latcast
