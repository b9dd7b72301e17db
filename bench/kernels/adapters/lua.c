/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lua's core (compiler, virtual machine, collector) without its libraries, which want files. Its exceptions
 * are longjmp; Lua lets one replace them (ldo.c, LUAI_THROW), and here an error simply ends the program.
 */
#include <stdlib.h>
#include <string.h>

#include <lua.h>

#include "adapter.h"

static void *allocate(void *context, void *block, size_t old_size, size_t new_size)
{
	(void)context;
	(void)old_size;
	if (new_size > 0)
		return realloc(block, new_size);
	free(block);
	return NULL;
}

struct source {
	const char *text;
	size_t size;
};

static const char *read_source(lua_State *state, void *context, size_t *size)
{
	struct source *source = context;
	const char *text = source->text;
	(void)state;
	*size = source->size;
	source->size = 0;
	return *size ? text : NULL;
}

/* The integer that a chunk returns for one argument. */
static lua_Integer run_chunk(const char *text, lua_Integer argument)
{
	struct source source = {text, strlen(text)};
	lua_State *state = lua_newstate(allocate, NULL);
	lua_Integer result = -1;
	if (!state)
		return -1;
	if (lua_load(state, read_source, &source, "=chunk", "t") == LUA_OK) {
		lua_pushinteger(state, argument);
		lua_call(state, 1, 1);
		result = lua_tointegerx(state, -1, NULL);
	}
	lua_close(state);
	return result;
}

static const char closures[] =
    "local function counter() local c = 0 return function() c = c + 1 return c end end\n"
    "local a, b = counter(), counter() a() a() b() return a() * 10 + b()";
static const char strings[] = "local s = '' for i = 1, ... do s = s .. i .. ',' end\n"
                              "if 7 // 2 ~= 3 or 2^10 ~= 1024 or 5 % -3 ~= -1 or 1e15 .. "
                              "'' ~= '1e+15' then return 0 end\n"
                              "goto done do return 0 end ::done:: return #s";
static const char program[] =
    "local n = ...\n"
    "local function fib(i) if i < 2 then return i end return fib(i - 1) + fib(i - 2) end\n"
    "local t, seed, sum = {}, n, 0\n"
    "for i = 1, 3000 do seed = (seed * 1103515245 + 12345) & 0x7fffffff t[i] = seed end\n"
    "for i = 2, 400 do local v, k = t[i], i - 1 while k > 0 and t[k] > v do t[k + 1] = t[k] k = k - 1 end "
    "t[k + 1] = v end\n"
    "local function point(p) p.get = function(self) return self.x * 3 + self.y end return p end\n"
    "for i = 1, 800 do local p = point({x = i, y = t[i] & 7}) sum = sum + p:get() end\n"
    "local parts = {} for i = 1, 300 do parts['k' .. (i % 97)] = (parts['k' .. (i % 97)] or 0) + t[i] % 11 "
    "end\n"
    "for i = 0, 96 do sum = sum * 31 + (parts['k' .. i] or 0) & 0xffffffff end\n"
    "local f = 0.0 for i = 1, 2000 do f = f + 1 / i end\n"
    "return (sum + fib(17) + (f * 1e6 // 1 | 0)) & 0xffffffff";

RF_EXPORT uint32_t lua_check(uint32_t n)
{
	(void)n;
	return run_chunk(closures, 0) == 32 && run_chunk(strings, 12) == 27;
}

RF_EXPORT uint32_t lua(uint32_t n)
{
	return n == 0 ? 1 : (uint32_t)run_chunk(program, n);
}
