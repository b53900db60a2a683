/* SPDX-License-Identifier: Apache-2.0 */
/* The command line, by the program of the same build: exit codes and what is said. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define OUTPUT_MAX 65536
#define ARGUMENTS_MAX 9

static char program[4096];
static char output[OUTPUT_MAX]; /* stdout and stderr of the last run */

/* The exit code; 128 and the signal when it was killed. */
static int run(const char *const *arguments)
{
	char *argv[ARGUMENTS_MAX + 2] = { program };
	size_t n = 0;
	int fds[2], status;
	ssize_t got;
	pid_t pid;

	for (size_t i = 0; i < ARGUMENTS_MAX && arguments[i] != NULL; i++)
		argv[i + 1] = (char *)arguments[i];
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		close(fds[1]);
		execv(program, argv);
		_exit(127);
	}
	close(fds[1]);
	while ((got = read(fds[0], output + n, OUTPUT_MAX - 1 - n)) > 0)
		n += (size_t)got;
	output[n] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct line {
	const char *arguments[ARGUMENTS_MAX];
	int code;
	const char *said;
};

static void check(const struct line *lines, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int code = run(lines[i].arguments);

		if (code != lines[i].code || strstr(output, lines[i].said) == NULL)
			fail_msg("line %zu, which should say \"%s\": %d and: %s", i, lines[i].said, code, output);
	}
}

#define LAND(from, to, prefix) "-c", "etc/kafka2s3.conf", "land", "--from", from, "--to", to, "--prefix", prefix

static void wrong_lines_exit_with_64(void **state)
{
	static const struct line lines[] = {
		{ { "replai" }, 64, "no command \"replai\"; did you mean \"replay\"?" },
		{ { "frobnicate" }, 64, "no command \"frobnicate\"; --help lists them" },
		{ { "nix" }, 64, "no command \"nix\"; --help lists them" },
		{ { "run", "now" }, 64, "\"now\" is one argument too many" },
		{ { "--bogus" }, 64, "no option --bogus" },
		{ { "-x" }, 64, "no option -x" },
		{ { "run", "-c" }, 64, "-c needs a value" },
		{ { "settings", "--topic" }, 64, "--topic needs a value" },
		{ { "run", "--topic", "a" }, 64, "run does not take this option" },
		{ { "settings", "--syntax" }, 64, "settings does not take this option" },
		{ { "verify", "--syntax" }, 64, "verify does not take this option" },
		{ { "run", "--deep" }, 64, "run does not take this option" },
		{ { "verify", "--since", "yesterday" }, 64, "\"yesterday\" is no time" },
		{ { "check", "a", "b" }, 64, "check takes one file" },
		{ { "check", "--syntax", "--json" }, 64, "--syntax no other option" },
		{ { "verify", "--write" }, 64, "verify does not take this option" },
		{ { "offsets" }, 64, "offsets show, or offsets set" },
		{ { "offsets", "shew" }, 64, "offsets show, or offsets set" },
		{ { "offsets", "show", "t:0=1" }, 64, "\"t:0=1\" is one argument too many" },
		{ { "offsets", "show", "--from-s3" }, 64, "offsets show does not take this option" },
		{ { "offsets", "set", "--json" }, 64, "offsets set does not take this option" },
		{ { "offsets", "set" }, 64, "takes one of --to-time, --from-s3 and TOPIC:PARTITION=OFFSET" },
		{ { "offsets", "set", "--from-s3", "t:0=1" }, 64, "takes one of" },
		{ { "offsets", "set", "--to-time", "soon" }, 64, "\"soon\" is no time" },
		{ { "offsets", "set", "--to-time", "2026-01-31", "--replace" }, 64, "--replace goes with --from-s3" },
		{ { "land" }, 64, "land needs --from, --to and --prefix" },
		{ { "land", "--from", "2026-01-01", "--to", "2026-01-02" },
		  64,
		  "land needs --from, --to and --prefix" },
		{ { "land", "--from", "2026-01-01", "--prefix", "p" }, 64, "land needs --from, --to and --prefix" },
		{ { "land", "--from", "noon" }, 64, "\"noon\" is no time" },
		{ { "land", "--to" }, 64, "--to needs a value" },
		{ { "land", "--since", "2026-01-01" }, 64, "land does not take this option" },
		{ { "run", "--prefix", "p" }, 64, "run does not take this option" },
		{ { "run", "--role", "msk" }, 64, "run does not take this option" },
		{ { "iam-policy", "--role" }, 64, "--role needs a value" },
		{ { "iam-policy", "--topic", "t" }, 64, "iam-policy does not take this option" },
		{ { LAND("2026-01-02", "2026-01-01", "p") }, 64, "--to must be later than --from" },
		{ { LAND("2026-01-01", "2026-01-01", "p") }, 64, "--to must be later than --from" },
		{ { LAND("-86400000", "2026-01-01", "p") }, 64, "--from lies before 1970" },
		{ { LAND("2026-01-01", "2026-01-02", "") }, 64, "--prefix is empty" },
		{ { LAND("2026-01-01", "2026-01-02", "p/") }, 64, "--prefix: \"p/\" has an empty folder" },
		{ { LAND("2026-01-01", "2026-01-02", "raw/p") }, 64, "\"raw/p\" and \"raw\", where objects" },
	};

	(void)state;
	check(lines, sizeof(lines) / sizeof(lines[0]));
}

static void bad_settings_exit_with_78(void **state)
{
	static const struct line lines[] = {
		{ { "-c", "/nonexistent/a.conf" }, 78, "cannot read '/nonexistent/a.conf'" },
		{ { "run", "-c", "/nonexistent/a.conf" }, 78, "cannot read" },
		{ { "replay", "-c", "/nonexistent/a.conf" }, 78, "cannot read" },
		{ { "--config=/nonexistent/a.conf", "check", "--syntax" }, 78, "cannot read" },
		{ { "settings", "-c", "/nonexistent/a.conf" }, 78, "cannot read" },
		{ { "-c", "Makefile", "check", "--syntax" }, 78, "Makefile:" },
		{ { "check", "--syntax", "Makefile" }, 78, "Makefile:" },
		{ { "check", "/nonexistent/a.conf" }, 78, "failed      settings: cannot read" },
		{ { "check", "--json", "Makefile" }, 78, "\"result\": \"failed\"" },
	};

	(void)state;
	check(lines, sizeof(lines) / sizeof(lines[0]));
}

/* The check says what the daemon would say, and where. */
static void a_bad_file_is_refused_by_each_command(void **state)
{
#define REST " };\ns3 = { bucket = \"my-lake\"; };\n"
	static const struct {
		const char *text, *said;
	} files[] = {
		{ "kafka = { topics = [ \"a\", ];" REST, ":1: kafka.topics: trailing comma" },
		{ "kafka = { topics = [ \"a\" ]; group = \"g\";\n options = [ \"no.such=1\" ];" REST,
		  ":2: kafka.options: No such configuration property: \"no.such\"" },
		{ "kafka = { topics = [ \"a\" ]; group = \"g\"; options = [ \"session.timeout.ms=soon\" ];" REST,
		  ":1: kafka.options: Invalid value for configuration property \"session.timeout.ms\"" },
	};
	static const char *const commands[][2] = { { "check", "--syntax" }, { "run", NULL } };
	char path[] = "/tmp/kafka2s3-main-XXXXXX", said[256];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		size_t len = strlen(files[i].text);

		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, files[i].text, len, 0), len);
		snprintf(said, sizeof(said), "%s%s", path, files[i].said);
		for (size_t c = 0; c < 2; c++) {
			const struct line line = { { "-c", path, commands[c][0], commands[c][1] }, 78, said };

			check(&line, 1);
		}
	}
	close(fd);
	unlink(path);
}

static void where_the_settings_are_can_be_said(void **state)
{
	static const struct line missing = { { "check" }, 78, "cannot read '/etc/kafka2s3.conf'" };
	static const struct line named = { { "-c", "/nowhere.conf", "run" }, 78, "cannot read '/nowhere.conf'" };

	(void)state;
	check(&named, 1);
	assert_null(strstr(output, "-c FILE"));
	if (access("/etc/kafka2s3.conf", F_OK) == 0) /* the machine's own, and none of this test's business */
		return;
	check(&missing, 1);
	assert_non_null(strstr(output, "\nkafka2s3: -c FILE names another file\n"));
}

static void who_cannot_be_asked_for_its_status(void **state)
{
	static const char text[] = "kafka = { topics = [ \"a\" ]; group = \"g\"; };\ns3 = { bucket = \"my-lake\"; };\n"
				   "status = { socket = \"/nowhere/lake.sock\"; };\n";
	char path[] = "/tmp/kafka2s3-main-XXXXXX";
	int fd = mkstemp(path);
	const struct line line = { { "-c", path, "status" }, 69, "no daemon answers: \"/nowhere/lake.sock\"" };

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	check(&line, 1);
	assert_non_null(strstr(output, "The directory of that socket is not there"));
	assert_null(strstr(output, "may not read"));
	close(fd);
	unlink(path);
}

static void the_sample_is_fine(void **state)
{
	static const struct line lines[] = {
		{ { "-c", "etc/kafka2s3.conf", "check", "--syntax" }, 0, "etc/kafka2s3.conf: fine\n" },
		{ { "check", "--syntax", "etc/kafka2s3.conf" }, 0, "etc/kafka2s3.conf: fine\n" },
		{ { "settings", "-c", "etc/kafka2s3.conf" }, 0, "group = \"stock-to-lake\";" },
		{ { "settings", "-c", "etc/kafka2s3.conf", "--topic", "X" }, 0, "# table = \"x\"" },
		{ { "settings", "--sample" }, 0, "# Settings of kafka2s3" },
		{ { "settings", "--man" }, 0, ".It Va kafka.brokers" },
		{ { "version" }, 0, "kafka2s3 " KAFKA2S3_VERSION "\n" },
		{ { "--version" }, 0, "kafka2s3 " KAFKA2S3_VERSION "\n" },
		{ { "version" }, 0, "\nlibrdkafka 2." },
		{ { "version" }, 0, ", libcurl " },
		{ { "version" }, 0, ", OpenSSL 3." },
		{ { "version" }, 0, ", jansson 2." },
		{ { "version" }, 0, ", libmicrohttpd " },
		{ { "version" }, 0, ", libdeflate 1." },
		{ { "version" }, 0, ", libzstd 1." },
	};

	(void)state;
	check(lines, sizeof(lines) / sizeof(lines[0]));
}

static void every_command_has_help(void **state)
{
	static const char *const commands[][2] = {
		{ "run" },    { "replay" },          { "check" },          { "settings" },
		{ "verify" }, { "offsets", "show" }, { "offsets", "set" }, { "land" },
		{ "ddl" },    { "query" },           { "iam-policy" },     { "status" },
		{ "version" }
	};
	const char *const global[] = { "--help", NULL };
	char line[64];

	(void)state;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const char *const own[] = { "--help", commands[i][0], commands[i][1], NULL };
		const char *const word[] = { "help", commands[i][0], commands[i][1], NULL };
		char name[32];

		assert_int_equal(run(global), 0);
		snprintf(name, sizeof(name), "%s%s%s", commands[i][0], commands[i][1] != NULL ? " " : "",
			 commands[i][1] != NULL ? commands[i][1] : "");
		snprintf(line, sizeof(line), "\n  %-12s ", name);
		assert_non_null(strstr(output, line));
		assert_int_equal(run(own), 0);
		snprintf(line, sizeof(line), "kafka2s3 [-c FILE] %s", name);
		assert_memory_equal(output, line, strlen(line));
		assert_int_equal(run(word), 0);
		assert_memory_equal(output, line, strlen(line));
	}
}

/* BUILD/tests/main/test_main runs BUILD/kafka2s3. */
static int find_program(void **state)
{
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 16);

	(void)state;
	if (n < 0)
		return -1;
	program[n] = '\0';
	for (int i = 0; i < 3; i++) {
		char *slash = strrchr(program, '/');

		if (slash == NULL)
			return -1;
		*slash = '\0';
	}
	n = (ssize_t)strlen(program);
	snprintf(program + n, sizeof(program) - (size_t)n, "/kafka2s3");
	return access(program, X_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_lines_exit_with_64),
		cmocka_unit_test(bad_settings_exit_with_78),
		cmocka_unit_test(a_bad_file_is_refused_by_each_command),
		cmocka_unit_test(the_sample_is_fine),
		cmocka_unit_test(every_command_has_help),
		cmocka_unit_test(where_the_settings_are_can_be_said),
		cmocka_unit_test(who_cannot_be_asked_for_its_status),
	};

	return cmocka_run_group_tests(tests, find_program, NULL);
}
