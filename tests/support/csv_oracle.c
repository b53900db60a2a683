/* SPDX-License-Identifier: Apache-2.0 */
/* The oracle of the CSV reader: see the header. Shared by the unit tests and the fuzzer. */
#include "support/csv_oracle.h"

#include <inttypes.h>
#include <string.h>

struct oracle {
	const char *p, *end;
	char delimiter;
	uintmax_t line;
};

/* Behind an opening quote; false: it is never closed. */
static bool quoted(struct oracle *o, struct buf *row)
{
	for (;; buf_addc(row, *o->p++)) {
		if (o->p == o->end)
			return false;
		if (*o->p == '"' && (o->p + 1 == o->end || o->p[1] != '"'))
			break;
		o->line += *o->p == '\n';
		o->p += *o->p == '"';
	}
	o->p++;
	return true;
}

static bool at_line_end(const struct oracle *o)
{
	return *o->p == '\r' && (o->p + 1 == o->end || o->p[1] == '\n');
}

/* False: a quote within. */
static bool plain(struct oracle *o, struct buf *row)
{
	const char *begin = o->p;

	for (; o->p < o->end && *o->p != o->delimiter && *o->p != '\n'; o->p++) {
		if (*o->p == '"')
			return false;
		if (at_line_end(o))
			break;
	}
	return buf_add(row, begin, (size_t)(o->p - begin));
}

static bool take_row(struct oracle *o, struct buf *row)
{
	bool more = true;

	for (int i = 0; more; i++) {
		buf_adds(row, i > 0 ? "|" : "");
		if (o->p < o->end && *o->p == '"') {
			o->p++;
			if (!quoted(o, row))
				return false;
		} else if (!plain(o, row)) {
			return false;
		}
		if (o->p < o->end && at_line_end(o))
			o->p++;
		if (o->p < o->end && *o->p != o->delimiter && *o->p != '\n')
			return false;
		more = o->p < o->end && *o->p == o->delimiter;
		o->line += o->p < o->end && *o->p == '\n';
		o->p += o->p < o->end;
	}
	return true;
}

const char *csv_oracle(const char *text, size_t len, char delimiter, struct buf *said)
{
	struct oracle o = { text, text + len, delimiter, 1 };
	struct buf row;

	buf_clear(said);
	buf_init(&row, SIZE_MAX);
	while (o.p < o.end) {
		struct oracle begin = o;
		bool opened = *o.p == '"';

		buf_clear(&row);
		if (!take_row(&o, &row)) {
			const char *feed = memchr(begin.p, '\n', (size_t)(begin.end - begin.p));

			buf_addf(said, "!%ju;", begin.line);
			o = (struct oracle){ feed == NULL ? o.end : feed + 1, o.end, delimiter, begin.line + 1 };
		} else if (row.len > 0 || opened) {
			buf_addf(said, "%ju:", begin.line);
			buf_add(said, row.data, row.len);
			buf_addc(said, ';');
		}
	}
	buf_free(&row);
	return buf_str(said);
}
