/* SPDX-License-Identifier: Apache-2.0 */
/* C11 7.2. A failed assertion ends the cell as a fault, with file, line and expression as its reason. */
#undef assert

#ifdef NDEBUG
#define assert(expression) ((void)0)
#else
#define assert(expression) ((expression) ? (void)0 : __assert_fail(#expression, __FILE__, __LINE__, __func__))
#endif

#ifndef _ASSERT_H
#define _ASSERT_H

#ifdef __cplusplus
extern "C" {
#elif __STDC_VERSION__ < 202311L
#define static_assert _Static_assert
#endif

__attribute__((noreturn)) void __assert_fail(const char *expression, const char *file, unsigned int line,
                                             const char *function);

#ifdef __cplusplus
}
#endif

#endif
