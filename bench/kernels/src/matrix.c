/* SPDX-License-Identifier: Apache-2.0 */
/* Dense matrices of double: product, and Gaussian elimination with pivoting. */
#include "kernel.h"

enum { N = 96 };

static double a[N][N], b[N][N], c[N][N], m[N][N + 1];

static void fill(double x[N][N], uint32_t seed)
{
	uint32_t state = seed;
	for (int i = 0; i < N; i++)
		for (int k = 0; k < N; k++)
			x[i][k] = (double)(int32_t)next_random(&state) / 65536.0;
}

static void multiply(void)
{
	for (int i = 0; i < N; i++) {
		for (int k = 0; k < N; k++)
			c[i][k] = 0;
		for (int j = 0; j < N; j++)
			for (int k = 0; k < N; k++)
				c[i][k] += a[i][j] * b[j][k];
	}
}

static double magnitude(double x)
{
	return x < 0 ? -x : x;
}

/* Solves a x = b's first column; x is left in m's last column. Returns 0 if a is singular. */
static int solve(void)
{
	for (int i = 0; i < N; i++) {
		for (int k = 0; k < N; k++)
			m[i][k] = a[i][k];
		m[i][N] = b[i][0];
	}
	for (int col = 0; col < N; col++) {
		int pivot = col;
		for (int i = col + 1; i < N; i++)
			if (magnitude(m[i][col]) > magnitude(m[pivot][col]))
				pivot = i;
		if (m[pivot][col] == 0)
			return 0;
		for (int k = 0; k <= N; k++) {
			double t = m[col][k];
			m[col][k] = m[pivot][k];
			m[pivot][k] = t;
		}
		for (int i = 0; i < N; i++) {
			double factor = m[i][col] / m[col][col];
			if (i == col || factor == 0)
				continue;
			for (int k = col; k <= N; k++)
				m[i][k] -= factor * m[col][k];
		}
	}
	for (int i = 0; i < N; i++)
		m[i][N] /= m[i][i];
	return 1;
}

/* The solution put back into the equations gives the right-hand side. */
static int right(void)
{
	fill(a, 1);
	fill(b, 2);
	if (!solve())
		return 0;
	for (int i = 0; i < N; i++) {
		double sum = 0;
		for (int k = 0; k < N; k++)
			sum += a[i][k] * m[k][N];
		if (magnitude(sum - b[i][0]) > 1e-4)
			return 0;
	}
	for (int i = 0; i < N; i++)
		for (int k = 0; k < N; k++)
			a[i][k] = i == k ? 2 : 0;
	multiply();
	return c[3][5] == 2 * b[3][5] && c[N - 1][0] == 2 * b[N - 1][0];
}

RF_EXPORT uint32_t matrix(uint32_t n)
{
	if (n == 0)
		return (uint32_t)right();
	uint32_t digest = n;
	for (uint32_t pass = 0; pass < 3; pass++) {
		fill(a, n + pass);
		fill(b, n + pass + 1);
		multiply();
		digest = digest_bytes(digest, c[N / 2], sizeof c[0]);
		if (!solve())
			return 0;
		for (int i = 0; i < N; i++)
			digest = digest_bytes(digest, &m[i][N], sizeof(double));
	}
	return digest;
}
