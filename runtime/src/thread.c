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

#define TICK_MS 5
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
static struct sigaction previous_actions[FAULT_SIGNALS];
static pthread_mutex_t install_lock = PTHREAD_MUTEX_INITIALIZER;
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
	return address - (uint64_t)(uintptr_t)cell->nf->text < cell->nf->text_length;
}

static uint64_t get_register(const ucontext_t *context, int number)
{
	return (uint64_t)context->uc_mcontext.gregs[number];
}

/* Makes the interrupted thread go on in rf_unwind, which trusts only rdi. */
static void leave(ucontext_t *context, struct rf_cell *cell)
{
	context->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)rf_unwind;
	context->uc_mcontext.gregs[REG_RDI] = (greg_t)(uintptr_t)&cell->context;
}

/*
 * Not a cell's: whoever handled this signal before us does so now. Where that
 * was the kernel's default, it is again: the instruction runs again, a signal
 * that was sent is sent again, and the process ends.
 */
static void pass_on(int number, siginfo_t *info, void *context)
{
	const struct sigaction *previous = &previous_actions[0];
	for (size_t i = 0; i < FAULT_SIGNALS; i++)
		if (fault_signals[i] == number)
			previous = &previous_actions[i];
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

static void on_fault(int number, siginfo_t *info, void *argument)
{
	ucontext_t *context = argument;
	struct rf_cell *cell = thread.cell;
	/* A breakpoint leaves rip one byte behind itself. */
	const uint64_t at = get_register(context, REG_RIP) - (number == SIGTRAP ? 1 : 0);
	/* si_code <= 0: sent by a process, not raised by an instruction. */
	if (cell == NULL || info->si_code <= 0 || !in_text(cell, at)) {
		pass_on(number, info, context);
		return;
	}
	/* Bit 1 of a page fault's error code: SDM volume 3, 4.7. */
	const bool write = (get_register(context, REG_ERR) & 2) != 0;
	rf_fault_classify(cell, number, info->si_code, at, (uint64_t)(uintptr_t)info->si_addr, write,
	                  &cell->fault);
	leave(context, cell);
}

static void on_tick(int number, siginfo_t *info, void *argument)
{
	(void)number;
	(void)info;
	ucontext_t *context = argument;
	struct rf_cell *cell = thread.cell;
	if (cell == NULL)
		return;
	if (thread.seen != thread.sequence) {
		thread.seen = thread.sequence;
		thread.ticks = 0;
		return;
	}
	if (++thread.ticks < thread.ticks_allowed)
		return;
	const uint64_t rip = get_register(context, REG_RIP);
	if (!in_text(cell, rip)) {
		/* In a host call: its end looks at this. */
		thread.overdue = 1;
		return;
	}
	cell->fault = (struct rf_fault){
	    .kind = RF_FAULT_TIMEOUT,
	    .text_address =
	        (uint32_t)(rip - (uint64_t)(uintptr_t)cell->nf->text) + cell->nf->image.text.address,
	};
	leave(context, cell);
}

static bool handle(int number, void (*handler)(int, siginfo_t *, void *), struct sigaction *previous)
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
	sigfillset(&action.sa_mask);
	/* A fault inside a handler must end the process, not be blocked. */
	for (size_t i = 0; i < FAULT_SIGNALS; i++)
		sigdelset(&action.sa_mask, fault_signals[i]);
	return sigaction(number, &action, previous) == 0;
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

static bool install_handlers(void)
{
	pthread_mutex_lock(&install_lock);
	bool good = true;
	for (size_t i = 0; !installed && good && i < FAULT_SIGNALS; i++)
		good = handle(fault_signals[i], on_fault, &previous_actions[i]);
	if (!installed && good)
		good = handle(TICK_SIGNAL, on_tick, NULL);
	installed = installed || good;
	pthread_mutex_unlock(&install_lock);
	return good;
}

static bool make_signal_stack(void)
{
	/* A guard page below it, so that an overflow of ours ends the process. */
	uint8_t *memory =
	    mmap(NULL, RF_PAGE_SIZE + SIGNAL_STACK_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return false;
	const stack_t stack = {.ss_sp = memory + RF_PAGE_SIZE, .ss_size = SIGNAL_STACK_SIZE};
	if (mprotect(stack.ss_sp, SIGNAL_STACK_SIZE, PROT_READ | PROT_WRITE) != 0 ||
	    sigaltstack(&stack, &thread.previous_stack) != 0) {
		munmap(memory, RF_PAGE_SIZE + SIGNAL_STACK_SIZE);
		return false;
	}
	thread.signal_stack = memory;
	return true;
}

static void drop_signal_stack(void)
{
	sigaltstack(&thread.previous_stack, NULL);
	munmap(thread.signal_stack, RF_PAGE_SIZE + SIGNAL_STACK_SIZE);
}

static bool start_timer(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = TICK_SIGNAL};
	event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
	if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &thread.timer) != 0)
		return false;
	const struct timespec period = {.tv_nsec = TICK_MS * 1000000};
	const struct itimerspec when = {.it_interval = period, .it_value = period};
	if (timer_settime(thread.timer, 0, &when, NULL) == 0)
		return true;
	timer_delete(thread.timer);
	return false;
}

enum rf_status rf_thread_begin(struct rf_error *error)
{
	if (thread.prepared)
		return RF_OK;
	if (!install_handlers() || !unblock_signals() || !make_signal_stack())
		return rf_fail(error, RF_ERR_SYSTEM, "cannot handle signals on this thread: %s",
		               strerror(errno));
	if (!start_timer()) {
		const int cause = errno;
		drop_signal_stack();
		return rf_fail(error, RF_ERR_SYSTEM, "cannot start a timer: %s", strerror(cause));
	}
	thread.prepared = true;
	return RF_OK;
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
		/* Without handlers the first fault would end the process: refuse instead. */
		cell->fault = (struct rf_fault){.kind = RF_FAULT_NOT_STARTED};
		return false;
	}
	/* Mostly the same as last time; a store would delay the call, which reads it through the other
	 * mapping. */
	if (cell->entered != function) {
		cell->entered = function;
		cell->space.control->entry = rf_nf_text(cell->nf, function);
	}
	thread.ticks_allowed = budget_ms / TICK_MS + 1;
	thread.overdue = 0;
	thread.sequence++;
	thread.cell = cell;
	const struct rf_left left = rf_enter(&cell->context, argument);
	thread.cell = NULL;
	if (left.how != RF_LEFT_BY_RETURN)
		return false;
	*result = (uint32_t)left.result;
	return true;
}
