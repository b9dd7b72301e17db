// SPDX-License-Identifier: Apache-2.0
#if __cplusplus >= 202002L
namespace std { template<class R,class...A> struct coroutine_traits{ using promise_type=typename R::promise_type;};
template<class P=void> struct coroutine_handle{ static coroutine_handle from_address(void*p){coroutine_handle h;h.q=p;return h;} void*q; void resume(){__builtin_coro_resume(q);} bool done(){return __builtin_coro_done(q);} };
}
struct susp{ bool await_ready()noexcept{return false;} void await_suspend(std::coroutine_handle<>)noexcept{} void await_resume()noexcept{} };
struct gen{ struct promise_type{ int v; gen get_return_object(){ return {__builtin_coro_promise(this,8,true)};} susp initial_suspend(){return{};} susp final_suspend()noexcept{return{};} void return_void(){} void unhandled_exception(){} susp yield_value(int x){v=x;return{};} void*operator new(decltype(sizeof(0)) n){static char b[1000];return b;} void operator delete(void*){} }; void*h; };
gen f(int n){ for(int i=0;i<n;i++) co_yield i; }
int g(){ gen c=f(4); int s=0; while(!__builtin_coro_done(c.h)){ __builtin_coro_resume(c.h); s+=((gen::promise_type*)__builtin_coro_promise(c.h,8,false))->v;} return s; }
#endif
