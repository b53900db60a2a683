/* SPDX-License-Identifier: Apache-2.0 */
/* What a service manager hears, by a socket of the test's own, and when. */

#include "daemon/notify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/log.h"

#define START 500000
#define TIMEOUT 30000
#define WATCHDOG_MS 60000

struct bench {
	int fd;
	struct notify notify;
	struct notify_state state;
	int64_t now;
};

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char name[64];
	int len = snprintf(name, sizeof(name), "@kafka2s3-test-notify-%d", (int)getpid());

	memcpy(address.sun_path + 1, name + 1, (size_t)len - 1); /* an abstract one */
	b->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(b->fd >= 0);
	assert_int_equal(bind(b->fd, (const void *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len)),
			 0);
	setenv("NOTIFY_SOCKET", name, 1);
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	log_set_level(LOG_LEVEL_ERROR);
	b->now = START;
	b->state.alive = true;
	snprintf(b->state.status, sizeof(b->state.status), "waits for the test");
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	close(b->fd);
	free(b);
	return 0;
}

/* The oldest message that was sent; "" when there is none. */
static const char *heard(struct bench *b)
{
	static char text[2048];
	ssize_t n = recv(b->fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void begin(struct bench *b)
{
	notify_begin(&b->notify, TIMEOUT, b->now);
	assert_string_equal(heard(b), "STATUS=starting");
}

static void turn_after(struct bench *b, int64_t ms)
{
	b->now += ms;
	notify_turn(&b->notify, &b->state, b->now);
}

static void ready_when_all_is_there(void **state)
{
	struct bench *b = *state;

	begin(b);
	turn_after(b, 200);
	assert_string_equal(heard(b), "STATUS=waits for the test");
	b->state.started = true;
	snprintf(b->state.status, sizeof(b->state.status), "lands");
	turn_after(b, 200);
	assert_string_equal(heard(b), "READY=1\nSTATUS=lands");
	for (int i = 0; i < 5; i++)
		turn_after(b, 200);
	assert_string_equal(heard(b), ""); /* fresh every few seconds, not more */
	turn_after(b, 1000);
	assert_string_equal(heard(b), "STATUS=lands");
	b->state.started = false; /* READY is for ever */
	turn_after(b, 2 * TIMEOUT);
	assert_string_equal(heard(b), "STATUS=lands");
	assert_string_equal(heard(b), "");
}

static void ready_by_the_timeout_whatever_is_missing(void **state)
{
	struct bench *b = *state;
	int statuses = 0, readies = 0;
	int64_t until = b->now + TIMEOUT;

	begin(b);
	while (b->now < until) {
		const char *text;

		turn_after(b, 200);
		while ((text = heard(b))[0] != '\0') {
			if (strcmp(text, "READY=1\nSTATUS=waits for the test") == 0) {
				assert_true(b->now >= until);
				readies++;
			} else {
				assert_string_equal(text, "STATUS=waits for the test");
				statuses++;
			}
		}
	}
	assert_int_equal(readies, 1);
	assert_in_range(statuses, TIMEOUT / 5000, TIMEOUT / 1000);
}

static void at_once_without_a_timeout(void **state)
{
	struct bench *b = *state;

	notify_begin(&b->notify, 0, b->now);
	heard(b);
	turn_after(b, 0);
	assert_string_equal(heard(b), "READY=1\nSTATUS=waits for the test");
}

/* Signs of life in the next n ms of turns. */
static int signs_in(struct bench *b, int64_t ms)
{
	int64_t until = b->now + ms;
	int signs = 0;

	while (b->now < until) {
		const char *text;

		turn_after(b, 200);
		while ((text = heard(b))[0] != '\0')
			signs += strcmp(text, "WATCHDOG=1") == 0;
	}
	return signs;
}

static void signs_of_life_only_while_alive(void **state)
{
	struct bench *b = *state;
	char usec[32];

	begin(b);
	assert_int_equal(signs_in(b, WATCHDOG_MS), 0); /* nobody has asked for them */
	snprintf(usec, sizeof(usec), "%d000", WATCHDOG_MS);
	setenv("WATCHDOG_USEC", usec, 1);
	begin(b);
	assert_in_range(signs_in(b, WATCHDOG_MS), 2, 10);
	b->state.alive = false;
	assert_int_equal(signs_in(b, 2 * WATCHDOG_MS), 0);
	b->state.alive = true;
	assert_in_range(signs_in(b, 200), 1, 1);
	unsetenv("WATCHDOG_USEC");
}

static void a_reload_has_a_beginning_and_an_end(void **state)
{
	struct bench *b = *state;
	unsigned long long usec;

	begin(b);
	notify_reloading(&b->notify);
	assert_string_equal(heard(b), ""); /* READY would end the start */
	notify_reloaded(&b->notify, "fine", b->now);
	assert_string_equal(heard(b), "STATUS=fine");
	b->state.started = true;
	turn_after(b, 200);
	heard(b);
	notify_reloading(&b->notify);
	assert_int_equal(sscanf(heard(b), "RELOADING=1\nMONOTONIC_USEC=%llu\n", &usec), 1);
	assert_true(usec > 0);
	notify_reloaded(&b->notify, "the settings are in force", b->now);
	assert_string_equal(heard(b), "READY=1\nSTATUS=the settings are in force");
	turn_after(b, 1000);
	assert_string_equal(heard(b), ""); /* it stands for a moment */
	notify_stopping("sealing");
	assert_string_equal(heard(b), "STOPPING=1\nSTATUS=sealing");
}

/* Others' words, such as those of an error from S3, are in it. */
static void a_status_is_one_line(void **state)
{
	struct bench *b = *state;

	begin(b);
	snprintf(b->state.status, sizeof(b->state.status), "says \"no\nWATCHDOG=1\r\n\"");
	turn_after(b, 200);
	assert_string_equal(heard(b), "STATUS=says \"no WATCHDOG=1  \"");
}

static void nobody_listens(void **state)
{
	struct bench *b = *state;

	unsetenv("NOTIFY_SOCKET");
	notify_begin(&b->notify, TIMEOUT, b->now);
	b->state.started = true;
	turn_after(b, 200);
	notify_reloading(&b->notify);
	notify_reloaded(&b->notify, "fine", b->now);
	notify_stopping("sealing");
	assert_true(b->notify.ready);
	assert_string_equal(heard(b), "");
}

#define notify_test(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		notify_test(ready_when_all_is_there),
		notify_test(ready_by_the_timeout_whatever_is_missing),
		notify_test(at_once_without_a_timeout),
		notify_test(signs_of_life_only_while_alive),
		notify_test(a_reload_has_a_beginning_and_an_end),
		notify_test(a_status_is_one_line),
		notify_test(nobody_listens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
