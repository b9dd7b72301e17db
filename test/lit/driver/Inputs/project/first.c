/* SPDX-License-Identifier: Apache-2.0 */
#include <ringfence/nf.h>

#include "value.h"

RF_EXPORT uint32_t first(uint32_t x)
{
	return x + VALUE + ADD;
}
