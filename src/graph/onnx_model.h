// An ONNX model as plain values: what latcast needs of the format, read without copying weights and written without
// a protobuf library. Field numbers are those of the public onnx.proto3.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/inline_vector.h"
#include "latcast/element_type.h"
#include "latcast/result.h"

namespace latcast::onnx {

using DataType = ElementType;
using latcast::element_size;
using latcast::to_string;

/// True of the types that weights come in; shapes and indices have others.
[[nodiscard]] bool holds_weights(DataType type) noexcept;

/// A dimension: a value, or a name, or neither (unknown).
struct Dim {
  std::int64_t value = -1;  // -1: not known
  std::string name;
};

struct ValueInfo {
  std::string name;
  DataType type = DataType::undefined;
  std::optional<std::vector<Dim>> shape;  // nullopt: even the rank is unknown
  bool is_tensor = true;                  // false: sequence, map, optional, sparse
};

/// How weights that were never stored are made up when a carrier is written for an engine (deterministic in the name).
struct Fill {
  enum class Kind : std::uint8_t { none, normal, constant } kind = Kind::none;
  float scale = 1.0F;  // normal: standard deviation; constant: the value
};

struct Tensor {
  std::string name;
  DataType type = DataType::undefined;
  Dims dims;
  std::vector<std::int64_t> ints;               // values, for integer/bool tensors of at most kSmallTensor elements
  std::vector<double> floats;                   // values, for float tensors of at most kSmallTensor elements
  Fill fill;                                    // instead of values, for weights of generated networks
  std::string external_location;                // file that holds the data, relative to the model; empty: inline
  std::int64_t external_end = 0;                // up to where that file must reach
  bool stripped = false;                        // it has elements, but the file holds none
  bool overridable = false;                     // listed among the inputs from IR version 4 on: not constant
  [[nodiscard]] std::int64_t elements() const;  // product of dims; caller has validated dims
  [[nodiscard]] bool has_values() const { return !ints.empty() || !floats.empty(); }
};
inline constexpr std::int64_t kSmallTensor = 1024;

struct Graph;

struct Attribute {
  /// onnx.AttributeProto.AttributeType (the ones kept)
  enum class Kind : std::int32_t {
    undefined = 0,
    f = 1,
    i = 2,
    s = 3,
    t = 4,
    g = 5,
    floats = 6,
    ints = 7,
    strings = 8,
    other = 99
  };
  Attribute() = default;
  template <std::integral T>
  Attribute(std::string_view its_name, T value) : name(its_name), kind(Kind::i), i(static_cast<std::int64_t>(value)) {}
  Attribute(std::string_view its_name, double value) : name(its_name), kind(Kind::f), f(static_cast<float>(value)) {}
  Attribute(std::string_view its_name, std::string_view value) : name(its_name), kind(Kind::s), s(value) {}
  Attribute(std::string_view its_name, const char* value) : Attribute(its_name, std::string_view(value)) {}
  Attribute(std::string_view its_name, Dims values) : name(its_name), kind(Kind::ints), ints(std::move(values)) {}
  Attribute(std::string_view its_name, std::vector<float> values)
      : name(its_name), kind(Kind::floats), floats(std::move(values)) {}
  Attribute(std::string_view its_name, std::initializer_list<std::int64_t> values)
      : Attribute(its_name, Dims(values)) {}

  std::string name;
  Kind kind = Kind::undefined;
  float f = 0;
  std::int64_t i = 0;
  std::string s;
  std::vector<float> floats;
  Dims ints;
  std::vector<std::string> strings;
  std::shared_ptr<const Tensor> t;
  std::shared_ptr<const Graph> g;  // null where the attribute holds several
  std::string reference;           // in a function: the caller's attribute of this name
};

/// What a node does, whatever it reads and gives.
struct Operation {
  std::string op;
  std::string domain;  // "" is ai.onnx ("ai.onnx" is normalised to "")
  std::string name;
  std::vector<Attribute> attributes;
  [[nodiscard]] const Attribute* attribute(std::string_view wanted) const;
  /// Of an attribute, where it is there.
  [[nodiscard]] std::int64_t integer(std::string_view wanted, std::int64_t fallback) const;
  [[nodiscard]] float real(std::string_view wanted, float fallback) const;
  [[nodiscard]] std::string_view text(std::string_view wanted) const;
  [[nodiscard]] Dims integers(std::string_view wanted) const;
  /// Of a node: this part of it.
  [[nodiscard]] const Operation& operation() const { return *this; }
};

struct Node : Operation {
  std::vector<std::string> inputs;  // "" = optional input left out
  std::vector<std::string> outputs;
  std::string doc = {};       // for people; written, not read
  std::string overload = {};  // of the local function that it calls
};

struct Graph {
  std::string name;
  std::vector<Node> nodes;  // topologically sorted, as ONNX demands (the reader checks)
  std::vector<Tensor> initializers;
  std::vector<ValueInfo> inputs;  // without those that are initializers
  std::vector<ValueInfo> outputs;
  std::vector<ValueInfo> value_infos;
};

struct Model {
  std::int64_t ir_version = 8;
  std::map<std::string, std::int64_t> opsets;  // domain ("" = ai.onnx) -> version
  std::string producer;
  Graph graph;
};

/// Parses a serialized ModelProto. Bytes of weights are skipped, never copied. Checks: well-formed wire format, known
/// ONNX structure, a graph with nodes, every node input produced earlier (else: cycle or missing producer, by name),
/// no tensor produced twice, dims non-negative and products within 2^62. Local functions are written out where they are
/// called (graph/functions.h). Errors name the place.
[[nodiscard]] Result<Model> read_model(std::span<const std::byte> bytes);
/// Whether weights must be there: not for an engine's optimized graph, whose weights were written to nowhere.
enum class ExternalWeights : std::uint8_t { required, ignored };
/// Weights are in the file, or in files of its folder that reach as far as they must; else an error that names them.
[[nodiscard]] Result<void> check_weights(const Graph& graph, const std::filesystem::path& folder);
/// The same from a file, memory-mapped. Errors name the file; weights that are missing, and external files of them that
/// are missing or too short, are errors.
[[nodiscard]] Result<Model> read_model_file(const std::filesystem::path& file,
                                            ExternalWeights external = ExternalWeights::required);

/// Serializes. Weights with a Fill are written as filled data (`materialize`) or left as a skeleton whose fills are
/// kept in the tensors' doc_string ("latcast:normal:0.05"), which read_model understands: small enough to store. 2 GB
/// and more is an error: protobuf cannot hold it.
enum class Weights : std::uint8_t { materialize, skeleton };
[[nodiscard]] Result<std::string> write_model(const Model& model, Weights weights);

}  // namespace latcast::onnx
