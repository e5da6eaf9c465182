// What a store, a pack or an ONNX file holds, as values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "core/pack_content.h"
#include "graph/onnx_model.h"
#include "latcast/result.h"
#include "session/targets.h"
#include "store/store.h"

namespace latcast::session {

struct CampaignContents {
  CampaignRecord record;
  std::size_t carriers = 0, families = 0, measurements = 0;
  std::map<std::string, std::int64_t> failures;  // message -> how often
};

struct StoreContents {
  struct Target : StoredTarget {
    std::vector<CampaignContents> campaigns;
  };
  std::vector<Target> targets;
  std::vector<ImportRecord> imports;
};

struct PackFileContents {
  PackContent content;
  double bytes = 0;  // of the file
};

struct ModelFileContents {
  std::int64_t ir_version = 0, opset = 0;  // opset of the standard operators; 0: none
  std::string producer;
  std::vector<onnx::ValueInfo> inputs, outputs;
  std::size_t nodes = 0, weights = 0;
  double weight_bytes = 0;
  std::map<std::string, int> operators;  // with their domain where it is not the standard one -> nodes
  std::string problem;                   // with its weights; empty: none
};

using Contents = std::variant<StoreContents, PackFileContents, ModelFileContents>;

/// By what is in the file, whatever its name. Errc::not_found, Errc::invalid_input: it is none of the three, or
/// damaged.
[[nodiscard]] Result<Contents> inspect(const std::string& file);

}  // namespace latcast::session
