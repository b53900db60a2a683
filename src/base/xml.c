/* SPDX-License-Identifier: Apache-2.0 */
/* A small reader for the XML that AWS answers. It knows just enough of XML that an element is found by its place in the
 * tree and never by text that looks like one.
 * Invariant: path names the open elements; every end tag has closed the last of them. */
#include "base/xml.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTITY_MAX 10

void xml_open(struct xml *x, const void *data, size_t len)
{
	*x = (struct xml){ .at = data, .end = len > 0 ? (const char *)data + len : data };
	buf_init(&x->text, XML_TEXT_MAX);
	/* No XML holds a zero byte; what is empty is not well-formed either. */
	if (len > 0 && memchr(data, '\0', len) != NULL)
		x->at = x->end;
	else if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
		x->at += 3;
}

void xml_close(struct xml *x)
{
	if (x->text.data != NULL)
		explicit_bzero(x->text.data, x->text.cap); /* some answers hold secrets */
	buf_free(&x->text);
}

static bool starts(const struct xml *x, const char *what)
{
	size_t n = strlen(what);

	return (size_t)(x->end - x->at) >= n && memcmp(x->at, what, n) == 0;
}

/* Go behind the next occurrence of mark; NULL in *from when there is none, else where the passed text began. */
static bool pass(struct xml *x, const char *mark, const char **from, size_t *len)
{
	const char *found = memmem(x->at, (size_t)(x->end - x->at), mark, strlen(mark));

	if (found == NULL)
		return false;
	*from = x->at;
	*len = (size_t)(found - x->at);
	x->at = found + strlen(mark);
	return true;
}

static bool add_utf8(struct buf *b, unsigned long c)
{
	char u[4];
	size_t n;

	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return false;
	if (c < 0x80) {
		u[0] = (char)c;
		n = 1;
	} else if (c < 0x800) {
		u[0] = (char)(0xc0 | c >> 6);
		u[1] = (char)(0x80 | (c & 63));
		n = 2;
	} else if (c < 0x10000) {
		u[0] = (char)(0xe0 | c >> 12);
		u[1] = (char)(0x80 | (c >> 6 & 63));
		u[2] = (char)(0x80 | (c & 63));
		n = 3;
	} else {
		u[0] = (char)(0xf0 | c >> 18);
		u[1] = (char)(0x80 | (c >> 12 & 63));
		u[2] = (char)(0x80 | (c >> 6 & 63));
		u[3] = (char)(0x80 | (c & 63));
		n = 4;
	}
	return buf_add(b, u, n);
}

static bool add_entity(struct xml *x)
{
	static const struct {
		const char *name;
		char c;
	} known[] = { { "lt", '<' }, { "gt", '>' }, { "amp", '&' }, { "quot", '"' }, { "apos", '\'' } };
	char name[ENTITY_MAX + 1], *stop;
	size_t left = (size_t)(x->end - x->at) - 1, n = 0;
	unsigned long c;

	while (n < left && n < ENTITY_MAX && x->at[1 + n] != ';') {
		name[n] = x->at[1 + n];
		n++;
	}
	if (n == 0 || n >= left || x->at[1 + n] != ';')
		return false;
	name[n] = '\0';
	x->at += n + 2;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, name) == 0)
			return buf_addc(&x->text, known[i].c);
	if (name[0] != '#')
		return false;
	c = name[1] == 'x' ? strtoul(name + 2, &stop, 16) : strtoul(name + 1, &stop, 10);
	return *stop == '\0' && add_utf8(&x->text, c);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Text between tags; outside the root only white space. */
static bool read_text(struct xml *x)
{
	while (x->at < x->end && *x->at != '<') {
		if (x->path_len == 0) {
			if (!is_space(*x->at))
				return false;
			x->at++;
		} else if (*x->at == '&') {
			if (!add_entity(x))
				return false;
		} else {
			if (!buf_addc(&x->text, *x->at))
				return false;
			x->at++;
		}
	}
	return true;
}

/* The name at the cursor without its prefix; the cursor goes behind it. */
static bool read_name(struct xml *x, const char **name, size_t *len)
{
	const char *from = x->at;

	while (x->at < x->end && !is_space(*x->at) && *x->at != '>' && *x->at != '/' && *x->at != '<')
		x->at++;
	*name = from;
	for (const char *c = from; c < x->at; c++)
		if (*c == ':')
			*name = c + 1;
	*len = (size_t)(x->at - *name);
	return *len > 0;
}

static size_t last_name(const struct xml *x)
{
	size_t at = x->path_len;

	while (at > 0 && x->path[at - 1] != '/')
		at--;
	return at;
}

/* "</name>": 1 when it closes the open element. */
static int read_end_tag(struct xml *x)
{
	const char *name;
	size_t len, open = last_name(x);

	x->at += 2;
	if (!read_name(x, &name, &len) || x->path_len == 0)
		return -1;
	if (len != x->path_len - open || memcmp(name, x->path + open, len) != 0)
		return -1;
	while (x->at < x->end && is_space(*x->at))
		x->at++;
	if (x->at == x->end || *x->at != '>')
		return -1;
	x->at++;
	x->ended = true;
	return 1;
}

/* "<name …>" or "<name …/>": 1 when it is empty, 0 when it is open now. */
static int read_start_tag(struct xml *x)
{
	const char *name;
	size_t len;
	char quote = '\0';

	x->at++;
	if (!read_name(x, &name, &len) || (x->path_len == 0 && x->seen_root))
		return -1;
	if (x->path_len + 1 + len >= sizeof(x->path))
		return -1;
	x->path[x->path_len] = '/';
	memcpy(x->path + x->path_len + 1, name, len);
	x->path_len += 1 + len;
	x->path[x->path_len] = '\0';
	x->seen_root = true;
	buf_clear(&x->text);
	for (; x->at < x->end; x->at++) {
		if (quote != '\0') {
			if (*x->at == quote)
				quote = '\0';
		} else if (*x->at == '"' || *x->at == '\'') {
			quote = *x->at;
		} else if (*x->at == '>') {
			x->ended = x->at[-1] == '/';
			x->at++;
			return x->ended;
		}
	}
	return -1;
}

static int read_markup(struct xml *x)
{
	const char *from;
	size_t len;

	if (starts(x, "<?"))
		return pass(x, "?>", &from, &len) ? 0 : -1;
	if (starts(x, "<!--"))
		return pass(x, "-->", &from, &len) ? 0 : -1;
	if (starts(x, "<![CDATA[")) {
		x->at += strlen("<![CDATA[");
		return x->path_len > 0 && pass(x, "]]>", &from, &len) && buf_add(&x->text, from, len) ? 0 : -1;
	}
	if (starts(x, "<!"))
		return -1;
	return starts(x, "</") ? read_end_tag(x) : read_start_tag(x);
}

int xml_next(struct xml *x)
{
	int rc;

	if (x->ended) {
		size_t at = last_name(x);

		x->path_len = at > 0 ? at - 1 : 0;
		x->path[x->path_len] = '\0';
		x->ended = false;
		buf_clear(&x->text);
	}
	for (;;) {
		if (!read_text(x))
			return -1;
		if (x->at == x->end)
			return x->path_len == 0 && x->seen_root ? 0 : -1;
		rc = read_markup(x);
		if (rc != 0)
			return rc;
	}
}

bool xml_find(const void *data, size_t len, const char *path, char *out, size_t size)
{
	struct xml x;
	bool found = false;

	xml_open(&x, data, len);
	while (!found && xml_next(&x) == 1) {
		if (strcmp(x.path, path) == 0) {
			snprintf(out, size, "%s", buf_str(&x.text));
			found = true;
		}
	}
	xml_close(&x);
	return found;
}

bool xml_is(const void *data, size_t len, const char *root)
{
	struct xml x;
	bool same = false;
	int rc;

	xml_open(&x, data, len);
	while ((rc = xml_next(&x)) == 1)
		same = strcmp(x.path, root) == 0;
	xml_close(&x);
	return rc == 0 && same;
}
