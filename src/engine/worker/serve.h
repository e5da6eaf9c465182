// The worker's side and the wire between: length-prefixed msgpack frames.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include "engine/engine.h"
#include "engine/worker/worker.h"

namespace latcast {

enum class FrameStatus : std::uint8_t { ok, closed, timeout, interrupted };

FrameStatus write_frame(int fd, std::span<const std::uint8_t> bytes);
/// Reads one frame; `keep_waiting` is asked every 50 ms and ends the wait by anything but ok.
FrameStatus read_frame(int fd, std::vector<std::uint8_t>& bytes, const std::function<FrameStatus()>& keep_waiting);

nlohmann::json to_json(const EngineModel& model);
nlohmann::json to_json(const MeasureRequest& request);
MeasureReply measure_reply(const nlohmann::json& json);
std::string from_binary(const nlohmann::json& json);

/// Answers requests until the pipe closes.
void serve(Engine& engine, const EngineSettings& settings, int request_fd, int reply_fd);

}  // namespace latcast
