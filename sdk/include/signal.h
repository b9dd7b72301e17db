/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C11 7.14 where there are no signals: a handler cannot be installed, and what
 * would raise a signal ends the cell.
 */
#ifndef _SIGNAL_H
#define _SIGNAL_H

#ifdef __cplusplus
extern "C" {
#endif

#define SIGINT 2
#define SIGILL 4
#define SIGABRT 6
#define SIGFPE 8
#define SIGSEGV 11
#define SIGTERM 15

typedef int sig_atomic_t;
typedef void (*__rf_handler)(int);

#define SIG_DFL ((__rf_handler)0)
#define SIG_IGN ((__rf_handler)1)
#define SIG_ERR ((__rf_handler)-1)

/* SIG_ERR with errno EINVAL. */
__rf_handler signal(int which, __rf_handler handler);
/* Ends the cell as a fault. */
int raise(int which);

#ifdef __cplusplus
}
#endif

#endif
