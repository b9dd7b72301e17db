// SPDX-License-Identifier: Apache-2.0
// C++ without exceptions and RTTI: virtual functions, member pointers, lambdas, static objects, thunks.
// RUN: %host_cc -std=gnu++17 -x c++ -O1 -fno-exceptions -fno-rtti -fno-threadsafe-statics \
// RUN:   %s -o %t.native -lstdc++
// RUN: %python %S/Inputs/compare.py %t.native "%rf_cc -w -std=gnu++17" %rf_run %s %t
extern "C" {
#include "Inputs/run.h"
}

namespace
{

struct Shape {
	virtual uint32_t area(uint32_t x) const = 0;
	virtual uint32_t sides() const
	{
		return 0;
	}
	uint32_t plain(uint32_t x)
	{
		return x + 1;
	}
};
struct Named {
	uint32_t name = 7;
	virtual uint32_t tag(uint32_t x)
	{
		return x ^ name;
	}
};
struct Square : Shape, Named {
	uint32_t area(uint32_t x) const override
	{
		return x * x;
	}
	uint32_t sides() const override
	{
		return 4;
	}
	uint32_t tag(uint32_t x) override
	{
		return x * 3 + name;
	}
};
struct Circle : Shape {
	uint32_t area(uint32_t x) const override
	{
		return x * 3;
	}
};

struct Counter {
	uint32_t value;
	Counter(uint32_t start) : value(start * 2)
	{
	}
	virtual ~Counter()
	{
		value = 0;
	}
};
Counter counter(21);

template <typename F> NOINLINE uint32_t apply(F f, uint32_t n)
{
	uint32_t sum = 0;
	for (uint32_t i = 0; i < n; i++)
		sum += f(i);
	return sum;
}

} // namespace

RUN_EXPORT uint32_t virtuals(uint32_t x)
{
	Square square;
	Circle circle;
	const Shape *volatile shapes[] = {&square, &circle};
	Named *volatile named = &square;
	const Shape *shape = shapes[x & 1];
	return shape->area(x) + shape->sides() + named->tag(x);
}

RUN_EXPORT uint32_t members(uint32_t x)
{
	Square square;
	uint32_t (Shape::*const functions[])(uint32_t) = {&Shape::plain};
	uint32_t (Shape::*volatile area)(uint32_t) const = &Shape::area;
	uint32_t (Shape::*pointer)(uint32_t) const = area;
	return (square.*functions[0])(x) + (square.*pointer)(x) + (pointer == &Shape::area);
}

RUN_EXPORT uint32_t lambdas(uint32_t x)
{
	uint32_t total = x;
	auto add = [&total](uint32_t i) { return total += i; };
	uint32_t (*pointer)(uint32_t) = [](uint32_t i) { return i * i; };
	return apply(add, x % 20) + apply(pointer, x % 10);
}

RUN_EXPORT uint32_t statics(uint32_t x)
{
	static Counter local(5);
	local.value++;
	return counter.value + (local.value > 10) + x;
}

RUN_EXPORT uint32_t heap(uint32_t x)
{
	Counter *one = new Counter(x);
	uint32_t *many = new uint32_t[x % 50 + 1];
	many[x % 50] = one->value;
	const uint32_t result = many[x % 50] + 1;
	delete[] many;
	delete one;
	return result;
}

RUN_MAIN({virtuals}, {members}, {lambdas}, {statics}, {heap})
