/* The relay guest with ballast: more than 300 KB of code that differs from function to function, as
 * an actor with a large SDK has. */
#include "../../tests/guests/relay.c"

#define BODY(n)                                                               \
  static __attribute__((noinline)) u32 ballast_##n(u32 x) {                   \
    x = (x ^ (n * 2654435761u)) * (n + 40503u);                               \
    for (u32 i = 0; i < (x & 7); ++i) x += (x << (n % 13 + 1)) ^ (n * 97u + i); \
    if (x % (n % 29 + 3) == 1) x ^= x >> (n % 17 + 1);                        \
    return x * 31u + n;                                                       \
  }
#define NAME(n) ballast_##n,
#define TEN(F, n) F(n##0) F(n##1) F(n##2) F(n##3) F(n##4) F(n##5) F(n##6) F(n##7) F(n##8) F(n##9)
#define HUNDRED(F, n)                                                                          \
  TEN(F, n##0) TEN(F, n##1) TEN(F, n##2) TEN(F, n##3) TEN(F, n##4) TEN(F, n##5) TEN(F, n##6) \
  TEN(F, n##7) TEN(F, n##8) TEN(F, n##9)
#define ALL(F)                                                                             \
  HUNDRED(F, 1) HUNDRED(F, 2) HUNDRED(F, 3) HUNDRED(F, 4) HUNDRED(F, 5) HUNDRED(F, 6)      \
  HUNDRED(F, 7) HUNDRED(F, 8) HUNDRED(F, 9) HUNDRED(F, 10) HUNDRED(F, 11) HUNDRED(F, 12)   \
  HUNDRED(F, 13) HUNDRED(F, 14) HUNDRED(F, 15) HUNDRED(F, 16) HUNDRED(F, 17) HUNDRED(F, 18) \
  HUNDRED(F, 19) HUNDRED(F, 20) HUNDRED(F, 21) HUNDRED(F, 22) HUNDRED(F, 23) HUNDRED(F, 24) \
  HUNDRED(F, 25) HUNDRED(F, 26) HUNDRED(F, 27) HUNDRED(F, 28)

ALL(BODY)
static u32 (*const table[])(u32) = {ALL(NAME)};

/* Eight digits that whoever loads the module may change, so that it is another one to an engine. */
static const volatile char variant[] = "variant 00000000";

__attribute__((export_name("use_ballast"))) u32 use_ballast(u32 i) {
  return table[i % (sizeof table / sizeof table[0])](i) + (u32)variant[8];
}
