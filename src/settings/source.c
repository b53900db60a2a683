/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the settings file. Includes are resolved here and not by libconfig: its releases differ in what a path counts
 * from and in how they report a missing file. Knows of the syntax only what finds an include: strings and comments. */
#include "settings/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define TEXT_MAX (4U << 20)
#define VALUE_MAX (64U << 10)
#define INCLUDE_DEPTH 10

enum state { CODE, STRING, BLOCK_COMMENT };

static int read_whole(const char *path, struct buf *b, bool *others_can_read, struct error *e)
{
	struct stat st;
	ssize_t n = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd >= 0 && fstat(fd, &st) == 0) {
		*others_can_read = S_ISREG(st.st_mode) && (st.st_mode & S_IROTH) != 0;
		for (;;) {
			uint8_t *space = buf_reserve(b, 4096);

			if (space == NULL) {
				close(fd);
				return error_set(e, ERROR_GIVE_UP, 0, "cannot read '%s': it is larger than %zu bytes",
						 path, b->max);
			}
			n = read(fd, space, 4096);
			if (n < 0 && errno == EINTR)
				continue;
			if (n <= 0)
				break;
			b->len += (size_t)n;
		}
	}
	if (n < 0)
		error_set(e, ERROR_GIVE_UP, errno, "cannot read '%s': %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return n < 0 ? -1 : 0;
}

/* The path as seen from the folder that beside lies in. Owns: the caller frees. */
static char *path_beside(const char *beside, const char *path)
{
	const char *slash = strrchr(beside, '/');

	if (path[0] == '/' || slash == NULL)
		return mem_strdup(path);
	return mem_printf("%.*s/%s", (int)(slash - beside), beside, path);
}

static size_t add_file(struct source *s, const char *path)
{
	s->files = mem_realloc(s->files, (s->n_files + 1) * sizeof(*s->files));
	s->files[s->n_files] = (struct source_file){ .path = mem_strdup(path) };
	return s->n_files++;
}

static int add_line(struct source *s, size_t file, int line, const char *text, size_t len, struct error *e)
{
	if ((s->n_lines & (s->n_lines - 1)) == 0)
		s->lines = mem_realloc(s->lines, (s->n_lines ? s->n_lines * 2 : 1) * sizeof(*s->lines));
	s->lines[s->n_lines++] = (struct source_line){ .file = file, .line = line };
	if (buf_add(&s->text, text, len) && buf_addc(&s->text, '\n'))
		return 0;
	return error_set(e, ERROR_GIVE_UP, 0, "%s:%d: the settings are larger than %u bytes", s->files[file].path, line,
			 TEXT_MAX);
}

/* Go through one line; the state behind it. */
static enum state scan_line(enum state state, const char *p, const char *end)
{
	for (; p < end; p++) {
		bool pair = p + 1 < end;

		if (state == STRING) {
			if (*p == '\\' && pair)
				p++;
			else if (*p == '"')
				state = CODE;
		} else if (state == BLOCK_COMMENT) {
			if (*p == '*' && pair && p[1] == '/') {
				state = CODE;
				p++;
			}
		} else if (*p == '#' || (*p == '/' && pair && p[1] == '/')) {
			break;
		} else if (*p == '/' && pair && p[1] == '*') {
			state = BLOCK_COMMENT;
			p++;
		} else if (*p == '"') {
			state = STRING;
		}
	}
	return state;
}

/* 1 and *path: the line is an include. 0: it is none. -1: it looks like one and is not. Owns: the caller frees. */
static int include_parse(const char *p, const char *end, char **path)
{
	static const char word[] = "@include";
	const char *begin;

	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	if ((size_t)(end - p) < strlen(word) || memcmp(p, word, strlen(word)) != 0)
		return 0;
	for (p += strlen(word); p < end && (*p == ' ' || *p == '\t'); p++)
		;
	if (p == end || *p != '"')
		return -1;
	begin = ++p;
	while (p < end && *p != '"')
		p++;
	if (p == end || p == begin)
		return -1;
	*path = mem_printf("%.*s", (int)(p - begin), begin);
	for (p++; p < end && strchr(" \t\r;", *p) != NULL; p++)
		;
	if (p == end || *p == '#')
		return 1;
	free(*path);
	*path = NULL;
	return -1;
}

static int read_file(struct source *s, const char *path, int depth, struct error *e);

static int read_include(struct source *s, size_t file, int line, const char *path, int depth, struct error *e)
{
	char *full = path_beside(s->files[file].path, path);
	size_t n_files = s->n_files;
	int rc;

	if (depth >= INCLUDE_DEPTH) {
		error_set(e, ERROR_GIVE_UP, 0, "%s:%d: @include goes deeper than %d files; does one include itself?",
			  s->files[file].path, line, INCLUDE_DEPTH);
		free(full);
		return -1;
	}
	rc = read_file(s, full, depth + 1, e);
	/* What is wrong inside of it has its own file and line already. */
	if (rc < 0 && s->n_files == n_files)
		error_context(e, "%s:%d: @include", s->files[file].path, line);
	free(full);
	return rc;
}

static int read_lines(struct source *s, size_t file, const struct buf *content, int depth, struct error *e)
{
	const char *p = (const char *)content->data, *end = p + content->len;
	enum state state = CODE, next;
	int line = 0, opened = 0, rc = 0;

	if (content->len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	while (p < end && rc == 0) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		const char *stop = newline != NULL ? newline : end;
		char *path = NULL;
		int include = state == CODE ? include_parse(p, stop, &path) : 0;

		line++;
		if (include < 0)
			rc = error_set(e, ERROR_GIVE_UP, 0, "%s:%d: write @include \"PATH\" on a line of its own",
				       s->files[file].path, line);
		else if (include > 0)
			rc = read_include(s, file, line, path, depth, e);
		else
			rc = add_line(s, file, line, p, (size_t)(stop - p), e);
		free(path);
		next = include ? CODE : scan_line(state, p, stop);
		if (next != CODE && (state == CODE || next != state))
			opened = line;
		state = next;
		p = stop + 1;
	}
	if (rc == 0 && state != CODE)
		rc = error_set(e, ERROR_GIVE_UP, 0, "%s:%d: the %s that begins here is never closed",
			       s->files[file].path, opened, state == STRING ? "text" : "comment");
	return rc;
}

static int read_file(struct source *s, const char *path, int depth, struct error *e)
{
	bool others_can_read = false;
	struct buf content;
	size_t file;
	int rc;

	buf_init(&content, TEXT_MAX);
	rc = read_whole(path, &content, &others_can_read, e);
	if (rc == 0) {
		file = add_file(s, path);
		s->files[file].others_can_read = others_can_read;
		if (content.len > 0 && memchr(content.data, 0, content.len) != NULL)
			rc = error_set(e, ERROR_GIVE_UP, 0, "%s: this is no text file: it holds a zero byte", path);
		else if (content.len > 0)
			rc = read_lines(s, file, &content, depth, e);
	}
	if (content.data != NULL)
		explicit_bzero(content.data, content.cap);
	buf_free(&content);
	return rc;
}

int source_read(struct source *s, const char *path, struct error *e)
{
	*s = (struct source){ 0 };
	buf_init(&s->text, TEXT_MAX);
	return read_file(s, path, 0, e);
}

void source_free(struct source *s)
{
	if (s->text.data != NULL)
		explicit_bzero(s->text.data, s->text.cap);
	buf_free(&s->text);
	for (size_t i = 0; i < s->n_files; i++)
		free(s->files[i].path);
	free(s->files);
	free(s->lines);
	*s = (struct source){ 0 };
}

/* A line behind the last one (an error at the end of the text) counts as the last. */
static struct source_line line_at(const struct source *s, int line)
{
	if (s->n_lines == 0)
		return (struct source_line){ .file = 0, .line = 1 };
	if (line < 1)
		line = 1;
	return s->lines[(size_t)line > s->n_lines ? s->n_lines - 1 : (size_t)line - 1];
}

const char *source_file_at(const struct source *s, int line)
{
	return s->files[line_at(s, line).file].path;
}

int source_line_at(const struct source *s, int line)
{
	return line_at(s, line).line;
}

bool source_others_can_read(const struct source *s, int line)
{
	return s->files[line_at(s, line).file].others_can_read;
}

int source_read_value(const char *beside, const char *path, char **value, bool *others_can_read, struct error *e)
{
	char *full = path_beside(beside, path);
	bool readable = false;
	struct buf b;
	int rc;

	buf_init(&b, VALUE_MAX);
	rc = read_whole(full, &b, &readable, e);
	while (b.len > 0 && (b.data[b.len - 1] == '\n' || b.data[b.len - 1] == '\r'))
		b.len--;
	if (rc == 0 && (b.len == 0 || memchr(b.data, 0, b.len) != NULL))
		rc = error_set(e, ERROR_GIVE_UP, 0, "'%s' %s", full, b.len == 0 ? "is empty" : "holds a zero byte");
	if (rc == 0)
		*value = mem_printf("%.*s", (int)b.len, (const char *)b.data);
	if (others_can_read != NULL)
		*others_can_read = readable;
	if (b.data != NULL)
		explicit_bzero(b.data, b.cap);
	buf_free(&b);
	free(full);
	return rc;
}
