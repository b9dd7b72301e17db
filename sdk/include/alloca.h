/* SPDX-License-Identifier: Apache-2.0 */
/* What other systems declare here is in <stdlib.h>. */
#ifndef _ALLOCA_H
#define _ALLOCA_H

#include <stdlib.h>

#endif
