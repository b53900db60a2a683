/* SPDX-License-Identifier: Apache-2.0 */
/* Values against types that are fixed. What readers make null, cut or refuse does not fit; what they make the same
 * value of in another form does. Pure. */
#include "schema/state.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool fits_whole(const json_t *v, long long low, long long high)
{
	const char *text = json_string_value(v);
	long long n = json_integer_value(v);
	char *end;

	if (json_is_integer(v))
		return n >= low && n <= high;
	if (text == NULL || text[0] == '\0' || isspace((unsigned char)text[0]))
		return false;
	errno = 0;
	n = strtoll(text, &end, 10);
	return errno == 0 && *end == '\0' && n >= low && n <= high;
}

static bool fits_number(const json_t *v)
{
	const char *text = json_string_value(v);
	char *end;

	if (text == NULL || text[0] == '\0' || isspace((unsigned char)text[0]))
		return json_is_number(v);
	strtod(text, &end);
	return *end == '\0';
}

/* The digits of a decimal in front of its point. */
static bool fits_decimal(const struct type *t, const json_t *v)
{
	double x = json_is_string(v) ? strtod(json_string_value(v), NULL) : json_number_value(v), beyond = 1;

	for (int i = t->scale; i < t->precision; i++)
		beyond *= 10;
	return fits_number(v) && fabs(x) < beyond;
}

/* "2026-01-31", as every form of a time begins; where it ends, or NULL. */
static const char *date_at(const char *text)
{
	static const char shape[] = "dddd-dd-dd";

	for (size_t i = 0; i < sizeof(shape) - 1; i++)
		if (shape[i] == 'd' ? !isdigit((unsigned char)text[i]) : text[i] != shape[i])
			return NULL;
	return text + sizeof(shape) - 1;
}

static bool fits_date(const json_t *v)
{
	const char *end = json_is_string(v) ? date_at(json_string_value(v)) : NULL;

	return json_is_integer(v) || (end != NULL && (*end == '\0' || *end == 'T' || *end == ' '));
}

static bool fits_timestamp(const json_t *v)
{
	const char *end = json_is_string(v) ? date_at(json_string_value(v)) : NULL;

	return json_is_number(v) || (end != NULL && (*end == 'T' || *end == ' ') && isdigit((unsigned char)end[1]));
}

static bool fits_struct(const struct schema *s, const struct type *t, const json_t *v)
{
	const char *key;
	json_t *member;

	if (!json_is_object(v))
		return false;
	json_object_foreach((json_t *)v, key, member) {
		const struct name *name = names_known(s->names, key);
		const struct type *field = name != NULL ? type_field(t, name->name) : NULL;

		if (field != NULL && !schema_fits(s, field, member))
			return false;
	}
	return true;
}

static bool fits_elements(const struct schema *s, const struct type *t, const json_t *v)
{
	const char *key;
	json_t *member;
	size_t i;

	if (t->kind == TYPE_ARRAY ? !json_is_array(v) : !json_is_object(v))
		return false;
	json_array_foreach(v, i, member)
		if (!schema_fits(s, t->fields[0].type, member))
			return false;
	json_object_foreach((json_t *)v, key, member)
		if (!schema_fits(s, t->fields[1].type, member))
			return false;
	return true;
}

bool schema_fits(const struct schema *s, const struct type *t, const json_t *v)
{
	if (json_is_null(v))
		return true;
	switch (t->kind) {
	case TYPE_BOOLEAN:
		return json_is_boolean(v);
	case TYPE_TINYINT:
		return fits_whole(v, SCHAR_MIN, SCHAR_MAX);
	case TYPE_SMALLINT:
		return fits_whole(v, SHRT_MIN, SHRT_MAX);
	case TYPE_INT:
		return fits_whole(v, INT_MIN, INT_MAX);
	case TYPE_BIGINT:
		return fits_whole(v, LLONG_MIN, LLONG_MAX);
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		return fits_number(v);
	case TYPE_DECIMAL:
		return fits_decimal(t, v);
	case TYPE_BINARY:
		return json_is_string(v);
	case TYPE_DATE:
		return fits_date(v);
	case TYPE_TIMESTAMP:
		return fits_timestamp(v);
	case TYPE_STRUCT:
		return fits_struct(s, t, v);
	case TYPE_ARRAY:
	case TYPE_MAP:
		return fits_elements(s, t, v);
	default:
		return true;
	}
}
