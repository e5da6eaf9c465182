// Field numbers of onnx.proto3 (public, never to change), shared by reader and writer.
#pragma once

#include <cstdint>

namespace latcast::onnx::field {

using Number = std::uint32_t;

namespace model {
inline constexpr Number ir_version = 1, producer = 2, producer_version = 3, domain = 4, version = 5, doc = 6, graph = 7,
                        opset = 8, metadata = 14, training = 20, functions = 25, configuration = 26;
}
namespace opset {
inline constexpr Number domain = 1, version = 2;
}
namespace graph {
inline constexpr Number node = 1, name = 2, initializer = 5, input = 11, output = 12, value_info = 13,
                        sparse_initializer = 15;
}
namespace node {
inline constexpr Number input = 1, output = 2, name = 3, op = 4, attribute = 5, doc = 6, domain = 7, overload = 8;
}
namespace attribute {
inline constexpr Number name = 1, f = 2, i = 3, s = 4, t = 5, g = 6, floats = 7, ints = 8, strings = 9, graphs = 11,
                        type = 20, reference = 21;
}
namespace tensor {
inline constexpr Number dims = 1, type = 2, float_data = 4, int32_data = 5, string_data = 6, int64_data = 7, name = 8,
                        raw_data = 9, double_data = 10, uint64_data = 11, doc = 12, external = 13, data_location = 14;
}
namespace sparse {
inline constexpr Number values = 1, indices = 2, dims = 3;
}
namespace entry {
inline constexpr Number key = 1, value = 2;
}
namespace value_info {
inline constexpr Number name = 1, type = 2;
}
namespace type {
inline constexpr Number tensor = 1, elem_type = 1, shape = 2, dim = 1, dim_value = 1, dim_param = 2;
}
namespace function {
inline constexpr Number name = 1, input = 4, output = 5, node = 7, opset = 9, domain = 10, defaults = 11, overload = 13;
}

}  // namespace latcast::onnx::field
