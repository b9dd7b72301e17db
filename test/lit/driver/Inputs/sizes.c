/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define SIZE(type, size, alignment)                                                                          \
	_Static_assert(sizeof(type) == (size) && _Alignof(type) == (alignment), #type)

SIZE(short, 2, 2);
SIZE(int, 4, 4);
SIZE(long, 4, 4);
SIZE(long long, 8, 8);
SIZE(__int128, 16, 16);
SIZE(float, 4, 4);
SIZE(double, 8, 8);
SIZE(long double, 8, 8);
SIZE(void *, 4, 4);
SIZE(void (*)(void), 4, 4);
SIZE(size_t, 4, 4);
SIZE(ssize_t, 4, 4);
SIZE(ptrdiff_t, 4, 4);
SIZE(intptr_t, 4, 4);
SIZE(wchar_t, 4, 4);
SIZE(bool, 1, 1);
SIZE(time_t, 8, 8);
SIZE(clock_t, 8, 8);
SIZE(off_t, 8, 8);
SIZE(intmax_t, 8, 8);
SIZE(int_fast16_t, 2, 2);
SIZE(int_fast32_t, 4, 4);
SIZE(int_fast64_t, 8, 8);
_Static_assert(_Alignof(max_align_t) == 8, "max_align_t");
_Static_assert(__builtin_types_compatible_p(int64_t, long long), "int64_t");
enum colour { RED };
SIZE(enum colour, 4, 4);
#if !defined(__ILP32__) || !defined(__x86_64__) || defined(__LP64__) || defined(__linux__) || defined(__unix__)
#error "the macros are not those that docs/porting.md names"
#endif
