/* SPDX-License-Identifier: Apache-2.0 */
/* For Lua, which includes <locale.h> but, told that the decimal point is '.', uses nothing of it. */
