/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as comma-separated values. The first byte is the delimiter; the second seeds the pieces in which a pipe
 * hands them out, and as a digit sets the longest row; the third is passed over; then comes the file.
 *
 * What must hold: from a file, from a pipe in whatever pieces, and from where any row begins, the same is read; where
 * no limit is met it is what the oracle reads; and a row becomes one JSON object of its columns, as jansson reads it.
 */
#include "replay/csv.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "replay/row.h"
#include "support/csv_oracle.h"
#include "target.h"

#define PLENTY ((size_t)1 << 20)
#define FILE_MOST (CSV_MAX_FIELDS - 1) /* so that no row has too many fields */
#define READ_LEAST 1024                /* no piece is larger than what a reader asks for at least: the rest is lost */
#define PIPE_BYTES (1 << 20)           /* a page for each piece */
#define PIECES 200
#define SEEKS_MOST 40

/* What a reader says: to the byte, and as the oracle says it. */
struct said {
	struct buf exact, plain;
	struct place {
		int64_t offset;
		uint64_t line;
		size_t at, len; /* in exact */
	} * rows;
	size_t n;
};

static enum csv_result say_next(struct csv *c, struct said *said)
{
	struct csv_row row;
	struct error e;
	enum csv_result r = csv_next(c, &row, &e);
	struct place *place;

	must(r != CSV_ERROR);
	if (r == CSV_END)
		return r;
	said->rows = mem_realloc(said->rows, (said->n + 1) * sizeof(*said->rows));
	place = &said->rows[said->n++];
	*place = (struct place){ row.offset, row.line, said->exact.len, 0 };
	buf_addf(&said->exact, "%" PRIu64 " at %" PRId64 ": ", row.line, row.offset);
	buf_addf(&said->plain, r == CSV_BAD ? "!%ju" : "%ju:", (uintmax_t)row.line);
	if (r == CSV_BAD)
		buf_addf(&said->exact, "%s", e.text);
	else
		buf_addf(&said->exact, "%zu bytes", row.bytes);
	for (size_t i = 0; r == CSV_ROW && i < row.n; i++) {
		const struct csv_field *f = &row.fields[i];

		must(f->len <= row.bytes);
		buf_addf(&said->exact, " %d%d%u:", f->quoted, f->doubled, (unsigned)f->len);
		buf_add(&said->exact, f->data, f->len);
		buf_adds(&said->plain, i > 0 ? "|" : "");
		buf_add(&said->plain, f->data, f->len);
	}
	buf_addc(&said->exact, '\n');
	buf_addc(&said->plain, ';');
	place->len = said->exact.len - place->at;
	return r;
}

static void forget(struct said *said)
{
	buf_free(&said->exact);
	buf_free(&said->plain);
	free(said->rows);
	*said = (struct said){ 0 };
	buf_init(&said->exact, SIZE_MAX);
	buf_init(&said->plain, SIZE_MAX);
}

static struct csv *open_fd(int fd, char delimiter, size_t max_row, struct error *e)
{
	char name[32];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return csv_open(name, delimiter, max_row, e);
}

/* A pipe in packet mode: each read takes what one write has put there. */
static int make_pipe(const uint8_t *data, size_t size, unsigned seed)
{
	int ends[2];

	must(pipe2(ends, O_DIRECT | O_CLOEXEC) == 0 && fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES) >= 0);
	for (int pieces = 1; size > 0; pieces++) {
		size_t n = READ_LEAST;

		seed = seed * 1103515245 + 12345;
		if (pieces < PIECES)
			n = seed >> 16 & 1 ? 1 + (seed >> 17) % 8 : 1 + (seed >> 17) % READ_LEAST;
		if (n > size)
			n = size;
		must(write(ends[1], data, n) == (ssize_t)n);
		data += n;
		size -= n;
	}
	close(ends[1]);
	return ends[0];
}

static int make_file(const uint8_t *data, size_t size)
{
	int fd = memfd_create("csv", MFD_CLOEXEC);

	must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	return fd;
}

static void check_seeks(struct csv *c, const struct said *whole)
{
	struct said again = { 0 };
	struct error e;

	for (size_t i = 0; i < whole->n && i < SEEKS_MOST; i++) {
		const struct place *row = &whole->rows[whole->n - 1 - i];

		forget(&again);
		must(csv_seek(c, row->offset, row->line, &e) == 0);
		must(say_next(c, &again) != CSV_END);
		must(again.exact.len == row->len &&
		     memcmp(again.exact.data, whole->exact.data + row->at, row->len) == 0);
	}
	forget(&again);
}

static void check_oracle(const uint8_t *data, size_t size, char delimiter, struct said *whole)
{
	struct buf expected;

	if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
		data += 3;
		size -= 3;
	}
	buf_init(&expected, SIZE_MAX);
	(void)csv_oracle((const char *)data, size, delimiter, &expected);
	must(expected.len == whole->plain.len);
	must(expected.len == 0 || memcmp(expected.data, whole->plain.data, expected.len) == 0);
	buf_free(&expected);
}

static void check_object(const struct buf *out, const struct row_shape *shape, const struct csv_row *row)
{
	json_t *object = json_loadb((const char *)out->data, out->len,
				    JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL | JSON_REJECT_DUPLICATES, NULL);

	must(json_object_size(object) == row->n && row_shape_columns(shape) == row->n);
	for (size_t i = 0; i < row->n; i++) {
		const struct csv_field *f = &row->fields[i];
		const json_t *value = json_object_get(object, row_shape_name(shape, i));

		if (f->len == 0) {
			must(json_is_null(value));
		} else if (json_is_number(value)) {
			must(row_is_number(f->data, f->len));
		} else {
			must(json_string_length(value) == f->len);
			must(memcmp(json_string_value(value), f->data, f->len) == 0);
		}
	}
	json_decref(object);
}

/* The first row names the columns of those behind it. */
static void check_json(struct csv *c)
{
	static const struct string_list none = { NULL, 0 };
	struct row_shape *shape = NULL;
	struct csv_row row;
	struct error e;
	struct buf out;
	enum csv_result r;

	buf_init(&out, SIZE_MAX);
	must(csv_rewind(c, &e) == 0);
	while ((r = csv_next(c, &row, &e)) != CSV_END) {
		if (r == CSV_ROW && shape == NULL) {
			shape = row_shape_new(&row, &none, &e);
			if (shape == NULL)
				break;
		} else if (r == CSV_ROW && row_write(shape, &row, &out, &e) == 0) {
			check_object(&out, shape, &row);
		}
	}
	row_shape_free(shape);
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct said whole = { 0 }, pieces = { 0 };
	struct csv *file, *stream;
	struct error e, e2;
	size_t max_row = PLENTY;
	char delimiter;
	int fd, pipe_fd;

	if (size < 3 || size > FILE_MOST)
		return 0;
	delimiter = (char)data[0];
	if (isdigit(data[1]))
		max_row = (size_t)8 << (data[1] - '0');
	fd = make_file(data + 3, size - 3);
	pipe_fd = make_pipe(data + 3, size - 3, data[1]);
	file = open_fd(fd, delimiter, max_row, &e);
	stream = open_fd(pipe_fd, delimiter, max_row, &e2);
	close(fd);
	close(pipe_fd);
	must((file == NULL) == (stream == NULL));
	if (file == NULL) {
		must(strcmp(e.text, e2.text) == 0);
		return 0;
	}
	forget(&whole);
	forget(&pieces);
	while (say_next(file, &whole) != CSV_END)
		;
	while (say_next(stream, &pieces) != CSV_END)
		;
	must(whole.exact.len == pieces.exact.len);
	must(whole.exact.len == 0 || memcmp(whole.exact.data, pieces.exact.data, whole.exact.len) == 0);
	must(csv_offset(file) == (int64_t)size - 3 && csv_offset(stream) == (int64_t)size - 3);
	if (max_row == PLENTY)
		check_oracle(data + 3, size - 3, delimiter, &whole);
	check_seeks(file, &whole);
	check_json(file);
	csv_close(file);
	csv_close(stream);
	buf_free(&whole.exact);
	buf_free(&whole.plain);
	free(whole.rows);
	buf_free(&pieces.exact);
	buf_free(&pieces.plain);
	free(pieces.rows);
	return 0;
}
