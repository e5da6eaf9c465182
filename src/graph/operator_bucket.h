// A number by which most operators can be told apart without comparing names; known when compiled, for a literal.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace latcast {

[[nodiscard]] constexpr std::uint8_t bucket_of(std::string_view op) {
  if (op.empty()) return 0;
  const std::size_t ends = static_cast<unsigned char>(op.front()) * 7U + static_cast<unsigned char>(op.back());
  return static_cast<std::uint8_t>(op.size() * 31 + ends);
}

/// What is known of operators, by name. T has the operator's name as `op`.
template <class T>
class OperatorTable {
 public:
  void add(const T& entry) { buckets_[bucket_of(entry.op)].push_back(entry); }
  /// The first entry of that name that `accept` takes; null: there is none.
  template <class Accept>
  [[nodiscard]] const T* find(std::string_view op, const Accept& accept) const {
    for (const T& entry : buckets_[bucket_of(op)]) {
      if (entry.op == op && accept(entry)) return &entry;
    }
    return nullptr;
  }

 private:
  std::array<std::vector<T>, 256> buckets_;
};

}  // namespace latcast
