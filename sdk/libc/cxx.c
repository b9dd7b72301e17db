/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C++'s operators new and delete, under the names that the Itanium ABI gives
 * them where size_t is unsigned int. Without exceptions there is nothing to
 * do about a lack of memory but to end the cell.
 */
#include <stdlib.h>

void *_Znwj(unsigned size);
void *_Znaj(unsigned size);
void _ZdlPv(void *object);
void _ZdaPv(void *object);
void _ZdlPvj(void *object, unsigned size);
void _ZdaPvj(void *object, unsigned size);

void *_Znwj(unsigned size)
{
	void *object = malloc(size != 0 ? size : 1);
	if (object == NULL)
		abort();
	return object;
}

void *_Znaj(unsigned size)
{
	return _Znwj(size);
}

void _ZdlPv(void *object)
{
	free(object);
}

void _ZdaPv(void *object)
{
	free(object);
}

void _ZdlPvj(void *object, unsigned size)
{
	(void)size;
	free(object);
}

void _ZdaPvj(void *object, unsigned size)
{
	(void)size;
	free(object);
}
