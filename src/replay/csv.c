/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of comma-separated values. A row is split where it lies in the buffer, sixteen bytes at a time; only
 * fields with doubled quotes are moved, once the row is whole. A row that reaches beyond what has been read is split
 * again from its beginning when there is more.
 *
 * Resynchronisation: whatever is wrong with a row, the reader goes on at the line after the one on which it began.
 * A stray quote then costs its own line and not the good ones that it swallowed.
 *
 * Invariants: buf[len] is a line feed that is not content, so that every search ends there; LANES bytes follow it. */
#include "replay/csv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define READ_FIRST 1024
#define READ_MOST ((size_t)256 << 10)

struct csv {
	int fd;
	bool seekable;
	int64_t size;
	int64_t first; /* where the content begins: behind the byte order mark */
	size_t max_row;
	uint8_t delimiter;

	uint8_t *buf;
	size_t cap;   /* without the line feed and the padding */
	size_t start; /* of the next row */
	size_t len;
	size_t chunk;   /* how much to read next */
	int64_t offset; /* of buf[0] in the file */
	uint64_t line;  /* of buf[start] */
	bool eof;       /* nothing follows buf[len] */
	bool skipping;  /* drop what comes up to and with the next line feed */

	struct csv_field *fields; /* of the row being split; CSV_MAX_FIELDS */
	size_t n;
	bool quoted; /* it has a quoted field, and so maybe several lines */
};

enum split { SPLIT_ROW, SPLIT_MORE, SPLIT_FAULT };

/* From behind an opening quote to behind the closing one; NULL: it is not in the buffer. */
static const uint8_t *skip_quoted(const struct csv *c, const uint8_t *p, bool *doubled)
{
	const uint8_t *end = c->buf + c->len;

	*doubled = false;
	while ((p = memchr(p, '"', (size_t)(end - p))) != NULL) {
		if (++p == end || *p != '"')
			return p;
		*doubled = true;
		p++;
	}
	return NULL;
}

/* Take the quoted field behind *at and leave *at on the delimiter or line feed that follows it, or on what is wrong. */
static enum split split_quoted(struct csv *c, const uint8_t **at, struct csv_field *field, const char **why)
{
	const uint8_t *open = *at + 1, *end = c->buf + c->len, *p;
	bool doubled;

	c->quoted = true;
	p = skip_quoted(c, open, &doubled);
	if (p == NULL) {
		*at = end - 1;
		*why = "a quote is opened and never closed";
		return c->eof ? SPLIT_FAULT : SPLIT_MORE;
	}
	*field = (struct csv_field){ open, (uint32_t)(p - 1 - open), true, doubled };
	if (p < end && *p == '\r' && p[1] == '\n')
		p++;
	*at = p;
	if (*p == '\n' || *p == c->delimiter)
		return SPLIT_ROW;
	*why = "text follows a closing quote; a quote inside a quoted field is written twice";
	return SPLIT_FAULT;
}

/* Split the row at start. *stop: on SPLIT_ROW its line feed, on SPLIT_FAULT what is wrong. */
static enum split split(struct csv *c, const uint8_t **stop, const char **why)
{
	const uint8_t *begin = c->buf + c->start, *block = begin, *at, *last;
	struct csv_field *field = c->fields;
	const uint8_t delimiter = c->delimiter;
	uint32_t mask = lanes_any3(block, delimiter, '\n', '"');
	enum split answer;

	c->quoted = false;
	for (;; begin = at + 1, field++) {
		while (mask == 0) {
			block += LANES;
			mask = lanes_any3(block, delimiter, '\n', '"');
		}
		at = block + __builtin_ctz(mask);
		mask &= mask - 1;
		*stop = at;
		if (field == c->fields + CSV_MAX_FIELDS) {
			*why = "too many fields (is the delimiter right?)";
			return SPLIT_FAULT;
		}
		if (*at == '"') {
			if (at != begin) {
				*why = "a quote inside a field that does not begin with one";
				return SPLIT_FAULT;
			}
			answer = split_quoted(c, &at, field, why);
			*stop = at;
			if (answer != SPLIT_ROW)
				return answer;
			block = at + 1;
			mask = lanes_any3(block, delimiter, '\n', '"');
		} else {
			last = at > begin && *at == '\n' && at[-1] == '\r' ? at - 1 : at;
			*field = (struct csv_field){ begin, (uint32_t)(last - begin), false, false };
		}
		if (*at == '\n')
			break;
	}
	if (at == c->buf + c->len && !c->eof)
		return SPLIT_MORE;
	c->n = (size_t)(field - c->fields) + 1;
	return SPLIT_ROW;
}

static void undouble(struct csv *c, struct csv_field *f)
{
	uint8_t *to = c->buf + (f->data - c->buf);
	const uint8_t *from = f->data, *end = from + f->len;

	while (from < end) {
		*to++ = *from;
		from += *from == '"' ? 2 : 1;
	}
	f->len = (uint32_t)(to - f->data);
}

static uint64_t count_lines(const uint8_t *p, const uint8_t *end)
{
	uint64_t n = 0;

	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		p++;
		n++;
	}
	return n;
}

/* Hand the row out and stand behind it. */
static void take(struct csv *c, const uint8_t *row_end, struct csv_row *row)
{
	const uint8_t *begin = c->buf + c->start;

	*row = (struct csv_row){ c->fields, c->n, (size_t)(row_end - begin), c->line, c->offset + (int64_t)c->start };
	c->start = (size_t)(row_end - c->buf);
	if (c->start < c->len)
		c->start++;
	c->line++;
	if (!c->quoted)
		return;
	c->line += count_lines(begin, row_end);
	for (size_t i = 0; i < c->n; i++)
		if (c->fields[i].doubled)
			undouble(c, &c->fields[i]);
}

static int fill(struct csv *c, struct error *e)
{
	size_t keep = c->len - c->start;
	size_t want = c->chunk > keep ? c->chunk : keep;
	ssize_t n;

	if (keep > 0 && c->start > 0)
		memmove(c->buf, c->buf + c->start, keep);
	c->offset += (int64_t)c->start;
	c->start = 0;
	c->len = keep;
	if (c->cap - keep < want) {
		c->cap = keep + want;
		c->buf = mem_realloc(c->buf, c->cap + 1 + LANES);
	}
	do
		n = c->seekable ? pread(c->fd, c->buf + keep, want, c->offset + (int64_t)keep)
				: read(c->fd, c->buf + keep, want);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_set(e, ERROR_GIVE_UP, errno, "cannot be read: %s", strerror(errno));
	c->eof = n == 0;
	c->len += (size_t)n;
	memset(c->buf + c->len, 0, 1 + LANES);
	c->buf[c->len] = '\n';
	if (c->chunk < READ_MOST)
		c->chunk *= 2;
	return 0;
}

static enum csv_result bad_row(struct csv *c, const char *why, struct csv_row *row, struct error *e)
{
	*row = (struct csv_row){ .line = c->line, .offset = c->offset + (int64_t)c->start };
	c->skipping = true;
	error_set(e, ERROR_GIVE_UP, 0, "line %ju: %s", (uintmax_t)row->line, why);
	return CSV_BAD;
}

static enum csv_result bad_size(struct csv *c, struct csv_row *row, struct error *e)
{
	char why[128];

	snprintf(why, sizeof(why), "a row longer than %zu bytes (is a quote never closed?)", c->max_row);
	return bad_row(c, why, row, e);
}

/* Drop what is left of a bad line; false: it goes on beyond the buffer. */
static bool skip_line(struct csv *c)
{
	const uint8_t *p = memchr(c->buf + c->start, '\n', c->len - c->start);

	c->start = p == NULL ? c->len : (size_t)(p - c->buf) + 1;
	if (p == NULL)
		return false;
	c->line++;
	c->skipping = false;
	return true;
}

enum csv_result csv_next(struct csv *c, struct csv_row *row, struct error *e)
{
	const uint8_t *stop;
	const char *why;

	for (;;) {
		enum split answer = SPLIT_MORE;

		if (!c->skipping || skip_line(c)) {
			if (c->eof && c->start == c->len)
				return CSV_END;
			answer = split(c, &stop, &why);
		} else if (c->eof) {
			return CSV_END;
		}
		/* Not for what lies beyond: it depends on the size of a read whether that has been seen. */
		if (answer == SPLIT_FAULT && (size_t)(stop - c->buf) - c->start < c->max_row)
			return bad_row(c, why, row, e);
		if (answer == SPLIT_MORE) {
			if (!c->skipping && c->len - c->start > c->max_row)
				return bad_size(c, row, e);
			if (fill(c, e) != 0)
				return CSV_ERROR;
			continue;
		}
		if (answer == SPLIT_FAULT || (size_t)(stop - c->buf) - c->start > c->max_row)
			return bad_size(c, row, e);
		take(c, stop, row);
		if (row->n > 1 || row->fields[0].len > 0 || row->fields[0].quoted)
			return CSV_ROW;
	}
}

static void set_place(struct csv *c, int64_t offset, uint64_t line)
{
	c->offset = offset;
	c->line = line;
	c->start = c->len = 0;
	c->buf[0] = '\n';
	c->chunk = READ_FIRST;
	c->eof = c->skipping = false;
}

int csv_seek(struct csv *c, int64_t offset, uint64_t line, struct error *e)
{
	if (!c->seekable)
		return error_set(e, ERROR_GIVE_UP, 0, "a pipe can be read once, in its own order");
	set_place(c, offset, line);
	return 0;
}

int csv_rewind(struct csv *c, struct error *e)
{
	return csv_seek(c, c->first, 1, e);
}

/* Read enough to see a byte order mark: UTF-8's is skipped, UTF-16's is an error that says what to do. */
static int read_mark(struct csv *c, struct error *e)
{
	while (c->len < 3 && !c->eof)
		if (fill(c, e) != 0)
			return -1;
	if (c->len >= 2 && (memcmp(c->buf, "\xff\xfe", 2) == 0 || memcmp(c->buf, "\xfe\xff", 2) == 0))
		return error_set(e, ERROR_GIVE_UP, 0, "it is UTF-16; make it UTF-8: iconv -f UTF-16 -t UTF-8");
	if (c->len >= 3 && memcmp(c->buf, "\xef\xbb\xbf", 3) == 0)
		c->first = 3;
	c->start = (size_t)c->first;
	return 0;
}

static int open_file(struct csv *c, const char *path, struct error *e)
{
	struct stat st;

	c->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (c->fd < 0)
		return error_set(e, ERROR_GIVE_UP, errno, "cannot be opened: %s", strerror(errno));
	if (fstat(c->fd, &st) != 0)
		return error_set(e, ERROR_GIVE_UP, errno, "cannot be looked at: %s", strerror(errno));
	if (S_ISDIR(st.st_mode))
		return error_set(e, ERROR_GIVE_UP, EISDIR, "it is a directory");
	c->seekable = S_ISREG(st.st_mode);
	c->size = c->seekable ? (int64_t)st.st_size : 0;
	return read_mark(c, e);
}

struct csv *csv_open(const char *path, char delimiter, size_t max_row_bytes, struct error *e)
{
	struct csv *c;

	if (delimiter == '\0' || (delimiter & 0x80) || strchr("\"\r\n", delimiter) != NULL) {
		error_set(e, ERROR_GIVE_UP, 0, "a delimiter is one ASCII character, but no quote and no line break");
		return NULL;
	}
	c = mem_zalloc(sizeof(*c));
	c->fd = -1;
	c->delimiter = (uint8_t)delimiter;
	c->max_row = max_row_bytes;
	c->cap = READ_FIRST;
	c->buf = mem_zalloc(c->cap + 1 + LANES);
	c->fields = mem_array(CSV_MAX_FIELDS, sizeof(*c->fields));
	set_place(c, 0, 1);
	if (open_file(c, path, e) == 0)
		return c;
	csv_close(c);
	return NULL;
}

void csv_close(struct csv *c)
{
	if (c == NULL)
		return;
	if (c->fd >= 0)
		close(c->fd);
	free(c->buf);
	free(c->fields);
	free(c);
}

bool csv_can_seek(const struct csv *c)
{
	return c->seekable;
}

int64_t csv_offset(const struct csv *c)
{
	return c->offset + (int64_t)c->start;
}

int64_t csv_size(const struct csv *c)
{
	return c->size;
}
