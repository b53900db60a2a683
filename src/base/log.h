/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdarg.h>
#include <stddef.h>

#include "base/message.h"

/* One line an event. To the journal by its native protocol when stderr is the journal's stream, else readable text on
 * stderr. Secrets never reach it: callers pass names and numbers, and credentials have no printer.
 * Thread: any. */
/* A structured field of the journal: name in capitals ("TOPIC"). Ignored on a terminal: the text says it all. */
struct log_field {
	const char *name;
	const char *value;
};

/* Nothing below this level is written. Default: info. */
void log_set_level(enum log_level level);
/* Parse "error", "warning", "info" or "debug"; -1 when it is none. */
int log_level_parse(const char *name, enum log_level *level);

void log_event(enum log_level level, const struct log_field *fields, size_t n_fields, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* A line on a terminal that shows how far something is: drawn over the one before it; an event goes over it. NULL takes
 * it away. */
void log_progress(const char *text);

#define log_error(...) log_event(LOG_LEVEL_ERROR, NULL, 0, __VA_ARGS__)
#define log_warning(...) log_event(LOG_LEVEL_WARNING, NULL, 0, __VA_ARGS__)
#define log_info(...) log_event(LOG_LEVEL_INFO, NULL, 0, __VA_ARGS__)
#define log_debug(...) log_event(LOG_LEVEL_DEBUG, NULL, 0, __VA_ARGS__)

#endif
