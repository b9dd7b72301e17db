/* SPDX-License-Identifier: Apache-2.0 */
int two(int x)
{
	return x * 2;
}
