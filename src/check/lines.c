/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps and prints the lines of a preflight. What others wrote (names of topics, answers of stores) is in them, so they
 * are made plain here. */
#include "check/lines.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

#define TEXT_MAX 4096
#define NAME_WIDTH 10

static const char *const names[OUTCOMES] = {
	[OUTCOME_OK] = "ok",
	[OUTCOME_FAILED] = "failed",
	[OUTCOME_UNPROVED] = "not proved",
};

const char *outcome_name(enum outcome o)
{
	return names[o];
}

void lines_init(struct lines *l, bool json, bool terminal)
{
	*l = (struct lines){ .json = json, .terminal = terminal };
}

void lines_free(struct lines *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->items[i].name);
		free(l->items[i].text);
	}
	free(l->items);
	*l = (struct lines){ 0 };
}

void lines_trying(struct lines *l, const char *what)
{
	char line[128];

	if (!l->terminal)
		return;
	snprintf(line, sizeof(line), "... %s", what != NULL ? what : "");
	log_progress(what != NULL ? line : NULL);
}

void lines_add(struct lines *l, enum outcome o, const char *name, const char *fmt, ...)
{
	char raw[TEXT_MAX], text[TEXT_MAX], plain_name[TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(raw, sizeof(raw), fmt, args);
	va_end(args);
	text_plain(raw, text, sizeof(text));
	text_plain(name, plain_name, sizeof(plain_name));
	l->items = mem_realloc(l->items, (l->n + 1) * sizeof(l->items[0]));
	l->items[l->n++] = (struct line){ o, mem_strdup(plain_name), mem_strdup(text) };
	l->counts[o]++;
	if (l->json)
		return;
	lines_trying(l, NULL);
	printf("%-*s  %s: %s\n", NAME_WIDTH, names[o], plain_name, text);
	fflush(stdout);
}

enum outcome lines_outcome(const struct lines *l)
{
	if (l->counts[OUTCOME_FAILED] > 0)
		return OUTCOME_FAILED;
	return l->counts[OUTCOME_UNPROVED] > 0 ? OUTCOME_UNPROVED : OUTCOME_OK;
}
