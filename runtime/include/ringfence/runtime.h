/* SPDX-License-Identifier: Apache-2.0 */
/* Everything of librfrt for programs that embed it. */
#ifndef RINGFENCE_RUNTIME_H
#define RINGFENCE_RUNTIME_H

#include <ringfence/cell.h>
#include <ringfence/error.h>
#include <ringfence/pool.h>
#include <ringfence/port.h>
#include <ringfence/worker.h>

#endif
