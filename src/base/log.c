/* SPDX-License-Identifier: Apache-2.0 */
/* The log: one formatted line an event, written with one call, so that lines of several threads never mix. What callers
 * pass on from brokers, stores and files is made plain here, and nowhere before. */
#include "base/log.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

#define LINE_MAX_BYTES 2048
#define MAX_FIELDS 16
#define FIELD_MAX_BYTES 512

#define CLEAR_LINE "\r\033[K"

static _Atomic int log_threshold = LOG_LEVEL_INFO;
static atomic_bool progress_stands;

static const struct {
	const char *name;
	int priority;
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", LOG_ERR },
	[LOG_LEVEL_WARNING] = { "warning", LOG_WARNING },
	[LOG_LEVEL_INFO] = { "info", LOG_INFO },
	[LOG_LEVEL_DEBUG] = { "debug", LOG_DEBUG },
};

void log_set_level(enum log_level level)
{
	atomic_store(&log_threshold, (int)level);
}

int log_level_parse(const char *name, enum log_level *level)
{
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcmp(levels[i].name, name) == 0) {
			*level = (enum log_level)i;
			return 0;
		}
	}
	return -1;
}

/* JOURNAL_STREAM names device and inode of the stream that systemd connected: only if stderr still is that stream. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;
	char expect[64];

	if (stream == NULL || fstat(STDERR_FILENO, &st) != 0)
		return false;
	snprintf(expect, sizeof(expect), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(stream, expect) == 0;
}

static void to_journal(enum log_level level, const struct log_field *fields, size_t n_fields, const char *text)
{
	char parts[MAX_FIELDS + 2][FIELD_MAX_BYTES];
	char message[LINE_MAX_BYTES + 16];
	struct iovec iov[MAX_FIELDS + 2];
	size_t at;
	int n = 0;

	snprintf(message, sizeof(message), "MESSAGE=%s", text);
	iov[n++] = (struct iovec){ message, strlen(message) };
	snprintf(parts[0], sizeof(parts[0]), "PRIORITY=%d", levels[level].priority);
	iov[n++] = (struct iovec){ parts[0], strlen(parts[0]) };
	for (size_t i = 0; i < n_fields && i < MAX_FIELDS; i++) {
		at = (size_t)snprintf(parts[i + 1], sizeof(parts[0]), "%.64s=", fields[i].name);
		text_plain(fields[i].value, parts[i + 1] + at, sizeof(parts[0]) - at);
		iov[n++] = (struct iovec){ parts[i + 1], strlen(parts[i + 1]) };
	}
	sd_journal_sendv(iov, n);
}

static void to_stderr(enum log_level level, const char *text)
{
	char line[LINE_MAX_BYTES + 64];
	struct timespec now;
	struct tm tm;
	size_t n = 0;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	if (atomic_exchange(&progress_stands, false))
		n = (size_t)snprintf(line, sizeof(line), "%s", CLEAR_LINE);
	n += strftime(line + n, sizeof(line) - n, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(line + n, sizeof(line) - n, ".%03ldZ %-7s %s\n", now.tv_nsec / 1000000, levels[level].name, text);
	fputs(line, stderr);
}

void log_event(enum log_level level, const struct log_field *fields, size_t n_fields, const char *fmt, ...)
{
	char given[LINE_MAX_BYTES], text[LINE_MAX_BYTES];
	va_list ap;

	if ((int)level > atomic_load(&log_threshold))
		return;
	va_start(ap, fmt);
	vsnprintf(given, sizeof(given), fmt, ap);
	va_end(ap);
	text_plain(given, text, sizeof(text));
	if (stderr_is_journal())
		to_journal(level, fields, n_fields, text);
	else
		to_stderr(level, text);
}

void log_progress(const char *text)
{
	char line[LINE_MAX_BYTES];

	if (text == NULL && !atomic_load(&progress_stands))
		return;
	snprintf(line, sizeof(line), CLEAR_LINE "%s", text != NULL ? text : "");
	atomic_store(&progress_stands, text != NULL);
	fputs(line, stderr);
	fflush(stderr);
}
