/* SPDX-License-Identifier: Apache-2.0 */
/* rf-run --gdb: tells gdb where network functions have been mapped. */
#ifndef RF_GDB_H
#define RF_GDB_H

#include "options.h"

/*
 * Writes options->gdb_path, a file for gdb's `source`: one command rf-cell for each cell, and before them
 * what defines that command. Then, if a debugger runs this process, stops for it.
 */
enum rf_status gdb_write(const struct options *options, struct rf_cell *const *cells, struct rf_error *error);

#endif
