// CPU seconds of the calling thread: what a fit costs, whatever else the machine does meanwhile.
#pragma once

#include <ctime>

namespace latcast::learn {

[[nodiscard]] inline double thread_cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Adds the thread's CPU seconds of its own lifetime to `total`, which may be null.
class CpuMeter {
 public:
  explicit CpuMeter(double* total) : total_(total), start_(total == nullptr ? 0.0 : thread_cpu_seconds()) {}
  CpuMeter(const CpuMeter&) = delete;
  CpuMeter& operator=(const CpuMeter&) = delete;
  ~CpuMeter() {
    if (total_ != nullptr) *total_ += thread_cpu_seconds() - start_;
  }

 private:
  double* total_;
  double start_;
};

}  // namespace latcast::learn
