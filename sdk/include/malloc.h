/* SPDX-License-Identifier: Apache-2.0 */
/* What other systems declare here is in <stdlib.h>. */
#ifndef _MALLOC_H
#define _MALLOC_H

#include <stdlib.h>

#endif
