#include "engine/worker/serve.h"

#include <unistd.h>

#include <exception>
#include <fstream>

namespace latcast {
namespace {

using Json = nlohmann::json;

Json binary(const std::string& bytes) { return Json::binary(std::vector<std::uint8_t>(bytes.begin(), bytes.end())); }

Json to_json(const BurstSpec& burst) {
  return {{"duration_ns", burst.duration.count()},
          {"warmup", burst.warmup},
          {"min_runs", burst.min_runs},
          {"max_runs", burst.max_runs}};
}

BurstSpec burst_spec(const Json& json) {
  return {Nanos(json.at("duration_ns").get<double>()), json.at("warmup"), json.at("min_runs"), json.at("max_runs")};
}

EngineModel engine_model(const Json& json) {
  EngineModel model;
  model.file = json.at("file");
  model.bytes = from_binary(json.at("bytes"));
  for (const Json& input : json.at("inputs")) {
    model.inputs.push_back({input.at("name"), static_cast<onnx::DataType>(input.at("type").get<int>()),
                            input.at("dims"), input.at("below")});
  }
  model.free_dims = json.at("free_dims").get<std::map<std::string, std::int64_t>>();
  return model;
}

Json to_json(const Error& error) {
  return {{"error", {{"code", static_cast<int>(error.code)}, {"context", error.context}}}};
}

double resident_bytes() {
  std::ifstream stream("/proc/self/statm");
  double total = 0;
  double resident = 0;
  stream >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

/// Serves requests; counts the model runs that each of them made.
class Server {
 public:
  Server(Engine& engine, const EngineSettings& settings) : engine_(engine), settings_(settings) {}

  Json answer(const Json& question) {
    runs_ = 0;
    const std::string ask = question.at("ask");
    Json reply = ask == "info"       ? info()
                 : ask == "describe" ? Json{{"settings", engine_.describe(settings_)}}
                 : ask == "graph"    ? graph(question)
                                     : measure(question);
    reply["runs_made"] = runs_;
    return reply;
  }

 private:
  Json info() {
    const EngineInfo info = engine_.info(settings_);
    return {{"name", info.name},
            {"available", info.available},
            {"version", info.version},
            {"library", info.library},
            {"problem", info.problem}};
  }

  Json graph(const Json& question) {
    auto graph = engine_.executed_graph(engine_model(question.at("model")), settings_);
    return graph ? Json{{"graph", binary(*graph)}} : to_json(graph.error());
  }

  Json measure(const Json& question) {
    const Nanos start = engine_.now();
    const EngineModel model = engine_model(question.at("model"));
    std::string graph;
    const bool profile = question.contains("profile");
    LoadOptions options{profile, question.value("want_graph", false) ? &graph : nullptr};
    auto session = engine_.load(model, settings_, options);
    if (!session) return to_json(session.error());
    const Nanos load_time = engine_.now() - start;
    Json nodes = Json::array();
    if (profile) {
      const BurstSpec spec = burst_spec(question.at("profile"));
      if (auto runs = burst(**session, spec); !runs) return to_json(runs.error());
      auto times = (*session)->end_profiling(static_cast<std::size_t>(spec.warmup), 0.4);
      if (!times) return to_json(times.error());
      for (const NodeTime& time : *times) {
        nodes.push_back({time.name, time.op, time.mean_ns, time.pause_ns, time.output_dims});
      }
    }
    auto runs = burst(**session, burst_spec(question.at("burst")));
    if (!runs) return to_json(runs.error());
    return {{"runs_ns", *runs},
            {"nodes", std::move(nodes)},
            {"graph", binary(graph)},
            {"load_ns", load_time.count()},
            {"elapsed_ns", (engine_.now() - start).count()},
            {"resident_bytes", resident_bytes()}};
  }

  Result<std::vector<double>> burst(Session& session, const BurstSpec& spec) {
    for (int i = 0; i < spec.warmup; ++i) {
      ++runs_;
      if (auto time = session.run(); !time) return tl::unexpected(time.error());
    }
    std::vector<double> runs;
    Nanos total{0};
    while (static_cast<int>(runs.size()) < spec.max_runs &&
           (total < spec.duration || static_cast<int>(runs.size()) < spec.min_runs)) {
      ++runs_;
      auto time = session.run();
      if (!time) return tl::unexpected(time.error());
      runs.push_back(time->count());
      total += *time;
    }
    return runs;
  }

  Engine& engine_;
  const EngineSettings& settings_;
  std::uint64_t runs_ = 0;
};

}  // namespace

std::string from_binary(const Json& json) {
  const auto& bytes = json.get_binary();
  return {bytes.begin(), bytes.end()};
}

Json to_json(const EngineModel& model) {
  Json inputs = Json::array();
  for (const InputSpec& input : model.inputs) {
    inputs.push_back(
        {{"name", input.name}, {"type", static_cast<int>(input.type)}, {"dims", input.dims}, {"below", input.below}});
  }
  return {{"file", model.file},
          {"bytes", binary(model.bytes)},
          {"inputs", std::move(inputs)},
          {"free_dims", model.free_dims}};
}

Json to_json(const MeasureRequest& request) {
  Json json = {{"ask", "measure"},
               {"model", to_json(request.model)},
               {"burst", to_json(request.burst)},
               {"want_graph", request.want_executed_graph}};
  if (request.profile) json["profile"] = to_json(*request.profile);
  return json;
}

MeasureReply measure_reply(const Json& json) {
  MeasureReply reply;
  reply.runs_ns = json.at("runs_ns").get<std::vector<double>>();
  for (const Json& node : json.at("nodes")) {
    reply.nodes.push_back({node.at(0), node.at(1), node.at(2), node.at(3), node.at(4)});
  }
  reply.executed_graph = from_binary(json.at("graph"));
  reply.load_ns = json.at("load_ns");
  reply.elapsed_ns = json.at("elapsed_ns");
  reply.resident_bytes = json.at("resident_bytes");
  return reply;
}

void serve(Engine& engine, const EngineSettings& settings, int request_fd, int reply_fd) {
  Server server(engine, settings);
  std::vector<std::uint8_t> bytes;
  while (read_frame(request_fd, bytes, [] { return FrameStatus::ok; }) == FrameStatus::ok) {
    Json reply;
    try {
      reply = server.answer(Json::from_msgpack(bytes));
    } catch (const std::bad_alloc&) {
      reply = to_json(Error{Errc::engine_failure, "out of memory"});
    } catch (const std::exception& problem) {
      reply = to_json(Error{Errc::engine_failure, problem.what()});
    }
    if (write_frame(reply_fd, Json::to_msgpack(reply)) != FrameStatus::ok) return;
  }
}

}  // namespace latcast
