/* SPDX-License-Identifier: Apache-2.0 */
/* For Lua, which includes <setjmp.h> but, told to throw otherwise, uses nothing of it. */
