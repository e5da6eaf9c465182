// Part of functions.inl: register programs.

/// The operations of register programs: once for one number, once for a group of lanes.
LATCAST_SIMD inline Vec finite(Vec x) { return only_where(x == x, minimum(maximum(x, all(-kMost)), all(kMost))); }
LATCAST_SIMD inline double finite(double x) {
  if (__builtin_expect(__builtin_fabs(x) <= kMost, 1)) return x;
  return x != x ? 0.0 : (x < 0 ? -kMost : kMost);
}

LATCAST_SIMD inline Vec finite_if(Vec x, std::uint16_t wanted) { return wanted != 0 ? finite(x) : x; }
/// What it looks at first almost never holds.
LATCAST_SIMD inline double finite_if(double x, std::uint16_t wanted) {
  if (__builtin_expect(__builtin_fabs(x) <= kMost, 1)) return x;
  return wanted != 0 ? finite(x) : x;
}

LATCAST_SIMD inline double minimum(double a, double b) { return b < a ? b : a; }
LATCAST_SIMD inline double maximum(double a, double b) { return a < b ? b : a; }
LATCAST_SIMD inline double choose(bool yes, double a, double b) { return yes ? a : b; }
LATCAST_SIMD inline double truth(bool yes) { return yes ? 1.0 : 0.0; }
LATCAST_SIMD inline double absolute(double x) { return __builtin_fabs(x); }
LATCAST_SIMD inline double square_root(double x) { return __builtin_sqrt(x); }
LATCAST_SIMD inline double ceiling(double x) { return __builtin_ceil(x); }
LATCAST_SIMD inline double floor(double x) { return __builtin_floor(x); }
LATCAST_SIMD inline double log2_of(double x) { return x > 0.0 ? std::log2(x) : 0.0; }
LATCAST_SIMD inline Vec log2_of(Vec x) { return Vec{log2_of(x[0]), log2_of(x[1]), log2_of(x[2]), log2_of(x[3])}; }
LATCAST_SIMD inline double remainder(double a, double b) { return b == 0.0 ? 0.0 : std::fmod(a, b); }
LATCAST_SIMD inline Vec remainder(Vec a, Vec b) {
  return Vec{remainder(a[0], b[0]), remainder(a[1], b[1]), remainder(a[2], b[2]), remainder(a[3], b[3])};
}
LATCAST_SIMD inline double quotient(double a, double b) { return b == 0.0 ? 0.0 : a / b; }
LATCAST_SIMD inline Vec quotient(Vec a, Vec b) { return only_where(b != 0.0, a / b); }
LATCAST_SIMD inline double root_of(double x) { return x > 0.0 ? square_root(x) : 0.0; }
LATCAST_SIMD inline Vec root_of(Vec x) { return only_where(x > 0.0, square_root(x)); }

LATCAST_SIMD inline double zero_of(double) { return 0.0; }
LATCAST_SIMD inline Vec zero_of(Vec) { return Vec{}; }

/// Number: double, or Vec with `width` of them per register.
template <class Number>
LATCAST_SIMD inline void run_all(const RegisterProgram& program, Number* registers, std::size_t width) {
  const RegisterInstruction* in = program.code.data();
  for (const RegisterRun& run : program.runs) {
    const RegisterInstruction* const end = in + run.count;
    switch (run.op) {
#define LATCAST_OP(name, expression)                                       \
  case RegisterOp::name:                                                   \
    for (; in != end; ++in) {                                              \
      const Number* const a_ = registers + in->a * width;                  \
      [[maybe_unused]] const Number* const b_ = registers + in->b * width; \
      [[maybe_unused]] const Number* const c_ = registers + in->c * width; \
      Number* const result = registers + in->result * width;               \
      for (std::size_t i = 0; i < width; ++i) {                            \
        [[maybe_unused]] const Number a = a_[i];                           \
        [[maybe_unused]] const Number b = b_[i];                           \
        [[maybe_unused]] const Number c = c_[i];                           \
        result[i] = (expression);                                          \
      }                                                                    \
    }                                                                      \
    break;
// May overflow: c says whether the result is made finite.
#define LATCAST_ARITHMETIC(name, expression)                 \
  case RegisterOp::name:                                     \
    for (; in != end; ++in) {                                \
      const Number* const a_ = registers + in->a * width;    \
      const Number* const b_ = registers + in->b * width;    \
      Number* const result = registers + in->result * width; \
      for (std::size_t i = 0; i < width; ++i) {              \
        const Number a = a_[i];                              \
        const Number b = b_[i];                              \
        result[i] = finite_if((expression), in->c);          \
      }                                                      \
    }                                                        \
    break;
      LATCAST_ARITHMETIC(add, a + b)
      LATCAST_ARITHMETIC(subtract, a - b)
      LATCAST_ARITHMETIC(multiply, a * b)
      LATCAST_ARITHMETIC(divide, quotient(a, b))
      LATCAST_OP(finite, finite(a))
      LATCAST_OP(negate, -a)
      LATCAST_OP(less, truth(a < b))
      LATCAST_OP(less_equal, truth(a <= b))
      LATCAST_OP(equal, truth(a == b))
      LATCAST_OP(not_equal, truth(a != b))
      LATCAST_OP(logical_and, truth((a != 0.0) & (b != 0.0)))
      LATCAST_OP(logical_or, truth((a != 0.0) | (b != 0.0)))
      LATCAST_OP(logical_not, truth(a == 0.0))
      LATCAST_OP(select, choose(a != 0.0, b, c))
      LATCAST_OP(minimum, minimum(a, b))
      LATCAST_OP(maximum, maximum(a, b))
      LATCAST_OP(ceiling, ceiling(a))
      LATCAST_OP(floor, floor(a))
      LATCAST_OP(log2, log2_of(a))
      LATCAST_OP(square_root, root_of(a))
      LATCAST_OP(absolute, absolute(a))
      LATCAST_OP(modulo, remainder(a, b))
#undef LATCAST_OP
#undef LATCAST_ARITHMETIC
    }
  }
}

LATCAST_SIMD void run(const RegisterProgram& program, double* registers) noexcept {
  for (const RegisterConstant& constant : program.constants) registers[constant.result] = constant.value;
  run_all<double>(program, registers, 1);
}

LATCAST_SIMD void run_rows(const RegisterProgram& program, double* registers, std::size_t rows) noexcept {
  for (const RegisterConstant& constant : program.constants) {
    for (std::size_t i = 0; i < rows; ++i) registers[constant.result * rows + i] = constant.value;
  }
  run_all<Vec>(program, reinterpret_cast<Vec*>(registers), rows / kLanes);
}
