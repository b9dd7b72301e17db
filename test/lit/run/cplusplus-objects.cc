// SPDX-License-Identifier: Apache-2.0
// C++ that stands without a standard library: static objects before init and in order, templates, virtual
// bases, placement, aligned and nothrow new, coroutines, constant evaluation, thread-local objects, ranges,
// operators.
// RUN: %host_cc -std=gnu++20 -x c++ -O1 -fno-exceptions -fno-rtti -fno-threadsafe-statics \
// RUN:   %s -o %t.native -lstdc++
// RUN: %python %S/Inputs/compare.py %t.native "%rf_cc -w -std=gnu++20" %rf_run %s %t
// RUN: %rf_cc -w -std=gnu++20 -O1 -fthreadsafe-statics -o %t.nf %s && %rf_validate %t.nf
extern "C" {
#include "Inputs/run.h"
}
#include <initializer_list>
#include <new>
#include <stddef.h>

static uint32_t trace;
namespace std
{
template <class R, class... A> struct coroutine_traits {
	using promise_type = typename R::promise_type;
};
template <class P = void> struct coroutine_handle;
template <> struct coroutine_handle<void> {
	void *frame;
};
template <class P> struct coroutine_handle : coroutine_handle<> {
	static coroutine_handle from_address(void *frame)
	{
		return {{frame}};
	}
};
} // namespace std
namespace
{

struct Traced {
	uint32_t number;
	explicit Traced(uint32_t n) : number(n)
	{
		trace = trace * 10 + n;
	}
};
Traced third(3);
__attribute__((init_priority(1000))) Traced first(1);
__attribute__((init_priority(2000))) Traced second(2);
thread_local Traced *current = &third;
struct Destroyed {
	uint32_t number;
	~Destroyed()
	{
		number = 0;
	}
};

template <typename T, size_t N> struct Ring {
	T items[N]{};
	size_t at = 0;
	constexpr void push(T item)
	{
		items[at++ % N] = item;
	}
	constexpr T sum() const
	{
		T total{};
		for (const T &item : items)
			total += item;
		return total;
	}
};

constexpr uint32_t evaluated()
{
	Ring<uint32_t, 4> ring;
	for (uint32_t i = 0; i < 9; i++)
		ring.push(i * i);
	return ring.sum();
}

struct Base {
	uint32_t value = 5;
	virtual uint32_t get() const
	{
		return value;
	}
	virtual ~Base() = default;
};
struct Left : virtual Base {
	uint32_t left = 7;
	uint32_t get() const override
	{
		return value + left;
	}
};
struct Right : virtual Base {
	uint32_t right = 11;
	virtual Right *self()
	{
		return this;
	}
};
struct Both final : Left, Right {
	uint32_t get() const override
	{
		return Left::get() * right;
	}
	Both *self() override
	{
		return this;
	}
};

struct alignas(64) Wide {
	uint8_t bytes[100];
};

struct Generator {
	struct promise_type {
		uint32_t value;
		Generator get_return_object()
		{
			return {__builtin_coro_promise(this, alignof(promise_type), true)};
		}
		struct Always {
			bool await_ready() noexcept
			{
				return false;
			}
			void await_suspend(std::coroutine_handle<>) noexcept
			{
			}
			void await_resume() noexcept
			{
			}
		};
		Always initial_suspend() noexcept
		{
			return {};
		}
		Always final_suspend() noexcept
		{
			return {};
		}
		void return_void()
		{
		}
		void unhandled_exception()
		{
		}
		Always yield_value(uint32_t x)
		{
			value = x;
			return {};
		}
	};
	void *frame;
	bool next(uint32_t &value)
	{
		__builtin_coro_resume(frame);
		if (__builtin_coro_done(frame))
			return false;
		value =
		    static_cast<promise_type *>(__builtin_coro_promise(frame, alignof(promise_type), false))
		        ->value;
		return true;
	}
	~Generator()
	{
		__builtin_coro_destroy(frame);
	}
};

Generator squares(uint32_t n, uint32_t by)
{
	for (uint32_t i = 0; i < n; i++)
		co_yield i *i + by;
}

template <typename... Words> uint32_t fold(Words... words)
{
	return (words + ... + 0u);
}

struct Number {
	uint32_t value;
	friend Number operator+(Number a, Number b)
	{
		return {a.value * 3 + b.value};
	}
	explicit operator bool() const
	{
		return value & 1;
	}
	uint32_t operator()(uint32_t x) const
	{
		return x ^ value;
	}
	bool operator<(const Number &) const = default;
};

uint32_t total(std::initializer_list<uint32_t> numbers)
{
	uint32_t sum = 0;
	for (uint32_t number : numbers)
		sum = sum * 3 + number;
	return sum;
}

enum class Kind : uint8_t { One = 1, Two };

} // namespace

RUN_EXPORT uint32_t order(uint32_t x)
{
	static thread_local Destroyed destroyed{4};
	current = x & 1 ? &first : &second;
	destroyed.number += x;
	return trace * 7 + current->number + destroyed.number;
}

RUN_EXPORT uint32_t templates(uint32_t x)
{
	static_assert(evaluated() == 25 + 36 + 49 + 64);
	Ring<uint64_t, 8> ring;
	for (uint32_t i = 0; i < x % 20; i++)
		ring.push(static_cast<uint64_t>(i) * x);
	const auto [a, b] = Ring<uint32_t, 2>{{x, 2}, 1};
	return static_cast<uint32_t>(ring.sum() >> 3) + a[0] + static_cast<uint32_t>(b) + fold(x, 2u, 3u);
}

RUN_EXPORT uint32_t bases(uint32_t x)
{
	Both both;
	Base *volatile base = &both;
	Right *volatile right = &both;
	both.right = x;
	base->value += x % 10;
	return base->get() + right->self()->right + (right->self() == &both);
}

RUN_EXPORT uint32_t objects(uint32_t x)
{
	alignas(Wide) unsigned char room[sizeof(Wide)];
	Wide *here = new (room) Wide{{1, 2, static_cast<uint8_t>(x)}};
	Wide *there = new Wide[2];
	there[1].bytes[99] = 9;
	const uint32_t result = here->bytes[2] + there[1].bytes[99] +
	                        static_cast<uint32_t>(reinterpret_cast<uintptr_t>(there) % 64);
	delete[] there;
	uint32_t *const number = new (std::nothrow) uint32_t(x);
	Wide *const one = new (std::nothrow) Wide{};
	const uint32_t more = *number + one->bytes[50] + (new (std::nothrow) uint8_t[0] != nullptr);
	delete number;
	delete one;
	return result + more;
}

RUN_EXPORT uint32_t coroutines(uint32_t x)
{
	Generator numbers = squares(x % 9, x);
	uint32_t sum = 0, value;
	while (numbers.next(value))
		sum = sum * 3 + value;
	return sum;
}

RUN_EXPORT uint32_t operators(uint32_t x)
{
	const Number a{x}, b{x >> 3};
	auto counter = [n = x % 7](auto by) mutable { return n += by; };
	const uint32_t sum = (a + b).value + (a ? 1 : 2) + b(77) + total({1, x, 3});
	switch (static_cast<Kind>(x & 3)) {
	case Kind::One:
		return sum + counter(2u);
	case Kind::Two:
		return sum * counter(3u) + (nullptr == &a);
	default:
		return sum + counter(1u) + counter(5u);
	}
}

RUN_MAIN({order}, {templates}, {bases}, {objects}, {coroutines}, {operators})
