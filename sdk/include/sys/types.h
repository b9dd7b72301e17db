/* SPDX-License-Identifier: Apache-2.0 */
/* Names of types that portable code expects here. */
#ifndef _SYS_TYPES_H
#define _SYS_TYPES_H

#define __need_size_t
#include <stddef.h>
#include <stdint.h>

typedef int32_t ssize_t;
typedef int64_t off_t;
#ifndef _TIME_T_DEFINED
#define _TIME_T_DEFINED
typedef int64_t time_t;
#endif
typedef int pid_t;
typedef unsigned int uid_t, gid_t, mode_t;

typedef uint8_t u_int8_t;
typedef uint16_t u_int16_t;
typedef uint32_t u_int32_t;
typedef uint64_t u_int64_t;
typedef unsigned char u_char;
typedef unsigned short u_short;
typedef unsigned int u_int;
typedef unsigned long u_long;

#endif
