/* SPDX-License-Identifier: Apache-2.0 */
#include <ringfence/nf.h>

RF_EXPORT uint32_t second(uint32_t x)
{
	return x;
}
