/* SPDX-License-Identifier: Apache-2.0 */
/* What a child that crashes writes, and how it ends. Where a sanitizer has the signals, that they are left to it. */

#include "base/crash.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static char output[16384];

/* Let a child do it, which may leave a core as far as we may; its wait status, and what it wrote in output. */
static int in_child(void (*deed)(void))
{
	const struct rlimit none = { 0, 0 };
	struct rlimit core;
	int fds[2], status;
	size_t n = 0;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		close(fds[1]);
		getrlimit(RLIMIT_CORE, &core);
		core.rlim_cur = core.rlim_max;
		setrlimit(RLIMIT_CORE, &core);
		crash_install();
		if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur > 1 || core.rlim_max > 1)
			_exit(1);
		setrlimit(RLIMIT_CORE, &none); /* valgrind and qemu write theirs at 1 */
		deed();
		_exit(0);
	}
	close(fds[1]);
	while ((got = read(fds[0], output + n, sizeof(output) - 1 - n)) > 0)
		n += (size_t)got;
	output[n] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void do_nothing(void)
{
}

static void a_core_is_forbidden(void **state)
{
	int status = in_child(do_nothing);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#if CRASH_IS_OURS

struct place {
	const char *topic;
	int32_t partition;
};

static void place_of(const void *what, const char **topic, int32_t *partition)
{
	const struct place *p = what;

	*topic = p->topic;
	*partition = p->partition;
}

static void must_say(const char *text)
{
	if (strstr(output, text) == NULL)
		fail_msg("\"%s\" is not in: %s", text, output);
}

static volatile uintptr_t nowhere = 16; /* the compiler knows nothing of it */

static void fault(void)
{
	pthread_setname_np(pthread_self(), "faulty");
	*(volatile int *)nowhere = 1;
}

static void a_fault_is_told(void **state)
{
	int status = in_child(fault);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
	must_say("kafka2s3 " KAFKA2S3_VERSION
		 " crashed: signal 11 (SIGSEGV) at address 0x10, thread faulty, build id ");
	must_say(crash_build_id());
	must_say("test_crash(+0x"); /* a frame of ours */
	assert_null(strstr(output, "in hand"));
}

static void fault_where_all_is_blocked(void)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	crash_unblock();
	fault();
}

static void a_fault_in_a_thread_that_was_unblocked_is_told(void **state)
{
	int status = in_child(fault_where_all_is_blocked);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
	must_say("signal 11 (SIGSEGV) at address 0x10");
}

static void fault_with_hands(void)
{
	static const struct place first = { "stock_market", 3 }, second = { "other", 0 };
	static const struct crash_hand hands[] = {
		{ &first, 17 }, { NULL, 18 }, { &second, 9007199254740993 }, { &first, 5 }
	};

	for (int i = 0; i < 4; i++)
		crash_watch(&hands[i], place_of);
	crash_forget(&hands[3]);
	raise(SIGABRT);
}

static void what_was_in_hand_is_told(void **state)
{
	int status = in_child(fault_with_hands);
	int told = 0;

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	must_say("signal 6 (SIGABRT)");
	must_say("had in hand: topic stock_market partition 3 offset 17; if it crashes there each time: "
		 "kafka.skip = [ \"stock_market:3:17\" ]\n");
	must_say("\"other:0:9007199254740993\"");
	for (const char *at = output; (at = strstr(at, "had in hand")) != NULL; at++)
		told++;
	assert_int_equal(told, 2);
}

/* A crash inside the handler must not keep it from dying. */
static void place_is_bad(const void *what, const char **topic, int32_t *partition)
{
	(void)what;
	(void)partition;
	*topic = "";
	fault();
}

static void fault_twice(void)
{
	static const struct crash_hand hand = { output, 1 };

	crash_watch(&hand, place_is_bad);
	raise(SIGBUS);
}

static void a_fault_while_telling_ends_it(void **state)
{
	int status = in_child(fault_twice);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_true(WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS);
	must_say("signal 7 (SIGBUS)");
}

/* Ever deeper, and the compiler cannot make a loop of it. */
static int deeper(volatile int *p)
{
	volatile char room[4096];

	room[0] = (char)*p;
	(*p)++;
	return *p > 0 ? deeper(p) + room[0] : 0;
}

static void *overflow(void *arg)
{
	volatile int n = 0;

	(void)arg;
	crash_stack();
	deeper(&n);
	return NULL;
}

static void overflow_in_a_thread(void)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 << 10);
	if (pthread_create(&thread, &attr, overflow, NULL) != 0)
		_exit(1);
	pthread_join(thread, NULL);
}

static void an_overflow_of_the_stack_is_told(void **state)
{
	int status = in_child(overflow_in_a_thread);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
	must_say("signal 11 (SIGSEGV) at address 0x");
}

#else

static void look_at_the_signals(void)
{
	struct sigaction action;

	/* No sanitizer takes this one by itself. */
	if (sigaction(SIGABRT, NULL, &action) != 0 || action.sa_handler != SIG_DFL)
		_exit(1);
}

static void the_signals_are_left_alone(void **state)
{
	int status = in_child(look_at_the_signals);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#endif

static void the_build_has_an_id(void **state)
{
	(void)state;
	assert_int_equal(strlen(crash_build_id()), 40);
	assert_int_equal(strspn(crash_build_id(), "0123456789abcdef"), 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_build_has_an_id),
		cmocka_unit_test(a_core_is_forbidden),
#if CRASH_IS_OURS
		cmocka_unit_test(a_fault_is_told),
		cmocka_unit_test(a_fault_in_a_thread_that_was_unblocked_is_told),
		cmocka_unit_test(what_was_in_hand_is_told),
		cmocka_unit_test(a_fault_while_telling_ends_it),
		cmocka_unit_test(an_overflow_of_the_stack_is_told),
#else
		cmocka_unit_test(the_signals_are_left_alone),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
