// A vector that needs no memory of its own while it is short: lists of a node's inputs, a value's readers. Candidates
// of a search are built and thrown away by the thousand, and most of that would be spent on allocating such lists.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace latcast {

/// As std::vector, but for iterators: moving one that is short leaves them dangling.
template <class T, std::size_t N>
class InlineVector {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  using value_type = T;
  using iterator = T*;
  using const_iterator = const T*;

  InlineVector() = default;
  InlineVector(std::initializer_list<T> values) { append(values.begin(), values.end()); }
  template <std::forward_iterator It>
  InlineVector(It first, It last) {
    append(first, last);
  }
  explicit InlineVector(std::size_t count, T value = T()) { resize(count, value); }
  InlineVector(const std::vector<T>& values) {  // NOLINT(google-explicit-constructor): the same list
    append(values.begin(), values.end());
  }
  InlineVector(const InlineVector& other) { copy(other); }
  InlineVector(InlineVector&& other) noexcept { steal(other); }
  InlineVector& operator=(const InlineVector& other) {
    if (this != &other) copy(other);
    return *this;
  }
  InlineVector& operator=(InlineVector&& other) noexcept {
    if (this != &other) steal(other);
    return *this;
  }
  ~InlineVector() = default;

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] T* data() { return heap_ ? heap_.get() : inline_.data(); }
  [[nodiscard]] const T* data() const { return heap_ ? heap_.get() : inline_.data(); }
  [[nodiscard]] T* begin() { return data(); }
  [[nodiscard]] T* end() { return data() + size_; }
  [[nodiscard]] const T* begin() const { return data(); }
  [[nodiscard]] const T* end() const { return data() + size_; }
  [[nodiscard]] T& operator[](std::size_t i) { return data()[i]; }
  [[nodiscard]] const T& operator[](std::size_t i) const { return data()[i]; }
  [[nodiscard]] T& front() { return data()[0]; }
  [[nodiscard]] const T& front() const { return data()[0]; }
  [[nodiscard]] T& back() { return data()[size_ - 1]; }
  [[nodiscard]] const T& back() const { return data()[size_ - 1]; }

  void reserve(std::size_t count) {
    if (count <= capacity_) return;
    const std::size_t room = std::max(count, std::size_t{2} * capacity_);
    auto wider = std::make_unique_for_overwrite<T[]>(room);
    std::copy(begin(), end(), wider.get());
    heap_ = std::move(wider);
    capacity_ = static_cast<std::uint32_t>(room);
  }
  void push_back(T value) {
    reserve(size_ + std::size_t{1});
    data()[size_++] = value;
  }
  void pop_back() { --size_; }
  void clear() { size_ = 0; }
  void resize(std::size_t count, T value = T()) {
    reserve(count);
    if (count > size_) std::fill(data() + size_, data() + count, value);
    size_ = static_cast<std::uint32_t>(count);
  }
  template <std::forward_iterator It>
  void assign(It first, It last) {
    clear();
    append(first, last);
  }
  void assign(std::size_t count, T value) {
    clear();
    resize(count, value);
  }
  iterator insert(const_iterator place, T value) {
    const std::ptrdiff_t at = place - begin();
    push_back(value);
    std::rotate(begin() + at, end() - 1, end());
    return begin() + at;
  }
  iterator erase(const_iterator first, const_iterator last) {
    T* const at = begin() + (first - begin());
    std::copy(at + (last - first), end(), at);
    size_ -= static_cast<std::uint32_t>(last - first);
    return at;
  }
  iterator erase(const_iterator place) { return erase(place, place + 1); }

  template <std::forward_iterator It>
  iterator insert(const_iterator place, It first, It last) {
    const std::ptrdiff_t at = place - begin(), count = std::distance(first, last);
    append(first, last);
    std::rotate(begin() + at, end() - count, end());
    return begin() + at;
  }

  friend bool operator==(const InlineVector& a, const InlineVector& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  template <std::forward_iterator It>
  void append(It first, It last) {
    const auto count = static_cast<std::size_t>(std::distance(first, last));
    reserve(size_ + count);
    std::copy(first, last, data() + size_);
    size_ += static_cast<std::uint32_t>(count);
  }
  void copy(const InlineVector& other) {
    if (other.size_ > N || heap_) return assign(other.begin(), other.end());
    if (!other.heap_) {
      inline_ = other.inline_;  // all of it: of known length
    } else {
      std::copy(other.begin(), other.end(), inline_.data());
    }
    size_ = other.size_;
  }
  /// The other one is left empty.
  void steal(InlineVector& other) noexcept {
    inline_ = other.inline_;
    heap_ = std::move(other.heap_);
    size_ = std::exchange(other.size_, 0U);
    capacity_ = std::exchange(other.capacity_, static_cast<std::uint32_t>(N));
  }

  std::unique_ptr<T[]> heap_;
  std::uint32_t size_ = 0, capacity_ = N;
  std::array<T, N> inline_ = {};
};

/// Lengths of axes, or numbers of axes: shapes, permutations, pads.
using Dims = InlineVector<std::int64_t, 6>;

}  // namespace latcast
