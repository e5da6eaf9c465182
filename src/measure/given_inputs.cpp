#include "measure/given_inputs.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "core/mapped_file.h"
#include "graph/describe.h"
#include "graph/tensor_data.h"
#include "measure/input_values.h"

namespace latcast {
namespace {

using onnx::DataType;

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::string of_shape(DataType type, const Dims& dims) {
  return std::string(to_string(type)) + " " + shape_text({.type = type, .dims = dims, .known = true});
}

/// "A..B", or "V".
std::optional<ValueRange> parse_range(std::string_view text, bool constant) {
  const std::size_t dots = constant ? std::string_view::npos : text.find("..");
  if (!constant && dots == std::string_view::npos) return std::nullopt;
  const auto from = number(text.substr(0, dots));
  const auto to = constant ? from : number(text.substr(dots + 2));
  if (!from || !to || *from > *to) return std::nullopt;
  return ValueRange{*from, *to};
}

Result<void> give_range(InputSpec& input, std::string_view text, bool constant) {
  const auto range = parse_range(text, constant);
  if (!range) return fail(Errc::invalid_input, "write constant:V or range:A..B with numbers A <= B");
  const std::string type(to_string(input.type));
  if (onnx::element_size(input.type) == 0) return fail(Errc::unsupported, type + " cannot be made up");
  const ValueRange limits = limits_of(input.type);
  const bool whole = std::floor(range->from) == range->from && std::floor(range->to) == range->to;
  if (range->from < limits.from || range->to > limits.to || (!whole && !onnx::is_real(input.type)))
    return fail(Errc::invalid_input, type + " cannot hold that");
  input.range = range;
  input.bytes.clear();
  return {};
}

Result<void> give_file(InputSpec& input, const std::string& file) {
  const auto mapped = detail::MappedFile::open(file);
  if (!mapped) return tl::unexpected(mapped.error());
  const auto array = read_numpy(mapped->text());
  if (!array) return fail_in(file, array.error());
  if (array->type != input.type || array->dims != input.dims) {
    return fail(Errc::invalid_input, file + " has " + of_shape(array->type, array->dims) + ", the input takes " +
                                         of_shape(input.type, input.dims));
  }
  input.bytes = array->bytes;
  return {};
}

/// What stands behind a key in the header, a Python dictionary: up to `end`.
std::string_view entry(std::string_view header, std::string_view key, char begin, char end) {
  std::size_t at = header.find(key);
  if (at == std::string_view::npos) return {};
  at = header.find(begin, at + key.size());
  if (at == std::string_view::npos) return {};
  const std::size_t last = header.find(end, at + 1);
  return last == std::string_view::npos ? std::string_view() : header.substr(at + 1, last - at - 1);
}

std::optional<Dims> parse_shape(std::string_view text) {
  Dims dims;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    std::string_view part = text.substr(0, comma);
    part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (part.empty() && text.empty()) break;
    std::int64_t dim = 0;
    const auto read = std::from_chars(part.data(), part.data() + part.size(), dim);
    if (read.ec != std::errc() || read.ptr != part.data() + part.size() || dim < 0) return std::nullopt;
    dims.push_back(dim);
  }
  return dims;
}

/// None: the product is more than any file holds.
std::optional<std::size_t> bytes_of(const Dims& dims, std::size_t element) {
  std::size_t out = element;
  for (const std::int64_t dim : dims)
    if (__builtin_mul_overflow(out, static_cast<std::size_t>(dim), &out)) return std::nullopt;
  return out;
}

}  // namespace

Result<NumpyArray> read_numpy(std::string_view text) {
  static const std::map<std::string_view, DataType> kTypes = {
      {"<f4", DataType::float32}, {"<f8", DataType::float64}, {"<f2", DataType::float16}, {"|b1", DataType::boolean},
      {"|i1", DataType::int8},    {"|u1", DataType::uint8},   {"<i2", DataType::int16},   {"<u2", DataType::uint16},
      {"<i4", DataType::int32},   {"<u4", DataType::uint32},  {"<i8", DataType::int64},   {"<u8", DataType::uint64}};
  const auto wrong = [](const std::string& what) { return fail(Errc::invalid_input, what); };
  constexpr std::string_view kMagic = "\x93NUMPY";
  if (!text.starts_with(kMagic) || text.size() < 12) return wrong("not a .npy file");
  const auto byte = [&](std::size_t at) { return static_cast<std::size_t>(static_cast<unsigned char>(text[at])); };
  const bool old = byte(6) == 1;  // later versions have a longer length
  const std::size_t begin = old ? 10 : 12;
  const std::size_t length = byte(8) | byte(9) << 8U | (old ? 0 : byte(10) << 16U | byte(11) << 24U);
  if (length > text.size() - begin) return wrong("a .npy file that is cut off");
  const std::string_view header = text.substr(begin, length);
  const auto type = kTypes.find(entry(header, "'descr':", '\'', '\''));
  if (type == kTypes.end())
    return wrong("numbers of the type '" + std::string(entry(header, "'descr':", '\'', '\'')) +
                 "': save them little-endian, with a type that the network has");
  const auto dims = parse_shape(entry(header, "'shape':", '(', ')'));
  if (!dims) return wrong("a .npy file without a shape");
  if (entry(header, "'fortran_order'", ':', ',').find("False") == std::string_view::npos && dims->size() > 1)
    return wrong("in the order of Fortran: save it with numpy.ascontiguousarray()");
  const std::string_view bytes = text.substr(begin + length);
  if (bytes_of(*dims, onnx::element_size(type->second)) != bytes.size())
    return wrong("has " + std::to_string(bytes.size()) + " bytes of elements, which " + of_shape(type->second, *dims) +
                 " has not");
  return NumpyArray{type->second, *dims, bytes};
}

Result<void> give_inputs(EngineModel& model, const GivenInputs& given) {
  for (const auto& [name, values] : given) {
    const auto input = std::ranges::find(model.inputs, name, &InputSpec::name);
    if (input == model.inputs.end()) {
      std::string names;
      for (const InputSpec& each : model.inputs)
        names.append(names.empty() ? "'" : ", '").append(each.name).append("'");
      return fail(Errc::invalid_input, "no input is called '" + name + "'; there are " + names);
    }
    const bool constant = values.starts_with("constant:");
    const bool range = values.starts_with("range:");
    const std::string_view text(values);
    const auto ok =
        constant || range ? give_range(*input, text.substr(text.find(':') + 1), constant) : give_file(*input, values);
    if (!ok) return fail_in("input '" + name + "'", ok.error());
  }
  return {};
}

}  // namespace latcast
