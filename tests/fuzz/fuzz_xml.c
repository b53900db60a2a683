/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a document of S3's: the XML reader, and what reads errors and listings through it. Elements that were
 * read, written out as a document again, must be read as the same elements. */
#include "base/xml.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "store/s3_error.h"
#include "store/s3_listing.h"
#include "target.h"

#define FINDS_MAX 16
#define LINES_MAX ((size_t)1 << 20)

struct element {
	char *path;
	struct buf text;
	struct buf document; /* as it is written out, with all that it holds */
};

struct elements {
	struct element *all;
	size_t n;
	int verdict; /* the last of xml_next */
};

static void read_elements(const void *data, size_t len, struct elements *read)
{
	struct xml x;

	*read = (struct elements){ 0 };
	xml_open(&x, data, len);
	while ((read->verdict = xml_next(&x)) == 1) {
		struct element *e;

		must(x.path[0] == '/' && x.path[1] != '\0' && strlen(x.path) == x.path_len);
		read->all = mem_realloc(read->all, (read->n + 1) * sizeof(*read->all));
		e = &read->all[read->n++];
		e->path = mem_strdup(x.path);
		buf_init(&e->text, SIZE_MAX);
		buf_init(&e->document, SIZE_MAX);
		buf_add(&e->text, x.text.data, x.text.len);
	}
	must(read->verdict == 0 || read->verdict == -1);
	xml_close(&x);
}

static void forget(struct elements *read)
{
	for (size_t i = 0; i < read->n; i++) {
		free(read->all[i].path);
		buf_free(&read->all[i].text);
		buf_free(&read->all[i].document);
	}
	free(read->all);
}

static int depth_of(const struct element *e)
{
	int depth = 0;

	for (const char *p = e->path; *p != '\0'; p++)
		depth += *p == '/';
	return depth;
}

static void add_escaped(struct buf *to, const struct buf *text)
{
	for (size_t i = 0; i < text->len; i++) {
		char c = (char)text->data[i];

		if (strchr("&<>", c) != NULL)
			buf_addf(to, "&#%d;", c);
		else
			buf_addc(to, c);
	}
}

/* Elements come as they end: an element's children are those one deeper since the last that was not. The prefix keeps a
 * name that begins with "?" or "!" from being something else. */
static void write_out(struct elements *read)
{
	for (size_t i = 0; i < read->n; i++) {
		struct element *e = &read->all[i];
		const char *name = strrchr(e->path, '/') + 1;
		int depth = depth_of(e);
		size_t first = i;

		while (first > 0 && depth_of(&read->all[first - 1]) > depth)
			first--;
		buf_addf(&e->document, "<a:%s b='>\"'>", name);
		for (; first < i; first++)
			if (depth_of(&read->all[first]) == depth + 1)
				buf_add(&e->document, read->all[first].document.data, read->all[first].document.len);
		add_escaped(&e->document, &e->text);
		buf_addf(&e->document, "</%s >", name);
	}
}

static void check_again(struct elements *read)
{
	const struct buf *document = &read->all[read->n - 1].document;
	struct elements again;

	write_out(read);
	read_elements(document->data, document->len, &again);
	must(again.verdict == 0 && again.n == read->n);
	for (size_t i = 0; i < again.n; i++) {
		must(strcmp(again.all[i].path, read->all[i].path) == 0);
		must(again.all[i].text.len == read->all[i].text.len);
		must(again.all[i].text.len == 0 ||
		     memcmp(again.all[i].text.data, read->all[i].text.data, again.all[i].text.len) == 0);
	}
	forget(&again);
}

static void check_finds(const void *data, size_t size, const struct elements *read)
{
	for (size_t i = 0; i < read->n && i < FINDS_MAX; i++) {
		char out[XML_TEXT_MAX + 1];
		size_t first = 0;

		while (strcmp(read->all[first].path, read->all[i].path) != 0)
			first++;
		must(xml_find(data, size, read->all[i].path, out, sizeof(out)));
		must(strcmp(out, buf_str(&read->all[first].text)) == 0);
	}
	if (read->n > 0)
		must(xml_is(data, size, read->all[read->n - 1].path) == (read->verdict == 0));
}

static bool is_printable(const char *s)
{
	for (; *s != '\0'; s++)
		if (!isprint((unsigned char)*s))
			return false;
	return true;
}

static void check_error(const uint8_t *data, size_t size)
{
	struct http_request r = { .status = 400,
				  .response = { .data = (uint8_t *)data, .len = size, .cap = size, .max = size } };
	struct s3_answer a;

	s3_answer_read(&r, 0, &a);
	must(is_printable(a.code) && is_printable(a.message) && is_printable(a.region) && is_printable(a.endpoint));
	for (enum s3_op op = S3_PUT; op <= S3_GET; op++)
		must(s3_rule_for(op, a.status, a.code) != NULL);
}

/* Each line: so many fields, those before the last made of digits when they are numbers, none with a control in it. */
static void check_lines(struct buf *lines, int fields, bool numbers)
{
	int field = 1;
	size_t len = 0;

	for (const char *p = buf_str(lines); *p != '\0'; p++) {
		if (*p == '\t' || *p == '\n') {
			must(len > 0 && (*p == '\n') == (field == fields));
			field = *p == '\n' ? 1 : field + 1;
			len = 0;
			continue;
		}
		must(!iscntrl((unsigned char)*p));
		must(!numbers || field == fields || isdigit((unsigned char)*p));
		len++;
	}
	must(field == 1 && len == 0);
}

static void check_listings(const uint8_t *data, size_t size)
{
	struct s3_page page;
	struct buf lines;
	char *next;

	buf_init(&lines, LINES_MAX);
	if (s3_page_read(data, size, &lines, &page) == 0)
		check_lines(&lines, 2, false);
	buf_clear(&lines);
	if (s3_objects_read(data, size, &lines, &next) == 0)
		check_lines(&lines, 3, true);
	else
		must(next == NULL);
	free(next);
	buf_free(&lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elements read;

	read_elements(data, size, &read);
	check_finds(data, size, &read);
	if (read.verdict == 0)
		check_again(&read);
	forget(&read);
	check_error(data, size);
	check_listings(data, size);
	return 0;
}
