// A loop over independent tasks on a few threads. Results go to places of their own, so order does not matter.
#pragma once

#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace latcast::learn {

template <class Task>
void parallel_for(std::size_t count, int threads, const Task& task) {
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) task(i);
  };
  std::vector<std::jthread> helpers;
  for (int i = 1; i < threads; ++i) helpers.emplace_back(work);
  work();
}

}  // namespace latcast::learn
