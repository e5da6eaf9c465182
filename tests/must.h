// The value of a Result that a test cannot go on without; by value, so that it may stand in a range-for.
#pragma once

#include <stdexcept>
#include <utility>

#include "latcast/result.h"

namespace latcast::test {

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().context);
  return std::move(*result);
}

}  // namespace latcast::test
