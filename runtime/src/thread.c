/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containment: what a thread needs so that a fault or a hang inside a cell
 * ends the call and nothing else.
 *
 * A signal is the cell's only if this thread is in a cell and rip is in that
 * cell's text: then the kernel is told to resume in rf_unwind. Any other
 * fault is the host's own and goes to whoever handled it before us.
 *
 * A hang is found by a timer on the thread's CPU time (a cell cannot block,
 * so a cell that hangs burns it; a machine under load does not). A call costs
 * no system call: it counts `sequence` up, and the tick looks whether that
 * stands still.
 */
#define _GNU_SOURCE
#include "cell_impl.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

/* A tick costs the cell it interrupts some 30 us on a virtual machine: no more of them than the budgets need.
 */
#define TICK_MIN_MS 5u
#define TICK_MAX_MS 20u
#define TICKS_PER_BUDGET 5u
#define SIGNAL_STACK_SIZE ((size_t)128 << 10)
#define TICK_SIGNAL (SIGRTMIN + 3)

/* glibc 2.36 has no name for this member. */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static _Thread_local struct {
	bool prepared;
	void *signal_stack;
	stack_t previous_stack;
	timer_t timer;
	uint32_t tick_ms;   /* the timer's period: what the smallest budget so far asks for */
	uint32_t budget_ms; /* that ticks_allowed stands for; 0 at first */
	/* Read by the handlers of this same thread, hence volatile and nothing more. */
	struct rf_cell *volatile cell;
	volatile uint64_t sequence;
	volatile uint32_t ticks_allowed;
	volatile sig_atomic_t overdue;
	/* The tick's own. */
	uint64_t seen;
	uint32_t ticks;
} thread;

static const int fault_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
#define FAULT_SIGNALS (sizeof(fault_signals) / sizeof(fault_signals[0]))
/* By signal number. */
static struct sigaction previous_actions[NSIG];
static bool installed;

struct rf_cell *rf_thread_cell(void)
{
	return thread.cell;
}

bool rf_thread_overdue(void)
{
	return thread.overdue != 0;
}

static bool in_text(const struct rf_cell *cell, uint64_t address)
{
	return cell != NULL && address - (uint64_t)(uintptr_t)cell->nf->text < cell->nf->text_length;
}

/* Makes the interrupted thread go on in rf_unwind, which trusts only rdi. */
static void leave(greg_t *registers, struct rf_cell *cell)
{
	registers[REG_RIP] = (greg_t)(uintptr_t)rf_unwind;
	registers[REG_RDI] = (greg_t)(uintptr_t)&cell->context;
}

/*
 * Not a cell's: whoever handled this signal before us does so now. Where that
 * was the kernel's default, it is again: the instruction runs again, a signal
 * that was sent is sent again, and the process ends.
 */
static void pass_on(int number, siginfo_t *info, void *context)
{
	const struct sigaction *previous = &previous_actions[number];
	if (previous->sa_flags & SA_SIGINFO) {
		previous->sa_sigaction(number, info, context);
	} else if (previous->sa_handler != SIG_DFL && previous->sa_handler != SIG_IGN) {
		previous->sa_handler(number);
	} else if (previous->sa_handler == SIG_DFL || info->si_code > 0) {
		signal(number, SIG_DFL);
		if (info->si_code <= 0)
			raise(number);
	}
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
	struct rf_cell *cell = thread.cell;
	/* A breakpoint leaves rip one byte behind itself. */
	const uint64_t at = (uint64_t)registers[REG_RIP] - (number == SIGTRAP ? 1 : 0);
	/* si_code <= 0: sent by a process, not raised by an instruction. */
	if (info->si_code <= 0 || !in_text(cell, at)) {
		pass_on(number, info, context);
		return;
	}
	/* Bit 1 of a page fault's error code: SDM volume 3, 4.7. */
	const bool write = (registers[REG_ERR] & 2) != 0;
	rf_fault_classify(cell, number, info->si_code, at, (uint64_t)(uintptr_t)info->si_addr, write,
	                  &cell->fault);
	leave(registers, cell);
}

static void on_tick(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
	struct rf_cell *cell = thread.cell;
	if (thread.seen != thread.sequence) {
		thread.seen = thread.sequence;
		thread.ticks = 0;
		return;
	}
	if (cell == NULL || ++thread.ticks < thread.ticks_allowed)
		return;
	const uint64_t at = (uint64_t)registers[REG_RIP];
	if (!in_text(cell, at)) {
		/* In a host call: its end looks at this. */
		thread.overdue = 1;
		return;
	}
	cell->fault = (struct rf_fault){
	    .kind = RF_FAULT_TIMEOUT,
	    .text_address =
	        (uint32_t)(at - (uint64_t)(uintptr_t)cell->nf->text) + cell->nf->image.text.address,
	};
	leave(registers, cell);
}

static bool handle(int number, void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
	sigfillset(&action.sa_mask);
	/* A fault inside a handler must end the process, not be blocked. */
	for (size_t i = 0; i < FAULT_SIGNALS; i++)
		sigdelset(&action.sa_mask, fault_signals[i]);
	return sigaction(number, &action, &previous_actions[number]) == 0;
}

/* Once for the process. */
static void install_handlers(void)
{
	installed = handle(TICK_SIGNAL, on_tick);
	for (size_t i = 0; installed && i < FAULT_SIGNALS; i++)
		installed = handle(fault_signals[i], on_fault);
}

/* A thread may have been started with signals blocked; ours must come through. */
static bool unblock_signals(void)
{
	sigset_t ours;
	sigemptyset(&ours);
	sigaddset(&ours, TICK_SIGNAL);
	for (size_t i = 0; i < FAULT_SIGNALS; i++)
		sigaddset(&ours, fault_signals[i]);
	return pthread_sigmask(SIG_UNBLOCK, &ours, NULL) == 0;
}

/* A guard page below it, so that an overflow of ours ends the process. */
static bool make_signal_stack(void)
{
	thread.signal_stack =
	    mmap(NULL, RF_PAGE_SIZE + SIGNAL_STACK_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (thread.signal_stack == MAP_FAILED)
		return false;
	const stack_t stack = {.ss_sp = (uint8_t *)thread.signal_stack + RF_PAGE_SIZE,
	                       .ss_size = SIGNAL_STACK_SIZE};
	if (mprotect(stack.ss_sp, SIGNAL_STACK_SIZE, PROT_READ | PROT_WRITE) == 0 &&
	    sigaltstack(&stack, &thread.previous_stack) == 0)
		return true;
	munmap(thread.signal_stack, RF_PAGE_SIZE + SIGNAL_STACK_SIZE);
	return false;
}

static void drop_signal_stack(void)
{
	sigaltstack(&thread.previous_stack, NULL);
	munmap(thread.signal_stack, RF_PAGE_SIZE + SIGNAL_STACK_SIZE);
}

static bool set_timer(uint32_t tick_ms)
{
	const struct timespec period = {.tv_nsec = (long)tick_ms * 1000000};
	const struct itimerspec when = {.it_interval = period, .it_value = period};
	return timer_settime(thread.timer, 0, &when, NULL) == 0;
}

static bool start_timer(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = TICK_SIGNAL};
	event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
	if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &thread.timer) != 0)
		return false;
	thread.tick_ms = TICK_MAX_MS;
	thread.budget_ms = 0;
	if (set_timer(TICK_MAX_MS))
		return true;
	timer_delete(thread.timer);
	return false;
}

static void set_budget(uint32_t budget_ms)
{
	const uint32_t fine = budget_ms / TICKS_PER_BUDGET;
	const uint32_t tick_ms = fine > TICK_MIN_MS ? fine : TICK_MIN_MS;
	/* Were it refused, which another period of the same timer is not, the old one would go on. */
	if (tick_ms < thread.tick_ms && set_timer(tick_ms))
		thread.tick_ms = tick_ms;
	/* The first tick only sees that the call has begun. */
	thread.ticks_allowed = (budget_ms + thread.tick_ms - 1) / thread.tick_ms;
	thread.budget_ms = budget_ms;
}

enum rf_status rf_thread_begin(struct rf_error *error)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	if (thread.prepared)
		return RF_OK;
	pthread_once(&once, install_handlers);
	if (installed && unblock_signals() && make_signal_stack()) {
		thread.prepared = start_timer();
		if (thread.prepared)
			return RF_OK;
		drop_signal_stack();
	}
	return rf_fail(error, RF_ERR_SYSTEM, "cannot prepare this thread for faults and hangs of cells: %s",
	               strerror(errno));
}

void rf_thread_end(void)
{
	if (!thread.prepared)
		return;
	timer_delete(thread.timer);
	drop_signal_stack();
	thread.prepared = false;
}

bool rf_thread_run(struct rf_cell *cell, uint32_t function, uint32_t argument, uint32_t budget_ms,
                   uint32_t *result)
{
	if (!thread.prepared || thread.cell != NULL) {
		/* Without handlers the first fault would end the process. */
		cell->fault = (struct rf_fault){.kind = RF_FAULT_NOT_STARTED};
		return false;
	}
	/* Mostly the same as last time; a store would delay the call, which reads it through the other
	 * mapping. */
	if (cell->entered != function) {
		cell->entered = function;
		cell->space.control->entry = rf_nf_text(cell->nf, function);
	}
	if (thread.budget_ms != budget_ms)
		set_budget(budget_ms);
	thread.overdue = 0;
	thread.sequence++;
	thread.cell = cell;
	const struct rf_outcome outcome = rf_enter(&cell->context, argument);
	thread.cell = NULL;
	*result = (uint32_t)outcome.result;
	return outcome.failed == 0;
}
