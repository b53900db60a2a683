/* SPDX-License-Identifier: Apache-2.0 */
/* A reader of libconfig's grammar that keeps no values: tokens, and a descent over them that stops at the first thing
 * that is not right and names it. libconfig itself says "syntax error" to all of this, or, in some releases, nothing.
 * Pure. */
#include "settings/syntax.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "settings/table.h"

#define DEPTH_MAX 16
#define PATH_MAX_BYTES 128
#define TOKEN_SHOWN 64

enum kind { END, NAME, TEXT, NUMBER, BOOLEAN, MARK };

struct token {
	enum kind kind;
	char mark; /* of MARK: the character */
	const char *begin;
	int len;
	int line;
};

struct walk {
	const struct source *source;
	const char *p, *end;
	int line;
	struct token now;          /* not yet consumed */
	struct token last;         /* consumed before it */
	char path[PATH_MAX_BYTES]; /* of the setting that is being read, for messages */
	struct syntax_lines *out;
	struct error *e;
	int depth;
};

/* The names seen in one group. */
struct scope {
	struct token *names;
	size_t n;
};

static int fail(struct walk *w, int line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static int fail(struct walk *w, int line, const char *fmt, ...)
{
	char text[ERROR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	error_set(w->e, ERROR_GIVE_UP, 0, "%s", text);
	return error_context(w->e, "%s:%d", source_file_at(w->source, line), source_line_at(w->source, line));
}

static void skip_blank(struct walk *w)
{
	while (w->p < w->end) {
		bool pair = w->p + 1 < w->end;

		if (*w->p == '\n')
			w->line++;
		if (*w->p == '#' || (*w->p == '/' && pair && w->p[1] == '/')) {
			while (w->p < w->end && *w->p != '\n')
				w->p++;
		} else if (*w->p == '/' && pair && w->p[1] == '*') {
			for (w->p += 2; w->p + 1 < w->end && !(w->p[0] == '*' && w->p[1] == '/'); w->p++)
				w->line += *w->p == '\n';
			w->p = w->p + 2 < w->end ? w->p + 2 : w->end;
		} else if (strchr(" \t\r\n\f", *w->p) != NULL) {
			w->p++;
		} else {
			break;
		}
	}
}

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '*';
}

static void take_text(struct walk *w)
{
	for (w->p++; w->p < w->end && *w->p != '"'; w->p++) {
		if (*w->p == '\\' && w->p + 1 < w->end)
			w->p++;
		w->line += *w->p == '\n';
	}
	w->p += w->p < w->end;
}

static bool token_is(const struct token *t, const char *word)
{
	return strlen(word) == (size_t)t->len && strncasecmp(t->begin, word, (size_t)t->len) == 0;
}

static bool is_mark(const struct token *t, char c)
{
	return t->kind == MARK && t->mark == c;
}

static void next(struct walk *w)
{
	struct token *t = &w->now;

	w->last = *t;
	skip_blank(w);
	*t = (struct token){ .kind = END, .begin = w->p, .line = w->line };
	if (w->p == w->end)
		return;
	if (*w->p == '"') {
		t->kind = TEXT;
		take_text(w);
	} else if (isalpha((unsigned char)*w->p) || *w->p == '*') {
		t->kind = NAME;
		while (w->p < w->end && is_name_char(*w->p))
			w->p++;
	} else if (strchr("+-.0123456789", *w->p) != NULL) {
		t->kind = NUMBER;
		while (w->p < w->end && (is_name_char(*w->p) || *w->p == '.' || *w->p == '+'))
			w->p++;
	} else {
		t->kind = MARK;
		t->mark = *w->p++;
	}
	t->len = (int)(w->p - t->begin);
	if (t->kind == NAME && (token_is(t, "true") || token_is(t, "false")))
		t->kind = BOOLEAN;
}

static void note_line(struct walk *w, int line)
{
	struct syntax_lines *o = w->out;

	if ((o->n & (o->n - 1)) == 0)
		o->lines = mem_realloc(o->lines, (o->n ? o->n * 2 : 1) * sizeof(*o->lines));
	o->lines[o->n++] = line;
}

static size_t span(const char *p, const char *end, const char *set)
{
	size_t n = 0;

	while (p + n < end && strchr(set, p[n]) != NULL)
		n++;
	return n;
}

/* [-+]? digits* "." digits* ([eE][-+]? digits+)?, with a digit somewhere: what every libconfig reads. */
static bool is_float(const char *p, const char *end)
{
	size_t whole, fraction, exponent;

	p += p < end && (*p == '-' || *p == '+');
	whole = span(p, end, "0123456789");
	p += whole;
	if (p == end || *p != '.')
		return false;
	fraction = span(p + 1, end, "0123456789");
	p += 1 + fraction;
	if (whole + fraction == 0)
		return false;
	if (p == end)
		return true;
	if (*p != 'e' && *p != 'E')
		return false;
	p++;
	p += p < end && (*p == '-' || *p == '+');
	exponent = span(p, end, "0123456789");
	return exponent > 0 && p + exponent == end;
}

/* What the message may show of a token: nothing, where a secret belongs. */
static const char *shown(const struct walk *w, const struct token *t, char text[TOKEN_SHOWN])
{
	char path[ROW_PATH_MAX];

	snprintf(text, TOKEN_SHOWN, "%.*s", t->len, t->begin);
	if (strcmp(w->path, "kafka.options") == 0)
		return "***";
	for (size_t i = 0; i < n_rows; i++) {
		row_path(&rows[i], path);
		if (rows[i].flags & ROW_SECRET && strcmp(path, w->path) == 0)
			return "***";
	}
	return text;
}

static int check_number(struct walk *w)
{
	const struct token *t = &w->now;
	const char *end = t->begin + t->len, *digits = t->begin;
	bool hex = t->len > 2 && t->begin[0] == '0' && (t->begin[1] == 'x' || t->begin[1] == 'X');
	char space[TOKEN_SHOWN], text[32];
	const char *token = shown(w, t, space);
	long long n;
	size_t len, suffix;

	if (is_float(t->begin, end))
		return 0;
	digits += hex ? 2 : (*digits == '-' || *digits == '+') ? 1 : 0;
	len = span(digits, end, hex ? "0123456789abcdefABCDEF" : "0123456789");
	suffix = span(digits + len, end, "L");
	if (len == 0 || suffix > 2 || digits + len + suffix != end)
		return fail(w, t->line, "%s: '%s' is no number; write a text, also one with a unit, in quotes: \"%s\"",
			    w->path, token, token);
	errno = 0;
	snprintf(text, sizeof(text), "%.*s", (int)(digits + len - t->begin), t->begin);
	n = strtoll(text, NULL, hex ? 16 : 10);
	if (len > 24 || errno == ERANGE)
		return fail(w, t->line, "%s: %s does not fit into 64 bits", w->path, token);
	if (suffix == 0 && (n > INT32_MAX || n < INT32_MIN))
		return fail(w, t->line,
			    "%s: %s does not fit into 32 bits; write %sL, or a unit in quotes such as \"3GiB\"",
			    w->path, token, token);
	return 0;
}

static int walk_value(struct walk *w);
static int walk_group(struct walk *w, char closer);

static int missing_value(struct walk *w, const struct token *t)
{
	const char *behind = w->p + span(w->p, w->end, " \t");
	char space[TOKEN_SHOWN];

	if (t->kind == NAME && behind < w->end && (*behind == '=' || *behind == ':'))
		return fail(w, w->last.line, "%s: a value is missing behind the '='", w->path);
	if (t->kind == NAME)
		return fail(w, t->line, "%s: write a text in quotes: \"%s\"", w->path, shown(w, t, space));
	if (t->kind == END)
		return fail(w, w->last.line, "%s: a value is missing at the end of the file", w->path);
	return fail(w, t->line, "%s: a value is missing before '%c'", w->path, t->mark);
}

static int walk_elements(struct walk *w, char closer)
{
	struct token comma;
	int opened = w->last.line;

	if (is_mark(&w->now, closer)) {
		next(w);
		return 0;
	}
	for (;;) {
		note_line(w, w->now.line);
		if (walk_value(w) < 0)
			return -1;
		if (is_mark(&w->now, closer)) {
			next(w);
			return 0;
		}
		if (w->now.kind == END)
			return fail(w, opened, "%s: the list that begins here is never closed by '%c'", w->path,
				    closer);
		if (!is_mark(&w->now, ','))
			return fail(w, w->last.line, "%s: a comma is missing behind this element", w->path);
		comma = w->now;
		next(w);
		if (is_mark(&w->now, closer))
			return fail(w, comma.line, "%s: trailing comma: take out the ',' before '%c'", w->path, closer);
	}
}

/* The token now is the value's first. */
static int walk_value(struct walk *w)
{
	struct token t = w->now;
	int rc;

	if (t.kind == NUMBER && check_number(w) < 0)
		return -1;
	if (t.kind == TEXT || t.kind == NUMBER || t.kind == BOOLEAN) {
		next(w);
		return 0;
	}
	if (t.kind != MARK || strchr("[({", t.mark) == NULL)
		return missing_value(w, &t);
	if (++w->depth > DEPTH_MAX)
		return fail(w, t.line, "%s: nested deeper than any setting", w->path);
	next(w);
	if (t.mark == '{')
		rc = walk_group(w, '}');
	else
		rc = walk_elements(w, t.mark == '[' ? ']' : ')');
	w->depth--;
	return rc;
}

static int add_name(struct walk *w, struct scope *s)
{
	const struct token *t = &w->now;

	for (size_t i = 0; i < s->n; i++) {
		if (s->names[i].len != t->len || memcmp(s->names[i].begin, t->begin, (size_t)t->len) != 0)
			continue;
		return fail(w, t->line, "%s is given twice, first in '%s' line %d; take one out", w->path,
			    source_file_at(w->source, s->names[i].line), source_line_at(w->source, s->names[i].line));
	}
	s->names = mem_realloc(s->names, (s->n + 1) * sizeof(*s->names));
	s->names[s->n++] = *t;
	return 0;
}

/* The token behind a name is neither "=" nor ":". */
static int missing_equals(struct walk *w, const struct token *name)
{
	const struct token *t = &w->now;

	if (t->kind == NUMBER && t->begin[0] == '.')
		return fail(w, name->line, "a name holds no dot: write '%.*s = { %.*s = …; };' instead of '%.*s%.*s'",
			    name->len, name->begin, t->len - 1, t->begin + 1, name->len, name->begin, t->len, t->begin);
	if (t->kind == END)
		return fail(w, name->line, "%s: '=' and a value are missing", w->path);
	return fail(w, name->line, "%s: '=' is missing behind the name", w->path);
}

static int walk_setting(struct walk *w, struct scope *scope)
{
	struct token name = w->now;
	size_t parent = strlen(w->path);
	int rc;

	if (name.kind != NAME) {
		if (name.kind == MARK && strchr(";,", name.mark) != NULL)
			return fail(w, name.line, "'%c' without a setting before it; take it out", name.mark);
		if (name.kind == TEXT)
			return fail(w, name.line, "a text where the name of a setting is meant");
		return fail(w, name.line, "'%.*s' where the name of a setting is meant", name.len > 40 ? 40 : name.len,
			    name.begin);
	}
	snprintf(w->path + parent, sizeof(w->path) - parent, "%s%.*s", parent > 0 ? "." : "", name.len, name.begin);
	if (add_name(w, scope) < 0)
		return -1;
	note_line(w, name.line);
	next(w);
	if (!is_mark(&w->now, '=') && !is_mark(&w->now, ':'))
		return missing_equals(w, &name);
	next(w);
	rc = walk_value(w);
	/* "a" "b" is one text over several lines; in a list it would be a comma that is missing. */
	while (rc == 0 && w->last.kind == TEXT && w->now.kind == TEXT)
		next(w);
	if (is_mark(&w->now, ';') || is_mark(&w->now, ','))
		next(w);
	w->path[parent] = '\0';
	return rc;
}

/* closer '\0': to the end of the text. */
static int walk_group(struct walk *w, char closer)
{
	struct scope scope = { 0 };
	int opened = w->last.line, rc = 0;

	while (rc == 0 && w->now.kind != END && !(closer != '\0' && is_mark(&w->now, closer)))
		rc = walk_setting(w, &scope);
	free(scope.names);
	if (rc == 0 && closer != '\0' && w->now.kind == END)
		return fail(w, opened, "%s: the group that begins here is never closed by '}'", w->path);
	if (rc == 0 && closer != '\0')
		next(w);
	return rc;
}

int syntax_check(const struct source *s, struct syntax_lines *out, struct error *e)
{
	const char *text = (const char *)s->text.data;
	struct walk w = { .source = s, .p = text, .line = 1, .out = out, .e = e };

	*out = (struct syntax_lines){ 0 };
	if (s->text.len == 0)
		return 0;
	w.end = text + s->text.len;
	next(&w);
	return walk_group(&w, '\0');
}
