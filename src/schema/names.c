/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and names, found by hash: by the key as it is spelt, by the key in lower case, by the name. */
#include "schema/names.h"

#include <jansson.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "base/mem.h"
#include "schema/schema.h"

#define NAME_BYTES_MAX 255
#define NUMBERED_MAX 244 /* leaves room for "_" and a number */

struct names {
	struct name **all;
	size_t n;
	json_t *by_key, *by_folded_key, *by_name; /* places in all; a reserved name has -1 */
	locale_t locale;
	uint64_t spelt;
};

struct names *names_new(void)
{
	struct names *n = mem_zalloc(sizeof(*n));

	n->by_key = mem_must(json_object());
	n->by_folded_key = mem_must(json_object());
	n->by_name = mem_must(json_object());
	n->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
	if (n->locale == NULL) /* then other letters than ASCII's keep their case */
		n->locale = mem_must(newlocale(LC_CTYPE_MASK, "C", NULL));
	return n;
}

void names_free(struct names *n)
{
	if (n == NULL)
		return;
	for (size_t i = 0; i < n->n; i++) {
		free(n->all[i]->name);
		free(n->all[i]->key);
		free(n->all[i]);
	}
	free(n->all);
	json_decref(n->by_key);
	json_decref(n->by_folded_key);
	json_decref(n->by_name);
	freelocale(n->locale);
	free(n);
}

char *names_fold(const struct names *n, const char *text)
{
	size_t len = strlen(text), at = 0;
	char *out = mem_alloc(MB_LEN_MAX * len + 1);
	locale_t before = uselocale(n->locale);
	mbstate_t in = { 0 }, back = { 0 };

	while (len > 0) {
		wchar_t c;
		size_t took = mbrtowc(&c, text, len, &in), put = (size_t)-1;

		if (took <= len && took > 0)
			put = wcrtomb(out + at, (wchar_t)towlower((wint_t)c), &back);
		if (put == (size_t)-1) {
			out[at] = *text;
			took = put = 1;
			in = back = (mbstate_t){ 0 };
		}
		text += took;
		len -= took;
		at += put;
	}
	out[at] = '\0';
	uselocale(before);
	return out;
}

static struct name *get(const struct names *n, const json_t *map, const char *text)
{
	const json_t *place = json_object_get(map, text);

	return place != NULL && json_integer_value(place) >= 0 ? n->all[json_integer_value(place)] : NULL;
}

static void put_once(json_t *map, const char *text, json_int_t place)
{
	if (json_object_get(map, text) == NULL)
		json_object_set_new(map, text, json_integer(place));
}

void names_reserve(struct names *n, const char *name)
{
	put_once(n->by_name, name, -1);
}

struct name *names_find(const struct names *n, const char *name)
{
	char *folded = names_fold(n, name);
	struct name *found = get(n, n->by_name, folded);

	free(folded);
	return found;
}

struct name *names_bind(struct names *n, const char *name, const char *key, bool exact)
{
	char *folded_name = names_fold(n, name), *folded_key = names_fold(n, key);
	struct name *bound = get(n, n->by_name, folded_name);

	if (json_object_get(n->by_name, folded_name) == NULL) {
		bound = mem_zalloc(sizeof(*bound));
		bound->name = mem_strdup(name);
		bound->key = mem_strdup(key);
		bound->exact = exact;
		n->all = mem_realloc(n->all, (n->n + 1) * sizeof(*n->all));
		n->all[n->n] = bound;
		json_object_set_new(n->by_name, folded_name, json_integer((json_int_t)n->n));
		put_once(n->by_folded_key, folded_key, (json_int_t)n->n);
		put_once(n->by_key, key, (json_int_t)n->n);
		n->n++;
	}
	free(folded_name);
	free(folded_key);
	return bound;
}

struct name *names_known(const struct names *n, const char *key)
{
	struct name *found = get(n, n->by_key, key);
	char *folded;

	if (found != NULL)
		return found;
	folded = names_fold(n, key);
	found = get(n, n->by_folded_key, folded);
	free(folded);
	return found;
}

/* Where a character is none of those of names stands one "_". */
static char *safe_name(const struct names *n, const char *key)
{
	char *folded = names_fold(n, key), *out = mem_alloc(NAME_BYTES_MAX + 1);
	bool any = false;
	size_t len = 0;

	for (const char *p = folded; *p != '\0' && len < NAME_BYTES_MAX; p++) {
		bool plain = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9');

		if (((unsigned char)*p & 0xc0) == 0x80) /* inside a character */
			continue;
		out[len++] = plain ? *p : '_';
		any |= plain;
	}
	out[len] = '\0';
	if (!any)
		snprintf(out, NAME_BYTES_MAX + 1, "column");
	free(folded);
	return out;
}

static char *free_name(const struct names *n, const char *key)
{
	char *name = safe_name(n, key), *numbered;

	if (json_object_get(n->by_name, name) == NULL)
		return name;
	for (unsigned i = 2;; i++) {
		numbered = mem_printf("%.*s_%u", NUMBERED_MAX, name, i);
		if (json_object_get(n->by_name, numbered) == NULL)
			break;
		free(numbered);
	}
	free(name);
	return numbered;
}

struct name *names_of_key(struct names *n, const char *key, const char **why)
{
	struct name *found = names_known(n, key);
	char *name;

	if (found != NULL && !found->exact) {
		n->spelt += strcmp(found->key, key) != 0;
		free(found->key);
		found->key = mem_strdup(key);
		found->exact = true;
	}
	if (found != NULL)
		return found;
	*why = key[0] == '\0'                 ? "it is empty"
	       : strlen(key) > SCHEMA_KEY_MAX ? "it is too long"
	       : n->n >= SCHEMA_FIELDS_MAX    ? "there are too many already"
					      : NULL;
	if (*why != NULL)
		return NULL;
	name = free_name(n, key);
	found = names_bind(n, name, key, true);
	free(name);
	return found;
}

uint64_t names_spelt(const struct names *n)
{
	return n->spelt;
}
