// Put in front of every file of the tree that scripts/mutate.py builds: each constant of a formula is read
// through here, and one chosen by TRAINCAST_MUTANT is 5 % off. With TRAINCAST_MUTANT_HITS=FILE nothing is
// changed, and FILE gets a 1 for each constant that was read.
#pragma once
#if __cplusplus >= 202002L

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <type_traits>

namespace traincast_mutant {

inline constexpr std::size_t kMost = 1 << 17;

struct State {
  unsigned char active[kMost] = {};
  unsigned char* hits = nullptr;
  double factor = 1.05;
  State() {
    if (const char* file = std::getenv("TRAINCAST_MUTANT_HITS")) {
      const int fd = open(file, O_RDWR | O_CREAT, 0600);
      if (fd < 0 || ftruncate(fd, kMost) != 0) std::abort();
      void* at = mmap(nullptr, kMost, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
      if (at == MAP_FAILED) std::abort();
      hits = static_cast<unsigned char*>(at);
      close(fd);
      for (unsigned char& one : active) one = 1;
    } else if (const char* chosen = std::getenv("TRAINCAST_MUTANT")) {
      active[std::strtoul(chosen, nullptr, 10) % kMost] = 1;
    }
  }
};
inline State
    state;  // of the first file that is initialised: constants of any file may be read while others are

[[gnu::noinline]] inline bool on_rarely(unsigned id) {
  if (state.hits != nullptr) state.hits[id] = 1;
  return state.hits == nullptr;
}
inline bool on_now(unsigned id) {
  return state.active[id] != 0 && on_rarely(id);
}
// Constants of the language keep their values: the compiler needs them before there is an environment.
constexpr bool on(unsigned id) {
  return std::is_constant_evaluated() ? false : on_now(id);
}

template <class T>
concept Number = std::is_arithmetic_v<T>;

template <Number T>
constexpr T changed(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(value * T(1.05));
  } else {
    const T step = static_cast<T>(value / 20);
    const T least = static_cast<T>(step > 0 ? step : T(1));
    if constexpr (std::is_signed_v<T>) {
      if (value < 0) return static_cast<T>(value + (value / 20 < 0 ? value / 20 : -1));
    }
    return static_cast<T>(value + least);
  }
}

// An integer literal: 5 % more where it meets a floating-point number, else the next integer (or 5 % more).
template <Number V>
struct Whole {
  unsigned id;
  V value;
  template <Number T>
  constexpr operator T() const {
    const T plain = static_cast<T>(value);
    return on(id) ? changed(plain) : plain;
  }
  constexpr Whole operator-() const { return {id, static_cast<V>(-value)}; }
  constexpr Whole operator+() const { return *this; }
};

#define TRAINCAST_MUTANT_BINARY(op, Result)                        \
  template <Number V, Number A>                                    \
  constexpr auto operator op(Whole<V> w, A a) {                    \
    using R = Result(V, A);                                        \
    return static_cast<R>(static_cast<R>(w) op static_cast<R>(a)); \
  }                                                                \
  template <Number V, Number A>                                    \
  constexpr auto operator op(A a, Whole<V> w) {                    \
    using R = Result(A, V);                                        \
    return static_cast<R>(static_cast<R>(a) op static_cast<R>(w)); \
  }                                                                \
  template <Number V, Number W>                                    \
  constexpr auto operator op(Whole<V> v, Whole<W> w) {             \
    using R = Result(V, W);                                        \
    return static_cast<R>(static_cast<R>(v) op static_cast<R>(w)); \
  }
#define TRAINCAST_MUTANT_SUM(A, B) decltype(A{} + B{})
TRAINCAST_MUTANT_BINARY(+, TRAINCAST_MUTANT_SUM)
TRAINCAST_MUTANT_BINARY(-, TRAINCAST_MUTANT_SUM)
TRAINCAST_MUTANT_BINARY(*, TRAINCAST_MUTANT_SUM)
TRAINCAST_MUTANT_BINARY(/, TRAINCAST_MUTANT_SUM)
TRAINCAST_MUTANT_BINARY(%, TRAINCAST_MUTANT_SUM)
TRAINCAST_MUTANT_BINARY(&, TRAINCAST_MUTANT_SUM)
TRAINCAST_MUTANT_BINARY(|, TRAINCAST_MUTANT_SUM)
TRAINCAST_MUTANT_BINARY(^, TRAINCAST_MUTANT_SUM)
#undef TRAINCAST_MUTANT_SUM
#undef TRAINCAST_MUTANT_BINARY

#define TRAINCAST_MUTANT_SHIFT(op)                     \
  template <Number V, Number A>                        \
  constexpr auto operator op(A a, Whole<V> w) {        \
    return a op static_cast<int>(w);                   \
  }                                                    \
  template <Number V, Number A>                        \
  constexpr auto operator op(Whole<V> w, A a) {        \
    return static_cast<V>(w) op a;                     \
  }                                                    \
  template <Number V, Number W>                        \
  constexpr auto operator op(Whole<V> v, Whole<W> w) { \
    return static_cast<V>(v) op static_cast<int>(w);   \
  }
TRAINCAST_MUTANT_SHIFT(<<)
TRAINCAST_MUTANT_SHIFT(>>)
#undef TRAINCAST_MUTANT_SHIFT

#define TRAINCAST_MUTANT_COMPARE(op)               \
  template <Number V, Number A>                    \
  constexpr bool operator op(Whole<V> w, A a) {    \
    using R = decltype(V{} + A{});                 \
    return static_cast<R>(w) op static_cast<R>(a); \
  }                                                \
  template <Number V, Number A>                    \
  constexpr bool operator op(A a, Whole<V> w) {    \
    using R = decltype(V{} + A{});                 \
    return static_cast<R>(a) op static_cast<R>(w); \
  }
TRAINCAST_MUTANT_COMPARE(==)
TRAINCAST_MUTANT_COMPARE(!=)
TRAINCAST_MUTANT_COMPARE(<)
TRAINCAST_MUTANT_COMPARE(<=)
TRAINCAST_MUTANT_COMPARE(>)
TRAINCAST_MUTANT_COMPARE(>=)
#undef TRAINCAST_MUTANT_COMPARE

#define TRAINCAST_MUTANT_ASSIGN(op)               \
  template <Number V, Number A>                   \
  constexpr A& operator op##=(A& a, Whole<V> w) { \
    return a = static_cast<A>(a op w);            \
  }
TRAINCAST_MUTANT_ASSIGN(+)
TRAINCAST_MUTANT_ASSIGN(-)
TRAINCAST_MUTANT_ASSIGN(*)
TRAINCAST_MUTANT_ASSIGN(/)
TRAINCAST_MUTANT_ASSIGN(%)
TRAINCAST_MUTANT_ASSIGN(&)
TRAINCAST_MUTANT_ASSIGN(|)
TRAINCAST_MUTANT_ASSIGN(^)
TRAINCAST_MUTANT_ASSIGN(<<)
TRAINCAST_MUTANT_ASSIGN(>>)
#undef TRAINCAST_MUTANT_ASSIGN

// The five ways to write a constant, from the one that says most to the ones that compile in more places; the
// second letter says whether a constant of the language may be made of it.
template <Number T>
T plain_now(unsigned id, T value) {
  return on_now(id) ? changed(value) : value;
}
template <Number T>
constexpr T plain_fixed(unsigned id, T value) {
  return on(id) ? changed(value) : value;
}
template <Number V>
Whole<V> whole_now(unsigned id, V value) {
  return {id, value};
}
template <Number V>
constexpr Whole<V> whole_fixed(unsigned id, V value) {
  return {id, value};
}

}  // namespace traincast_mutant
#endif
