/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdarg.h>
#include <stddef.h>

#include "base/log_line.h"

/* One line an event. To the journal by its native protocol when stderr is the journal's stream, else on stderr, as text
 * or JSON. Warnings and errors that come again within a minute are counted (log_repeats.h). A journal or a terminal
 * that takes nothing holds a caller up for a second, and then no other: lines are lost, counted, and told of as soon as
 * something is taken again. Control characters of what others wrote come as "\xNN". Secrets never reach it: callers
 * pass names and numbers, and credentials have no printer. Thread: any. */

enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* Find out where lines go; before this to stderr. */
void log_open(void);
/* Tell what was counted, wait until the journal has read it, for a second at most, and go back to stderr. */
void log_close(void);
/* Tell what was counted a minute ago. Called every now and then. */
void log_tick(void);

/* Send all lines to a journal that listens at this path; NULL: to stderr again. -1: it cannot be. */
int log_to_journal(const char *path);

/* Nothing below this level is written. Default: info. */
void log_set_level(enum log_level level);
/* Parse "error", "warning", "info" or "debug"; -1 when it is none. */
int log_level_parse(const char *name, enum log_level *level);
/* How lines look on stderr. Default: text. */
void log_set_format(enum log_format format);

/* An event of the table in message.h, which says its level. */
void log_event(enum message_id id, const struct log_field *fields, size_t n_fields, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* What is for reading only. */
void log_plain(enum log_level level, const struct log_field *fields, size_t n_fields, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#define log_error(...) log_plain(LOG_LEVEL_ERROR, NULL, 0, __VA_ARGS__)
#define log_warning(...) log_plain(LOG_LEVEL_WARNING, NULL, 0, __VA_ARGS__)
#define log_info(...) log_plain(LOG_LEVEL_INFO, NULL, 0, __VA_ARGS__)
#define log_debug(...) log_plain(LOG_LEVEL_DEBUG, NULL, 0, __VA_ARGS__)

/* The last words of a process that ends by a signal, as the event "crashed": one line, without waiting.
 * Thread: any; async-signal-safe. */
void log_last_words(const char *text, size_t len);

/* A line on a terminal that shows how far something is: drawn over the one before it; an event goes over it. NULL takes
 * it away. */
void log_progress(const char *text);

#endif
