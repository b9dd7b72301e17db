// SPDX-License-Identifier: Apache-2.0
// Variable arguments of every class.
// RUN: %host_cc -O1 %s -o %t.native
// RUN: %python %S/Inputs/compare.py %t.native "%rf_cc -w -std=gnu17" %rf_run %s %t
#include "Inputs/run.h"

#include <stdarg.h>

struct big {
	long long a[8];
	int x;
};
struct pair {
	long long a;
	int b;
};
struct floats {
	float x, y, z;
};
typedef int v4 __attribute__((vector_size(16)));

static NOINLINE double add(va_list ap, int n)
{
	double sum = 0;
	for (int i = 0; i < n; i++) {
		switch (i % 8) {
		case 0:
			sum += va_arg(ap, int);
			break;
		case 1:
			sum += va_arg(ap, double);
			break;
		case 2: {
			struct big b = va_arg(ap, struct big);
			sum += b.a[3] + b.x;
			break;
		}
		case 3: {
			struct pair p = va_arg(ap, struct pair);
			sum += p.a * 2 + p.b;
			break;
		}
		case 4: {
			struct floats f = va_arg(ap, struct floats);
			sum += f.x + f.y * 2 + f.z * 3;
			break;
		}
		case 5:
			sum += (double)(long long)va_arg(ap, __int128);
			break;
		case 6:
			sum += va_arg(ap, v4)[2];
			break;
		case 7:
			sum += *va_arg(ap, int *);
			break;
		}
	}
	return sum;
}

static NOINLINE double sum(int n, ...)
{
	va_list ap, again;
	va_start(ap, n);
	va_copy(again, ap);
	double result = add(ap, n);
	result += add(again, n) / 2;
	va_end(again);
	va_end(ap);
	return result;
}

RUN_EXPORT uint32_t mixed(uint32_t x)
{
	struct big b = {{x, 1, 2, 3 * (long long)x}, 4};
	struct pair p = {x, 3};
	struct floats f = {1, 2, (float)(x % 1000)};
	v4 v = {1, 2, 3, 4};
	int i = 9;
	double (*volatile pointer)(int, ...) = sum;
	double direct =
	    sum(15, (int)x, 2.5, b, p, f, (__int128)x * 3, v, &i, (int)x + 1, 3.5, b, p, f, (__int128)7, v);
	return (uint32_t)(long long)direct + (uint32_t)(long long)pointer(2, 7, 8.0);
}

static NOINLINE int unprototyped(a, b, c)
int a, c;
double b;
{
	return a + (int)b * c;
}

RUN_EXPORT uint32_t old(uint32_t x)
{
	int (*volatile pointer)() = (int (*)())unprototyped;
	return (uint32_t)pointer((int)(x % 1000), 2.0, 3) + (uint32_t)unprototyped(1, 3.0, (int)(x % 77));
}

RUN_MAIN({mixed}, {old})
