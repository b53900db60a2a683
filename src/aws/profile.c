/* SPDX-License-Identifier: Apache-2.0 */
/* Each file's text is cut up in place; what it says are pointers into it, in the order of reading. What a profile means
 * is credentials_profile.c's.
 * Invariant: no text of a file, which may hold secrets, reaches a message, but for the names of sections. */
#include "aws/profile.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include "aws/secret.h"
#include "base/buf.h"
#include "base/mem.h"

#define FILE_MAX_BYTES ((size_t)256 << 10)
#define NAMES_MAX 2048

struct file_text {
	SLIST_ENTRY(file_text) next;
	size_t size;
	char *text;
};

/* A section by itself has no key. */
struct entry {
	const char *profile, *key, *value;
};

struct profiles {
	SLIST_HEAD(, file_text) files;
	struct entry *entries;
	size_t n;
	struct buf names;
};

/* How far the reading of one file is. */
struct reading {
	struct profiles *into;
	enum profile_syntax syntax;
	const char *profile; /* NULL: a section that is none */
	bool nests;          /* the last key had no value: what is further in belongs to it */
	size_t indent;       /* of that key */
};

struct profiles *profiles_new(void)
{
	struct profiles *p = mem_zalloc(sizeof(*p));

	SLIST_INIT(&p->files);
	buf_init(&p->names, NAMES_MAX);
	return p;
}

void profiles_free(struct profiles *p)
{
	struct file_text *f;

	while ((f = SLIST_FIRST(&p->files)) != NULL) {
		SLIST_REMOVE_HEAD(&p->files, next);
		explicit_bzero(f->text, f->size); /* not to its first zero: it is cut up */
		free(f->text);
		free(f);
	}
	buf_free(&p->names);
	free(p->entries);
	free(p);
}

static char *trim(char *s)
{
	char *end;

	while (isspace((unsigned char)*s))
		s++;
	end = s + strlen(s);
	while (end > s && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return s;
}

static void add(struct profiles *p, const char *profile, const char *key, const char *value)
{
	if ((p->n & (p->n - 1)) == 0)
		p->entries = mem_realloc(p->entries, (p->n > 0 ? p->n * 2 : 1) * sizeof(*p->entries));
	p->entries[p->n++] = (struct entry){ profile, key, value };
}

static char *unquoted(char *name)
{
	size_t len = strlen(name);

	if (len < 2 || (name[0] != '"' && name[0] != '\'') || name[len - 1] != name[0])
		return name;
	name[len - 1] = '\0';
	return name + 1;
}

/* "[profile x]", "[default]", "[x]"; line begins behind its bracket. */
static void take_section(struct reading *r, char *line)
{
	char *name;

	line[strcspn(line, "]")] = '\0';
	name = trim(line);
	r->nests = false;
	r->profile = NULL;
	if (r->syntax == PROFILE_CONFIG && strcmp(name, PROFILE_DEFAULT) != 0) {
		size_t word = strcspn(name, " \t");

		if (strncmp(name, "profile", word) != 0 || word != strlen("profile") || name[word] == '\0')
			return;
		name = unquoted(trim(name + word));
	}
	r->profile = name;
	add(r->into, name, NULL, NULL);
}

/* A comment behind a value has white space before it. */
static void cut_comment(char *value)
{
	for (char *s = value; *s != '\0'; s++)
		if (isspace((unsigned char)*s) && (s[1] == '#' || s[1] == ';'))
			*s = '\0';
}

static void take_key(struct reading *r, char *line, size_t indent)
{
	char *equals = strchr(line, '=');
	char *value;

	if (r->nests && indent > r->indent)
		return;
	r->nests = false;
	if (equals == NULL)
		return;
	*equals = '\0';
	value = equals + 1;
	cut_comment(value);
	value = trim(value);
	r->nests = value[0] == '\0';
	r->indent = indent;
	if (r->profile != NULL)
		add(r->into, r->profile, trim(line), value);
}

static void parse(struct reading *r, char *text)
{
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		size_t indent = strspn(line, " \t");

		line = trim(line);
		if (line[0] == '[')
			take_section(r, line + 1);
		else if (line[0] != '\0' && line[0] != '#' && line[0] != ';')
			take_key(r, line, indent);
	}
}

int profiles_read(struct profiles *p, const char *path, enum profile_syntax syntax, struct error *e)
{
	struct reading r = { .into = p, .syntax = syntax };
	struct file_text *f;
	char *text;

	buf_addf(&p->names, "%s'%s'", p->names.len > 0 ? " and " : "", path);
	if (secret_read_file(path, FILE_MAX_BYTES, &text, e) != 0)
		return -1;
	f = mem_zalloc(sizeof(*f));
	f->text = text;
	f->size = strlen(text);
	SLIST_INSERT_HEAD(&p->files, f, next);
	parse(&r, text);
	return 0;
}

static char *shared_path(const char *variable, const char *beneath_home)
{
	const char *path = getenv(variable), *home = getenv("HOME");

	if (path != NULL && path[0] != '\0')
		return mem_strdup(path);
	return mem_printf("%s/%s", home != NULL ? home : "", beneath_home);
}

/* A service's home may be hidden from it (ProtectHome=), which is as good as empty. */
static int read_shared(struct profiles *p, const char *variable, const char *beneath_home, enum profile_syntax syntax,
		       struct error *e)
{
	char *path = shared_path(variable, beneath_home);
	const char *given = getenv(variable);
	int rc = profiles_read(p, path, syntax, e);

	free(path);
	if (rc != 0 && (e->code == ENOENT || e->code == ENOTDIR))
		return 0;
	if (rc != 0 && e->code == EACCES && (given == NULL || given[0] == '\0'))
		return 0;
	return rc;
}

int profiles_read_shared(struct profiles *p, struct error *e)
{
	if (read_shared(p, "AWS_CONFIG_FILE", ".aws/config", PROFILE_CONFIG, e) != 0)
		return -1;
	return read_shared(p, "AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials", PROFILE_CREDENTIALS, e);
}

const char *profile_name(const char *given)
{
	const char *variable = getenv("AWS_PROFILE");

	if (given[0] != '\0')
		return given;
	return variable != NULL && variable[0] != '\0' ? variable : PROFILE_DEFAULT;
}

const char *profiles_names(struct profiles *p)
{
	return buf_str(&p->names);
}

bool profiles_has(const struct profiles *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->entries[i].profile, name) == 0)
			return true;
	return false;
}

const char *profiles_get(const struct profiles *p, const char *name, const char *key)
{
	for (size_t i = p->n; i-- > 0;) {
		const struct entry *t = &p->entries[i];

		if (t->key != NULL && strcmp(t->profile, name) == 0 && strcasecmp(t->key, key) == 0)
			return t->value;
	}
	return "";
}
