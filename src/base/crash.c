/* SPDX-License-Identifier: Apache-2.0 */
/* The last words of a process that has met a bug. All that they need is made ready beforehand: the build id is read,
 * the unwinder is loaded, each thread of ours has a stack for the handler, and no thread blocks the signals.
 * Invariants: the handler calls async-signal-safe functions only, allocates nothing and takes no lock; it runs once,
 * and a fault inside it ends the process at once. */
#include "base/crash.h"

#include <elf.h>
#include <execinfo.h>
#include <link.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"

#define STACK_BYTES (64 << 10)
#define FRAMES 24
#define HANDS 64
#define LINE_BYTES 512
#define GIVE_UP_S 10
#define BUILD_ID_BYTES 32

static const struct {
	int number;
	const char *name;
} signals[] = {
	{ SIGSEGV, "SIGSEGV" }, { SIGBUS, "SIGBUS" }, { SIGABRT, "SIGABRT" },
	{ SIGILL, "SIGILL" },   { SIGFPE, "SIGFPE" },
};
#define N_SIGNALS (sizeof(signals) / sizeof(signals[0]))

static struct {
	const struct crash_hand *hand;
	void (*place)(const void *what, const char **topic, int32_t *partition);
} hands[HANDS];
static char build_id[2 * BUILD_ID_BYTES + 1];
static atomic_int crashing; /* the thread that does */

/* Made without the C library's printers. What does not fit is left out. */
struct line {
	char text[LINE_BYTES];
	size_t len;
};

static void say(struct line *l, const char *s)
{
	while (*s != '\0' && l->len < LINE_BYTES)
		l->text[l->len++] = *s++;
}

static void say_number(struct line *l, uint64_t n, unsigned base)
{
	char digits[24];
	size_t at = sizeof(digits) - 1;

	digits[at] = '\0';
	do {
		digits[--at] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n > 0);
	say(l, digits + at);
}

static void tell_signal(int number, const siginfo_t *info)
{
	struct line l = { .len = 0 };
	char thread[16] = "";

	say(&l, "kafka2s3 " KAFKA2S3_VERSION " crashed: signal ");
	say_number(&l, (uint64_t)number, 10);
	for (size_t i = 0; i < N_SIGNALS; i++) {
		if (signals[i].number != number)
			continue;
		say(&l, " (");
		say(&l, signals[i].name);
		say(&l, ")");
	}
	if (info->si_code > 0 && number != SIGABRT) {
		say(&l, " at address 0x");
		say_number(&l, (uint64_t)(uintptr_t)info->si_addr, 16);
	} else if ((info->si_code == SI_USER || info->si_code == SI_TKILL) && info->si_pid != getpid()) {
		say(&l, " sent by process ");
		say_number(&l, (uint64_t)info->si_pid, 10);
	}
	prctl(PR_GET_NAME, thread);
	say(&l, ", thread ");
	say(&l, thread);
	say(&l, ", build id ");
	say(&l, build_id);
	log_last_words(l.text, l.len);
}

static void say_place(struct line *l, const char *topic, int32_t partition, int64_t offset, const char *between)
{
	say(l, topic);
	say(l, between);
	say_number(l, (uint64_t)partition, 10);
	say(l, between[0] == ':' ? ":" : " offset ");
	say_number(l, (uint64_t)offset, 10);
}

/* What is in the journal then is what kafka.skip wants. */
static void tell_hand(size_t i)
{
	const struct crash_hand hand = *hands[i].hand;
	struct line l = { .len = 0 };
	int32_t partition;
	const char *topic;

	if (hand.what == NULL)
		return;
	hands[i].place(hand.what, &topic, &partition);
	say(&l, "kafka2s3 had in hand: topic ");
	say_place(&l, topic, partition, hand.offset, " partition ");
	say(&l, "; if it crashes there each time: kafka.skip = [ \"");
	say_place(&l, topic, partition, hand.offset, ":");
	say(&l, "\" ]");
	log_last_words(l.text, l.len);
}

static void die_of(int number)
{
	sigset_t set;

	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	raise(number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	_exit(128 + number); /* process 1 does not die of signals that it sends itself */
}

static void on_crash(int number, siginfo_t *info, void *context)
{
	void *frames[FRAMES];
	int nobody = 0;

	(void)context;
	if (!atomic_compare_exchange_strong(&crashing, &nobody, gettid())) {
		if (nobody == gettid())
			die_of(number);
		for (;;)
			pause();
	}
	alarm(GIVE_UP_S);
	tell_signal(number, info);
	for (size_t i = 0; i < HANDS; i++) {
		if (hands[i].hand != NULL)
			tell_hand(i);
	}
	backtrace_symbols_fd(frames, backtrace(frames, FRAMES), STDERR_FILENO);
	die_of(number);
}

/* The program comes first; one note of it is the linker's. */
static int read_build_id(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &info->dlpi_phdr[i];
		const char *at = (const char *)info->dlpi_addr + h->p_vaddr, *end = at + h->p_memsz;

		while (h->p_type == PT_NOTE && (size_t)(end - at) > sizeof(ElfW(Nhdr))) {
			const ElfW(Nhdr) *note = (const void *)at;
			const char *name = at + sizeof(*note), *id = name + ((note->n_namesz + 3) & ~3U);

			if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && memcmp(name, "GNU", 4) == 0 &&
			    note->n_descsz <= BUILD_ID_BYTES)
				text_hex(id, note->n_descsz, build_id);
			at = id + ((note->n_descsz + 3) & ~3U);
		}
	}
	return 1;
}

const char *crash_build_id(void)
{
	if (build_id[0] == '\0')
		dl_iterate_phdr(read_build_id, NULL);
	return build_id;
}

void crash_stack(void)
{
	stack_t stack = { .ss_size = STACK_BYTES };

	if (!CRASH_IS_OURS)
		return;
	/* cppcheck-suppress invalidFunctionArg ; no file */
	stack.ss_sp = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stack.ss_sp != MAP_FAILED)
		sigaltstack(&stack, NULL);
}

void crash_unblock(void)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < N_SIGNALS; i++)
		sigaddset(&set, signals[i].number);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* 1 is less than any core has, and the one limit that also keeps the kernel from piping one to a program: it looks at
 * no other there (core(5), do_coredump). Refused where the hard limit is 0, which leaves no file either. */
static void forbid_core(void)
{
	const struct rlimit limit = { 1, 1 };

	setrlimit(RLIMIT_CORE, &limit);
}

void crash_install(void)
{
	struct sigaction action = { .sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	void *frames[1];

	forbid_core();
	if (!CRASH_IS_OURS)
		return;
	crash_build_id();
	backtrace(frames, 1); /* loads the unwinder, which allocates */
	crash_stack();
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < N_SIGNALS; i++)
		sigaction(signals[i].number, &action, NULL);
}

void crash_watch(const struct crash_hand *hand, void (*place)(const void *what, const char **topic, int32_t *partition))
{
	for (size_t i = 0; i < HANDS; i++) {
		if (hands[i].hand != NULL)
			continue;
		hands[i].place = place;
		hands[i].hand = hand;
		return;
	}
}

void crash_forget(const struct crash_hand *hand)
{
	for (size_t i = 0; i < HANDS; i++) {
		if (hands[i].hand == hand)
			hands[i].hand = NULL;
	}
}
