/* SPDX-License-Identifier: Apache-2.0 */
/* A line of the log as a person, a program and the journal read it. No value holds a control character: so each is one
 * line of the journal's protocol, and needs no more than quotes and backslashes escaped in JSON. */
#include "base/log_line.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "base/civil.h"
#include "base/text.h"

#define VALUE_MAX_BYTES 2048
#define JSON_END "}\n"

static const struct {
	const char *name;
	int priority;
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", LOG_ERR },
	[LOG_LEVEL_WARNING] = { "warning", LOG_WARNING },
	[LOG_LEVEL_INFO] = { "info", LOG_INFO },
	[LOG_LEVEL_DEBUG] = { "debug", LOG_DEBUG },
};

const char *log_level_name(enum log_level level)
{
	return levels[level].name;
}

static void add_time(int64_t now_real_ms, struct buf *out)
{
	char text[CIVIL_TEXT + 1] = "1970-01-01 00:00:00.000";

	civil_text(now_real_ms, text);
	text[10] = 'T';
	buf_add(out, text, CIVIL_TEXT);
	buf_addc(out, 'Z');
}

void log_line_text(const struct log_line *l, int64_t now_real_ms, struct buf *out)
{
	size_t len = strlen(l->text);

	add_time(now_real_ms, out);
	buf_addf(out, " %-7s ", levels[l->level].name);
	if (len > out->max - out->len - 1)
		len = out->max - out->len - 1;
	buf_add(out, l->text, len);
	buf_addc(out, '\n');
}

static bool add_string(struct buf *out, const char *s)
{
	bool fits = buf_addc(out, '"');

	for (; *s != '\0' && fits; s++) {
		if (*s == '"' || *s == '\\')
			fits = buf_addc(out, '\\');
		fits = fits && buf_addc(out, *s);
	}
	return fits && buf_addc(out, '"');
}

/* In small letters, as is the custom there. */
static bool add_name(struct buf *out, const char *name)
{
	bool fits = buf_adds(out, ",\"");

	for (; *name != '\0' && fits; name++)
		fits = buf_addc(out, (char)tolower(*name));
	return fits && buf_adds(out, "\":");
}

static void add_member(struct buf *out, const char *name, const char *text, int64_t number)
{
	size_t before = out->len;
	bool fits = add_name(out, name);

	if (fits && text != NULL)
		fits = add_string(out, text);
	else if (fits)
		fits = buf_addf(out, "%" PRId64, number);
	if (!fits || out->len + strlen(JSON_END) > out->max)
		out->len = before;
}

void log_line_json(const struct log_line *l, int64_t now_real_ms, struct buf *out)
{
	char value[VALUE_MAX_BYTES];

	buf_adds(out, "{\"time\":\"");
	add_time(now_real_ms, out);
	buf_addc(out, '"');
	add_member(out, "level", levels[l->level].name, 0);
	if (l->id != MESSAGE_NONE)
		add_member(out, "event", message_facts(l->id)->name, 0);
	add_member(out, "message", l->text, 0);
	for (size_t i = 0; i < l->n_fields; i++) {
		if (l->fields[i].text != NULL)
			text_plain(l->fields[i].text, value, sizeof(value));
		add_member(out, l->fields[i].name, l->fields[i].text != NULL ? value : NULL, l->fields[i].number);
	}
	buf_adds(out, JSON_END);
}

void log_line_journal(const struct log_line *l, struct buf *out)
{
	const struct message_facts *m = message_facts(l->id);
	char value[VALUE_MAX_BYTES];

	buf_addf(out, "PRIORITY=%d\nSYSLOG_IDENTIFIER=kafka2s3\n", levels[l->level].priority);
	if (l->id != MESSAGE_NONE)
		buf_addf(out, "MESSAGE_ID=%s\nEVENT=%s\n", m->journal_id, m->name);
	buf_addf(out, "MESSAGE=%s\n", l->text);
	for (size_t i = 0; i < l->n_fields; i++) {
		if (l->fields[i].text == NULL)
			snprintf(value, sizeof(value), "%" PRId64, l->fields[i].number);
		else
			text_plain(l->fields[i].text, value, sizeof(value));
		buf_addf(out, "%s=%s\n", l->fields[i].name, value);
	}
}
