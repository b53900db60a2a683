/* SPDX-License-Identifier: Apache-2.0 */
/* The command: start, wait, and page after page to standard output. Thread: main. */
#include "athena/query.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "athena/athena.h"
#include "athena/rows.h"
#include "aws/exchange.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#define LOOK_FIRST_MS 200
#define LOOK_MS 1000
#define STEP_MS 50

static atomic_bool stop_asked;

static void on_signal(int signal)
{
	(void)signal;
	atomic_store(&stop_asked, true);
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static bool goes_on(void *arg)
{
	(void)arg;
	return !atomic_load(&stop_asked);
}

static void show(const struct athena_status *status, int64_t elapsed_ms)
{
	char size[32];

	if (!isatty(STDERR_FILENO))
		return;
	text_format_size(status->scanned_bytes, size);
	fprintf(stderr, "\r\033[K%s  %.1f s  %s scanned", status->word, (double)elapsed_ms / 1000, size);
	fflush(stderr);
}

static void clear(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

static void rest(int64_t ms)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };
	int64_t until = clock_boot_ms() + ms;

	while (clock_boot_ms() < until && !atomic_load(&stop_asked))
		nanosleep(&step, NULL);
}

/* Until it is over. */
static int wait_for(struct athena *a, const char *id, int64_t begin, struct athena_status *status, struct error *e)
{
	int64_t look = LOOK_FIRST_MS;
	int rc;

	while ((rc = athena_ask(a, id, status, e)) == 0 && status->state == ATHENA_WAITS && !atomic_load(&stop_asked)) {
		show(status, clock_boot_ms() - begin);
		rest(look);
		look = look * 2 < LOOK_MS ? look * 2 : LOOK_MS;
	}
	clear();
	return rc;
}

static int print(struct athena *a, const char *id, const struct athena_status *status, enum query_form form,
		 int64_t begin, struct error *e)
{
	struct rows *r = rows_new(form, status->selects, stdout);
	char *token = mem_strdup(""), size[32];
	int64_t n;
	int rc;

	do {
		json_t *page = NULL;
		const char *next;

		rc = athena_page(a, id, token, &page, e);
		if (rc == 0)
			rows_page(r, page);
		next = json_string_value(json_object_get(page, "NextToken"));
		free(token);
		token = mem_strdup(next != NULL ? next : "");
		json_decref(page);
	} while (rc == 0 && token[0] != '\0' && !ferror(stdout));
	n = rows_end(r);
	rows_free(r);
	free(token);
	if (rc == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		rc = error_set(e, ERROR_RETRY, errno, "the result cannot be written: %s", strerror(errno));
	if (rc != 0)
		return -1;
	text_format_size(status->scanned_bytes, size);
	if (form == QUERY_TABLE)
		fprintf(stderr, "%lld %s, %.1f s, %s scanned\n", (long long)n, n == 1 ? "row" : "rows",
			(double)(clock_boot_ms() - begin) / 1000, size);
	return 0;
}

/* The wait for it is over, the query is not. */
static int stop(struct athena *a, const char *id)
{
	struct error e;

	exchange_watch(NULL, NULL);
	if (id[0] == '\0')
		fputs("kafka2s3: stopped; whether Athena has begun the query is not known\n", stderr);
	else if (athena_stop(a, id, &e) < 0)
		fprintf(stderr, "kafka2s3: the query %s goes on, it cannot be stopped: %s\n", id, e.text);
	else
		fputs("kafka2s3: the query is stopped\n", stderr);
	return EX_TEMPFAIL;
}

static int code_of(const struct error *e)
{
	fprintf(stderr, "kafka2s3: %s\n", e->text);
	return e->action == ERROR_GIVE_UP ? EX_DATAERR : EX_UNAVAILABLE;
}

static int run(struct athena *a, const char *sql, enum query_form form)
{
	struct athena_status status = { .state = ATHENA_WAITS };
	int64_t begin = clock_boot_ms();
	char id[ATHENA_ID_MAX] = "";
	struct error e;
	int rc = athena_start(a, sql, id, &e);

	if (rc == 0)
		rc = wait_for(a, id, begin, &status, &e);
	if (atomic_load(&stop_asked) && status.state == ATHENA_WAITS)
		return stop(a, id);
	if (rc == 0 && status.state == ATHENA_DONE)
		rc = print(a, id, &status, form, begin, &e);
	if (rc < 0)
		return atomic_load(&stop_asked) ? EX_TEMPFAIL : code_of(&e);
	if (status.state == ATHENA_DONE)
		return 0;
	fprintf(stderr, "kafka2s3: the query %s %s%s%s\n", id,
		status.state == ATHENA_FAILED ? "has failed" : "was stopped by somebody else",
		status.why[0] != '\0' ? ": " : "", status.why);
	return status.state == ATHENA_FAILED ? EX_DATAERR : EX_TEMPFAIL;
}

int query_command(const struct settings *s, char *const *words, size_t n_words, bool csv, bool json)
{
	struct athena *a;
	struct error e;
	int code;

	if (n_words != 1 || (csv && json)) {
		fputs("kafka2s3: query takes one statement, in quotes, and one of --csv and --json\n", stderr);
		return EX_USAGE;
	}
	if (!text_is_utf8(words[0], strlen(words[0]))) {
		fputs("kafka2s3: the statement is not UTF-8\n", stderr);
		return EX_DATAERR;
	}
	catch_signals();
	exchange_watch(goes_on, NULL);
	a = athena_new(s, &e);
	if (a == NULL) {
		fprintf(stderr, "kafka2s3: %s\n", e.text);
		return EX_CONFIG;
	}
	code = run(a, words[0], json ? QUERY_JSON : csv ? QUERY_CSV : QUERY_TABLE);
	exchange_watch(NULL, NULL);
	athena_free(a);
	return code;
}
