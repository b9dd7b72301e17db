/* SPDX-License-Identifier: Apache-2.0 */
#include <ringfence/nf.h>

int two(int x);

RF_EXPORT uint32_t twice(uint32_t x)
{
	return (uint32_t)two((int)x);
}
