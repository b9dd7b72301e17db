/* SPDX-License-Identifier: Apache-2.0 */
#include <ringfence/nf.h>

int counter;

uint32_t used(uint32_t x)
{
	return x + 1;
}

uint32_t unused(uint32_t x)
{
	return x + 2;
}

uint32_t (*volatile unused_pointer)(uint32_t) = unused;
uint32_t (*volatile pointer)(uint32_t) = used;

__attribute__((constructor)) static void construct(void)
{
	counter = (int)pointer(4);
}

RF_EXPORT uint32_t call(uint32_t x)
{
	return pointer(x) + (uint32_t)counter;
}
