/* SPDX-License-Identifier: Apache-2.0 */
/* What a person sees on a terminal: a line an event, with time and level, and nothing below the level that is asked.
 * And what the journal gets, one that hangs included: nobody waits for it, and what was lost is told. */
#include "base/log.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#define THREADS 4
#define LINES 100

static char said[1 << 18];

static void speak(void)
{
	log_debug("not %d", 1);
	log_info("a text of %d words and a \"name\"", 7);
	log_plain(LOG_LEVEL_WARNING, LOG_FIELDS(LOG_TEXT("TOPIC", "a field")), "beware");
	log_warning("kafka: no \"%s\"", "\033[2Ja\n2026-01-01T00:00:00.000Z error   forged");
	log_error("%0*d", 4000, 0);
}

/* What it writes to stderr; what repeats is told at its end. */
static void listen_to(void (*speaker)(void))
{
	int file = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), kept = dup(STDERR_FILENO);
	ssize_t n;

	assert_true(file >= 0 && kept >= 0);
	dup2(file, STDERR_FILENO);
	speaker();
	log_close();
	fflush(stderr);
	dup2(kept, STDERR_FILENO);
	n = pread(file, said, sizeof(said) - 1, 0);
	assert_true(n >= 0);
	said[n] = '\0';
	close(kept);
	close(file);
}

static void test_lines(void **state)
{
	static const char pattern[] = "^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z info    "
				      "a text of 7 words and a \"name\"\n"
				      "20[^ ]+Z warning beware\n"
				      "20[^ ]+Z warning kafka: no \"\\\\x1b\\[2Ja\\\\x0a2026[^\n]*forged\"\n"
				      "20[^ ]+Z error   0+\n$";
	regex_t regex;

	(void)state;
	listen_to(speak);
	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&regex, said, 0, NULL, 0) != 0)
		fail_msg("said: %.300s", said);
	regfree(&regex);
	assert_true(strlen(said) < 3000); /* the long one is cut, and still ends its line */
}

static void test_levels(void **state)
{
	enum log_level level;

	(void)state;
	assert_int_equal(log_level_parse("error", &level), 0);
	log_set_level(level);
	listen_to(speak);
	assert_null(strstr(said, "beware"));
	assert_non_null(strstr(said, " error "));
	assert_int_equal(log_level_parse("debug", &level), 0);
	log_set_level(level);
	listen_to(speak);
	assert_non_null(strstr(said, " debug   not 1\n"));
	log_set_level(LOG_LEVEL_INFO);
	assert_int_equal(log_level_parse("loud", &level), -1);
}

/* Whatever a service starts inherits the variable; the journal listens only if stderr still is that stream. */
static void test_another_stream_than_the_journals(void **state)
{
	(void)state;
	setenv("JOURNAL_STREAM", "8:1", 1);
	listen_to(speak);
	unsetenv("JOURNAL_STREAM");
	assert_non_null(strstr(said, "beware"));
}

static void speak_again(void)
{
	for (int i = 0; i < 3; i++) {
		log_event(MESSAGE_S3_AWAY, LOG_FIELDS(LOG_TEXT("S3_BUCKET", "b")), "waits for S3");
		log_event(MESSAGE_S3_BACK, LOG_FIELDS(LOG_TEXT("S3_BUCKET", "b")), "S3 takes again");
	}
}

static int count(const char *what)
{
	int n = 0;

	for (const char *at = said; (at = strstr(at, what)) != NULL; at++)
		n++;
	return n;
}

static void test_warnings_that_repeat_are_counted(void **state)
{
	(void)state;
	listen_to(speak_again);
	assert_int_equal(count(" warning waits for S3\n"), 1);
	assert_int_equal(count(" warning waits for S3 (2 more times)\n"), 1);
	assert_int_equal(count(" info    S3 takes again\n"), 3);
}

static void *speak_much(void *arg)
{
	for (int i = 0; i < LINES; i++)
		log_event(MESSAGE_ASSIGNED, LOG_FIELDS(LOG_NUMBER("PARTITIONS", i)), "thread %s says %d and no more",
			  (const char *)arg, i);
	return NULL;
}

static void speak_together(void)
{
	static char names[THREADS][2] = { "a", "b", "c", "d" };
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, speak_much, names[i]), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void test_lines_of_threads_do_not_mix(void **state)
{
	static const char pattern[] = "^20[^ ]+Z info    thread [a-d] says [0-9]+ and no more$";
	char *at = said, *end;
	regex_t regex;

	(void)state;
	listen_to(speak_together);
	assert_int_equal(count("\n"), THREADS * LINES);
	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	for (; (end = strchr(at, '\n')) != NULL; at = end + 1) {
		*end = '\0';
		assert_int_equal(regexec(&regex, at, 0, NULL, 0), 0);
	}
	regfree(&regex);
}

static void test_json(void **state)
{
	(void)state;
	log_set_format(LOG_FORMAT_JSON);
	listen_to(speak);
	log_set_format(LOG_FORMAT_TEXT);
	assert_int_equal(count("\n"), 4);
	for (char *at = said, *end; *at != '\0'; at = end + 1) {
		json_t *root;

		end = strchr(at, '\n');
		assert_non_null(end);
		root = json_loadb(at, (size_t)(end - at), 0, NULL);
		assert_non_null(root);
		assert_non_null(json_object_get(root, "message"));
		json_decref(root);
	}
	assert_non_null(strstr(said, "\"message\":\"beware\",\"topic\":\"a field\"}\n"));
}

/* What is in the pipe now. */
static void drain(int from)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(from, said + len, sizeof(said) - 1 - len)) > 0)
		len += (size_t)n;
	said[len] = '\0';
}

static void test_a_reader_that_hangs(void **state)
{
	int ends[2], kept = dup(STDERR_FILENO);

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	while (write(ends[1], "xxxx", 4) == 4)
		continue;
	assert_int_equal(fcntl(ends[1], F_SETFL, 0), 0); /* it would block now */
	dup2(ends[1], STDERR_FILENO);
	for (int i = 0; i < 100; i++)
		log_info("line %d", i);
	drain(ends[0]);
	log_info("and on");
	dup2(kept, STDERR_FILENO);
	drain(ends[0]);
	assert_int_equal(count("\n"), 2);
	assert_non_null(strstr(said, " warning 100 lines of the log were lost"));
	assert_non_null(strstr(said, " info    and on\n"));
	close(kept);
	close(ends[0]);
	close(ends[1]);
}

/* The journal's end of a socket. */
static struct {
	char folder[64], path[100];
	int fd;
} listener;

static void begin_to_listen(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", listener.path);
	listener.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(listener.fd >= 0);
	assert_int_equal(bind(listener.fd, (const struct sockaddr *)&address, sizeof(address)), 0);
}

static void cease_to_listen(void)
{
	close(listener.fd);
	unlink(listener.path);
}

static int set_up_listener(void **state)
{
	(void)state;
	snprintf(listener.folder, sizeof(listener.folder), "/tmp/test_log.XXXXXX");
	assert_non_null(mkdtemp(listener.folder));
	snprintf(listener.path, sizeof(listener.path), "%s/socket", listener.folder);
	begin_to_listen();
	assert_int_equal(log_to_journal(listener.path), 0);
	return 0;
}

static int tear_down_listener(void **state)
{
	(void)state;
	log_close();
	cease_to_listen();
	rmdir(listener.folder);
	return 0;
}

/* The next datagram; "": there is none. */
static const char *heard(void)
{
	static char datagram[1 << 16];
	ssize_t n = recv(listener.fd, datagram, sizeof(datagram) - 1, 0);

	datagram[n > 0 ? n : 0] = '\0';
	return datagram;
}

static void test_journal(void **state)
{
	char id[64];
	const char *text;

	(void)state;
	snprintf(id, sizeof(id), "\nMESSAGE_ID=%s\n", message_facts(MESSAGE_RANGE_LANDED)->journal_id);
	log_event(MESSAGE_RANGE_LANDED,
		  LOG_FIELDS(LOG_TEXT("TOPIC", "a\nMESSAGE=forged"), LOG_NUMBER("OFFSET_FIRST", INT64_C(1) << 40)),
		  "landed %s", "a\nb");
	log_debug("is not to be told");
	text = heard();
	assert_int_equal(strncmp(text, "PRIORITY=6\n", 11), 0);
	assert_non_null(strstr(text, id));
	assert_non_null(strstr(text, "\nEVENT=range-landed\n"));
	assert_non_null(strstr(text, "\nMESSAGE=landed a\\x0ab\n"));
	assert_non_null(strstr(text, "\nTOPIC=a\\x0aMESSAGE=forged\n"));
	assert_non_null(strstr(text, "\nOFFSET_FIRST=1099511627776\n"));
	assert_string_equal(heard(), "");
}

/* A sender may come to its own limit first: until a fresh one can send nothing. */
static void fill_the_queue(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int sent, fd;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", listener.path);
	do {
		fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		assert_true(fd >= 0);
		for (sent = 0; sendto(fd, "x", 1, 0, (struct sockaddr *)&address, sizeof(address)) == 1; sent++)
			continue;
		close(fd);
	} while (sent > 0);
}

static void test_a_journal_that_hangs(void **state)
{
	const char *text;

	(void)state;
	fill_the_queue();
	for (int i = 0; i < 1000; i++)
		log_info("line %d", i);
	while (*heard() != '\0')
		continue;
	log_info("and on");
	text = heard();
	assert_non_null(strstr(text, "\nEVENT=log-lost\n"));
	assert_non_null(strstr(text, "\nMESSAGE=1000 lines of the log were lost"));
	assert_non_null(strstr(heard(), "\nMESSAGE=and on\n"));
	assert_string_equal(heard(), "");
}

static atomic_bool was_read;

static void *read_late(void *arg)
{
	struct pollfd fd = { .fd = listener.fd, .events = POLLIN };

	poll(&fd, 1, -1);
	usleep(200000);
	atomic_store(&was_read, true);
	return strstr(heard(), "\nMESSAGE=why it ends\n") != NULL ? arg : NULL;
}

/* It asks whose a line is when it has read it: so the process is to be there still. */
static void test_the_end_waits_for_the_journal(void **state)
{
	pthread_t reader;
	void *heard_it;

	(void)state;
	assert_int_equal(pthread_create(&reader, NULL, read_late, &was_read), 0);
	log_error("why it ends");
	log_close();
	assert_true(atomic_load(&was_read));
	pthread_join(reader, &heard_it);
	assert_ptr_equal(heard_it, &was_read);
	assert_int_equal(log_to_journal(listener.path), 0);
	log_error("to nobody");
	log_close(); /* and not for ever */
}

static void speak_without_journal(void)
{
	cease_to_listen();
	log_warning("nobody listens");
	begin_to_listen();
	log_warning("somebody does");
	assert_non_null(strstr(heard(), "\nMESSAGE=somebody does\n"));
}

/* It is started again: what is said meanwhile goes to stderr, which is its stream. */
static void test_a_journal_that_is_away(void **state)
{
	(void)state;
	listen_to(speak_without_journal);
	assert_non_null(strstr(said, " warning nobody listens\n"));
	assert_null(strstr(said, "somebody"));
}

static void say_last_words(void)
{
	log_last_words("the end", 7);
}

static void test_last_words(void **state)
{
	const char *text;
	char id[64];

	(void)state;
	snprintf(id, sizeof(id), "\nMESSAGE_ID=%s\n", message_facts(MESSAGE_CRASHED)->journal_id);
	say_last_words();
	text = heard();
	assert_int_equal(strncmp(text, "PRIORITY=2\n", 11), 0);
	assert_non_null(strstr(text, id));
	assert_non_null(strstr(text, "\nEVENT=crashed\nMESSAGE=the end\n"));
	log_close();
	listen_to(say_last_words);
	assert_string_equal(said, "the end\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_another_stream_than_the_journals),
		cmocka_unit_test(test_warnings_that_repeat_are_counted),
		cmocka_unit_test(test_lines_of_threads_do_not_mix),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_a_reader_that_hangs),
		cmocka_unit_test_setup_teardown(test_journal, set_up_listener, tear_down_listener),
		cmocka_unit_test_setup_teardown(test_the_end_waits_for_the_journal, set_up_listener,
						tear_down_listener),
		cmocka_unit_test_setup_teardown(test_a_journal_that_hangs, set_up_listener, tear_down_listener),
		cmocka_unit_test_setup_teardown(test_a_journal_that_is_away, set_up_listener, tear_down_listener),
		cmocka_unit_test_setup_teardown(test_last_words, set_up_listener, tear_down_listener),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
