// The worker's side: what an engine is asked, as msgpack messages in frames.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "engine/engine.h"
#include "engine/worker/worker.h"

namespace latcast {

[[nodiscard]] nlohmann::json to_json(const EngineSettings& settings);
[[nodiscard]] nlohmann::json to_json(const EngineCapabilities& can);
[[nodiscard]] EngineCapabilities read_capabilities(const nlohmann::json& json);
/// `key` names what the worker has been sent of the model's files before (worker/model_files.h); empty: it reads them
/// itself.
[[nodiscard]] nlohmann::json to_json(const EngineModel& model, const std::string& key);
[[nodiscard]] nlohmann::json to_json(const MeasureRequest& request, const std::string& key);
[[nodiscard]] MachineUse machine_use(const nlohmann::json& json);
[[nodiscard]] Result<MeasureReply> measure_reply(const nlohmann::json& json);
[[nodiscard]] Result<ExecutedGraph> executed_graph(const nlohmann::json& json);
[[nodiscard]] nlohmann::json binary(const std::string& bytes);

/// Greets, then answers requests until the pipe closes. The first of them says which engine is meant, unless `engine`
/// is given.
void serve(int request_fd, int reply_fd, Engine* engine = nullptr);

}  // namespace latcast
