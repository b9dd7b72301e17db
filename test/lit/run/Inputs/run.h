/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A test that runs natively and in a cell: RUN_EXPORT functions uint32_t
 * f(uint32_t), and RUN_MAIN(f, g, …), which natively calls each with some
 * arguments and prints the results for compare.py.
 */
#include <stdint.h>

#ifdef __cplusplus
#define RUN_LINKAGE extern "C"
#else
#define RUN_LINKAGE
#endif
#if defined(__ILP32__)
#define RUN_EXPORT RUN_LINKAGE __attribute__((used, annotate("rf_export")))
#define RUN_MAIN(...)
#else
#include <stdio.h>
#define RUN_EXPORT RUN_LINKAGE
#define RUN_MAIN(...)                                                                                        \
	int main(void)                                                                                       \
	{                                                                                                    \
		static const struct {                                                                        \
			uint32_t (*function)(uint32_t);                                                      \
		} functions[] = {__VA_ARGS__};                                                               \
		const char *names = #__VA_ARGS__;                                                            \
		for (unsigned i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {                    \
			int length = 0;                                                                      \
			while (names[length] != '\0' && names[length] != ',')                                \
				length++;                                                                    \
			for (uint32_t k = 0; k < 6; k++) {                                                   \
				const uint32_t argument = k * 0x1234567u + k;                                \
				printf("%.*s %u %u\n", length - 2, names + 1, argument,                      \
				       functions[i].function(argument));                                     \
			}                                                                                    \
			names += length + 2;                                                                 \
		}                                                                                            \
		return 0;                                                                                    \
	}
#endif
#define NOINLINE __attribute__((noinline))
