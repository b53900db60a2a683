/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_LOG_LINE_H
#define BASE_LOG_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/message.h"

/* One line of the log, and the forms that it takes. Pure. */

/* What programs look for: a name in capitals ("TOPIC"), and a text or, where that is NULL, a number. */
struct log_field {
	const char *name;
	const char *text;
	int64_t number;
};

#define LOG_TEXT(name, text)      \
	{                         \
		(name), (text), 0 \
	}
#define LOG_NUMBER(name, number)       \
	{                              \
		(name), NULL, (number) \
	}
/* Two arguments of a call: the array, and how many they are. */
#define LOG_FIELDS(...)                              \
	((const struct log_field[]){ __VA_ARGS__ }), \
		sizeof((const struct log_field[]){ __VA_ARGS__ }) / sizeof(struct log_field)

struct log_line {
	enum message_id id;
	enum log_level level;
	const char *text; /* as text_plain leaves it */
	const struct log_field *fields;
	size_t n_fields;
};

const char *log_level_name(enum log_level level);

/* Each appends one line to what out holds; what does not fit is cut, or left out as a whole field. */
void log_line_text(const struct log_line *l, int64_t now_real_ms, struct buf *out); /* time, level, text */
void log_line_json(const struct log_line *l, int64_t now_real_ms, struct buf *out); /* an object, with the fields */
/* A datagram of the journal's native protocol. Source: systemd.io/JOURNAL_NATIVE_PROTOCOL. */
void log_line_journal(const struct log_line *l, struct buf *out);

#endif
