/* SPDX-License-Identifier: Apache-2.0 */
/* Values by type: from text or from what libconfig read into the field that the row names, and back into the file's
 * syntax. Everything that depends on a row's type is here; what depends on two rows is in load.c. Pure. */
#include "settings/value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "settings/groups.h"
#include "settings/kafka_options.h"

static void *field_of(const struct row *r, void *base)
{
	return (char *)base + r->offset;
}

static const void *const_field_of(const struct row *r, const void *base)
{
	return (const char *)base + r->offset;
}

void *value_base(const struct row *r, struct settings *s, struct topic_settings *t)
{
	return r->flags & ROW_PER_TOPIC ? (void *)t : (void *)s;
}

bool value_is_list(const struct row *r)
{
	return r->type == ROW_STRINGS || r->type == ROW_SET;
}

const char *value_type_text(const struct row *r)
{
	static const char *const texts[] = {
		[ROW_STRING] = "a text in quotes",
		[ROW_STRINGS] = "a list such as [ \"a\", \"b\" ]",
		[ROW_INTEGER] = "an integer",
		[ROW_SIZE] = "a size such as \"8MiB\"",
		[ROW_DURATION] = "a time such as \"5min\"",
		[ROW_PERCENT] = "a share such as \"10%\"",
		[ROW_FLOAT] = "a number",
		[ROW_BOOL] = "true or false",
		[ROW_CHOICE] = "one of several words",
		[ROW_SET] = "a list of words",
		[ROW_GROUPS] = "a list of groups such as ( { name = \"a\"; } )",
	};

	return texts[r->type];
}

static void format_number(const struct row *r, double x, char out[32])
{
	switch (r->type) {
	case ROW_SIZE:
		text_format_size((int64_t)x, out);
		break;
	case ROW_DURATION:
		text_format_duration((int64_t)x, out);
		break;
	case ROW_PERCENT:
		snprintf(out, 32, "%.0f%%", x);
		break;
	case ROW_FLOAT:
		snprintf(out, 32, "%g", x);
		break;
	default:
		snprintf(out, 32, "%.0f", x);
	}
}

void value_range_text(const struct row *r, char out[96])
{
	char low[32], high[32];

	out[0] = '\0';
	if (r->min >= r->max)
		return;
	format_number(r, r->min, low);
	format_number(r, r->max, high);
	snprintf(out, 96, "%s to %s", low, high);
}

static int wrong_type(const struct row *r, const char *given, struct error *e)
{
	return error_set(e, ERROR_GIVE_UP, 0, "this is %s, where %s is meant", given, value_type_text(r));
}

static int out_of_range(const struct row *r, const char *given, struct error *e)
{
	char range[96];

	value_range_text(r, range);
	return error_set(e, ERROR_GIVE_UP, 0, "%s is out of range; legal is %s", given, range);
}

/* Writes the legal words as "a", "b". */
static void words_text(const struct row *r, char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; r->choices[i] != NULL && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%s\"%s\"", i ? ", " : "", r->choices[i]);
}

static int choice_find(const struct row *r, const char *text, unsigned *index, struct error *e)
{
	char words[256];

	for (unsigned i = 0; r->choices[i] != NULL; i++) {
		if (strcmp(r->choices[i], text) == 0) {
			*index = i;
			return 0;
		}
	}
	words_text(r, words, sizeof(words));
	return error_set(e, ERROR_GIVE_UP, 0, "\"%s\" is none of %s", text, words);
}

static void set_text(char **field, const char *text)
{
	char *old = *field;

	*field = mem_strdup(text);
	if (old != NULL)
		explicit_bzero(old, strlen(old));
	free(old);
}

static int set_number(const struct row *r, void *base, int64_t n, const char *given, struct error *e)
{
	if ((double)n < r->min || (double)n > r->max)
		return out_of_range(r, given, e);
	*(int64_t *)field_of(r, base) = n;
	return 0;
}

static int parse_percent(const char *text, int64_t *n)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -1;
	*n = strtoll(text, &end, 10);
	return strcmp(end, "%") == 0 ? 0 : -1;
}

static int set_with_unit(const struct row *r, void *base, const char *text, struct error *e)
{
	static const struct {
		const char *what, *units;
	} help[] = {
		[ROW_SIZE] = { "size", "the units are B, KiB, MiB, GiB, TiB, kB, MB, GB, TB, as in \"8MiB\"" },
		[ROW_DURATION] = { "time", "the units are ms, s, min, h, d, as in \"5min\"" },
		[ROW_PERCENT] = { "share", "write it as \"10%\"" },
	};
	int64_t n;
	bool fine;

	if (r->type == ROW_SIZE)
		fine = text_parse_size(text, &n);
	else if (r->type == ROW_DURATION)
		fine = text_parse_duration(text, &n);
	else
		fine = parse_percent(text, &n) == 0;
	if (!fine)
		return error_set(e, ERROR_GIVE_UP, 0, "\"%s\" is no %s; %s", text, help[r->type].what,
				 help[r->type].units);
	return set_number(r, base, n, text, e);
}

int value_set_string(const struct row *r, void *base, const char *text, struct error *e)
{
	unsigned index;

	switch (r->type) {
	case ROW_STRING:
		if (!text_is_utf8(text, strlen(text)))
			return error_set(e, ERROR_GIVE_UP, 0, "this is not UTF-8");
		if (r->choices != NULL && choice_find(r, text, &index, e) < 0)
			return -1;
		if (text[0] != '\0' && r->check != NULL && r->check(text, e) < 0)
			return -1;
		set_text(field_of(r, base), text);
		return 0;
	case ROW_CHOICE:
		if (choice_find(r, text, &index, e) < 0)
			return -1;
		*(unsigned *)field_of(r, base) = index;
		return 0;
	case ROW_SIZE:
	case ROW_DURATION:
	case ROW_PERCENT:
		return set_with_unit(r, base, text, e);
	case ROW_STRINGS:
	case ROW_SET: /* one element may stand without its brackets */
		value_clear(r, base);
		return value_add(r, base, text, e);
	default:
		return wrong_type(r, "a text", e);
	}
}

int value_set_integer(const struct row *r, void *base, int64_t n, struct error *e)
{
	char given[32];

	snprintf(given, sizeof(given), "%lld", (long long)n);
	switch (r->type) {
	case ROW_INTEGER:
	case ROW_SIZE:
		return set_number(r, base, n, given, e);
	case ROW_FLOAT:
		return value_set_float(r, base, (double)n, e);
	case ROW_DURATION:
		if (n == 0)
			return set_number(r, base, 0, given, e);
		return error_set(e, ERROR_GIVE_UP, 0, "%lld has no unit; write \"%llds\", \"%lldmin\" or the like",
				 (long long)n, (long long)n, (long long)n);
	case ROW_PERCENT:
		return error_set(e, ERROR_GIVE_UP, 0, "%lld has no unit; write \"%lld%%\"", (long long)n, (long long)n);
	default:
		return wrong_type(r, "an integer", e);
	}
}

int value_set_float(const struct row *r, void *base, double x, struct error *e)
{
	char given[32];

	if (r->type != ROW_FLOAT)
		return wrong_type(r, "a number with a point", e);
	snprintf(given, sizeof(given), "%g", x);
	if (!(x >= r->min && x <= r->max))
		return out_of_range(r, given, e);
	*(double *)field_of(r, base) = x;
	return 0;
}

int value_set_bool(const struct row *r, void *base, bool b, struct error *e)
{
	if (r->type != ROW_BOOL)
		return wrong_type(r, b ? "true" : "false", e);
	*(bool *)field_of(r, base) = b;
	return 0;
}

static void list_clear(struct string_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		explicit_bzero(list->items[i], strlen(list->items[i]));
		free(list->items[i]);
	}
	free(list->items);
	*list = (struct string_list){ 0 };
}

static void list_add(struct string_list *list, const char *item)
{
	list->items = mem_realloc(list->items, (list->n + 1) * sizeof(*list->items));
	list->items[list->n++] = mem_strdup(item);
}

void value_clear(const struct row *r, void *base)
{
	if (r->type == ROW_STRINGS)
		list_clear(field_of(r, base));
	else if (r->type == ROW_GROUPS)
		groups_clear(r, field_of(r, base));
	else
		*(unsigned *)field_of(r, base) = 0;
}

/* Of an option the property's name counts; the rest may be a secret. */
static int name_length(const struct row *r, const char *element)
{
	return (int)(r->check == kafka_option_check ? strcspn(element, "=") : strlen(element));
}

int value_add(const struct row *r, void *base, const char *element, struct error *e)
{
	struct string_list *list = field_of(r, base);
	unsigned index;

	if (r->type == ROW_SET) {
		if (choice_find(r, element, &index, e) < 0)
			return -1;
		*(unsigned *)field_of(r, base) |= 1U << index;
		return 0;
	}
	if (element[0] == '\0')
		return error_set(e, ERROR_GIVE_UP, 0, "an element is empty; take it out");
	if (!text_is_utf8(element, strlen(element)))
		return error_set(e, ERROR_GIVE_UP, 0, "this is not UTF-8");
	if (r->check != NULL && r->check(element, e) < 0)
		return -1;
	for (size_t i = 0; i < list->n; i++) {
		int len = name_length(r, element);

		if (name_length(r, list->items[i]) == len && strncmp(list->items[i], element, (size_t)len) == 0)
			return error_set(e, ERROR_GIVE_UP, 0, "\"%.*s\" is listed twice; take one out", len, element);
	}
	list_add(list, element);
	return 0;
}

int value_set_default(const struct row *r, void *base, struct error *e)
{
	const char *text = r->fallback;

	switch (r->type) {
	case ROW_INTEGER:
		*(int64_t *)field_of(r, base) = text == NULL ? -1 : strtoll(text, NULL, 10);
		return 0;
	case ROW_FLOAT:
		*(double *)field_of(r, base) = strtod(text, NULL);
		return 0;
	case ROW_BOOL:
		*(bool *)field_of(r, base) = strcmp(text, "true") == 0;
		return 0;
	case ROW_STRINGS:
	case ROW_SET:
	case ROW_GROUPS:
		value_clear(r, base);
		return 0;
	default:
		return value_set_string(r, base, text, e);
	}
}

int value_set_defaults(struct settings *s, struct error *e)
{
	for (size_t i = 0; i < n_rows; i++)
		if (value_set_default(&rows[i], value_base(&rows[i], s, &s->topic), e) < 0)
			return error_context(e, "default of %s", rows[i].name);
	return 0;
}

void value_copy(const struct row *r, void *to, const void *from)
{
	const void *source = const_field_of(r, from);
	void *field = field_of(r, to);

	switch (r->type) {
	case ROW_STRING:
		set_text(field, *(char *const *)source);
		break;
	case ROW_STRINGS:
		list_clear(field);
		for (size_t i = 0; i < ((const struct string_list *)source)->n; i++)
			list_add(field, ((const struct string_list *)source)->items[i]);
		break;
	case ROW_GROUPS:
		groups_copy(r, field, source);
		break;
	case ROW_FLOAT:
		*(double *)field = *(const double *)source;
		break;
	case ROW_BOOL:
		*(bool *)field = *(const bool *)source;
		break;
	case ROW_CHOICE:
	case ROW_SET:
		*(unsigned *)field = *(const unsigned *)source;
		break;
	default:
		*(int64_t *)field = *(const int64_t *)source;
	}
}

bool value_lists_same(const struct string_list *a, const struct string_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

bool value_same(const struct row *r, const void *a, const void *b)
{
	const void *x = const_field_of(r, a), *y = const_field_of(r, b);

	switch (r->type) {
	case ROW_STRING:
		return strcmp(*(char *const *)x, *(char *const *)y) == 0;
	case ROW_STRINGS:
		return value_lists_same(x, y);
	case ROW_GROUPS:
		return groups_same(r, x, y);
	case ROW_FLOAT:
		return *(const double *)x == *(const double *)y;
	case ROW_BOOL:
		return *(const bool *)x == *(const bool *)y;
	case ROW_CHOICE:
	case ROW_SET:
		return *(const unsigned *)x == *(const unsigned *)y;
	default:
		return *(const int64_t *)x == *(const int64_t *)y;
	}
}

void value_free(const struct row *r, void *base)
{
	char **text = field_of(r, base);

	if (r->type == ROW_STRINGS)
		list_clear(field_of(r, base));
	if (r->type == ROW_GROUPS)
		groups_clear(r, field_of(r, base));
	if (r->type != ROW_STRING || *text == NULL)
		return;
	explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

/* In quotes, escaped as libconfig reads it. */
static void print_string(const char *s, FILE *out)
{
	putc('"', out);
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if ((unsigned char)*s < 0x20 || *s == 0x7f)
			fprintf(out, "\\x%02X", (unsigned)(unsigned char)*s);
		else
			putc(*s, out);
	}
	putc('"', out);
}

/* "http://user:password@host" without its user and password; also the value of a secret librdkafka property. */
static void print_masked(const struct row *r, const char *s, FILE *out)
{
	const char *host = strstr(s, "://");
	const char *at = host != NULL ? strrchr(host, '@') : NULL;
	const char *equals = strchr(s, '=');
	char *masked;

	if (r->flags & ROW_SECRET)
		masked = mem_strdup(s[0] != '\0' ? "***" : "");
	else if (r->check == kafka_option_check && equals != NULL && kafka_option_is_secret(s, (size_t)(equals - s)))
		masked = mem_printf("%.*s=***", (int)(equals - s), s);
	else if (at != NULL)
		masked = mem_printf("%.*s://***%s", (int)(host - s), s, at);
	else
		masked = mem_strdup(s);
	print_string(masked, out);
	free(masked);
}

static void print_list(const struct row *r, const void *field, FILE *out)
{
	const struct string_list *list = field;
	const char *between = " ";

	putc('[', out);
	if (r->type == ROW_STRINGS) {
		for (size_t i = 0; i < list->n; i++, between = ", ") {
			fputs(between, out);
			print_masked(r, list->items[i], out);
		}
	} else {
		for (unsigned i = 0; r->choices[i] != NULL; i++) {
			if ((*(const unsigned *)field & 1U << i) == 0)
				continue;
			fprintf(out, "%s\"%s\"", between, r->choices[i]);
			between = ", ";
		}
	}
	fputs(between[0] == ',' ? " ]" : "]", out);
}

/* So that it is read again as the same double, and as a float: with a point. What is large needs no exponent, since all
 * of its digits are before the point. */
static void print_float(double x, FILE *out)
{
	char text[40];

	for (int precision = 6; precision <= 17; precision++) {
		snprintf(text, sizeof(text), "%.*g", precision, x);
		if (strtod(text, NULL) == x)
			break;
	}
	if (strchr(text, 'e') != NULL && (x >= 1 || strchr(text, '.') == NULL))
		snprintf(text, sizeof(text), x >= 1 ? "%.1f" : "%.1e", x);
	fprintf(out, "%s%s", text, strchr(text, '.') == NULL ? ".0" : "");
}

void value_print(const struct row *r, const void *base, FILE *out)
{
	const void *field = const_field_of(r, base);
	char text[32];

	switch (r->type) {
	case ROW_STRING:
		print_masked(r, *(char *const *)field, out);
		break;
	case ROW_STRINGS:
	case ROW_SET:
		print_list(r, field, out);
		break;
	case ROW_GROUPS:
		groups_print(r, field, out);
		break;
	case ROW_BOOL:
		fputs(*(const bool *)field ? "true" : "false", out);
		break;
	case ROW_CHOICE:
		fprintf(out, "\"%s\"", r->choices[*(const unsigned *)field]);
		break;
	case ROW_FLOAT:
		print_float(*(const double *)field, out);
		break;
	case ROW_INTEGER:
		fprintf(out, "%lld%s", (long long)*(const int64_t *)field,
			*(const int64_t *)field > INT32_MAX ? "L" : "");
		break;
	default:
		format_number(r, (double)*(const int64_t *)field, text);
		if (strcmp(text, "0") == 0)
			fputs(text, out);
		else
			fprintf(out, "\"%s\"", text);
	}
}
