/* SPDX-License-Identifier: Apache-2.0 */
/* Estimates of records, objects, requests and memory. Where an object ends is decided by what comes first of bytes,
 * records and age; each hour (or day) of record time has objects of its own. */
#include "check/expect.h"

#include "base/mem.h"
#include "base/text.h"

#define DAY_MS 86400000.0
#define DOLLARS_A_PUT (0.005 / 1000)
/* Program, libraries, the client's and TLS's own buffers: seen as 20 to 60 MiB in tests/real/test_memory.py. */
#define PROGRAM_BYTES ((int64_t)64 << 20)

static double most(double a, double b)
{
	return a > b ? a : b;
}

static double whole(double d)
{
	double down = (double)(int64_t)d;

	return down < d ? down + 1 : down;
}

static double slots_a_day(const struct topic_settings *t)
{
	switch (t->partition_by) {
	case PARTITION_BY_HOUR:
		return 24;
	case PARTITION_BY_DAY:
		return 1;
	case PARTITION_BY_NONE:
		break;
	}
	return 0;
}

/* A partition with few records makes no more objects than it has records. */
static double objects_a_day(const struct topic_settings *t, double records, double bytes)
{
	double rolls = 0;

	if (t->roll_age_ms > 0)
		rolls = most(rolls, DAY_MS / (double)t->roll_age_ms);
	if (t->roll_bytes > 0)
		rolls = most(rolls, bytes / (double)t->roll_bytes);
	if (t->roll_records > 0)
		rolls = most(rolls, records / (double)t->roll_records);
	rolls = whole(rolls + slots_a_day(t));
	return rolls < records ? rolls : records;
}

/* An object above a part's size is begun, sent in parts, and completed. */
static double requests_of(double object_bytes, int64_t part_bytes)
{
	return object_bytes <= (double)part_bytes ? 1 : whole(object_bytes / (double)part_bytes) + 2;
}

void expect_add(struct expectation *x, const struct settings *s, const struct expect_input *in)
{
	double bytes = in->records_a_day * in->record_bytes * in->ratio;
	double objects = objects_a_day(in->topic, in->records_a_day, bytes);

	x->records += (double)in->left;
	x->bytes += (double)in->left * in->record_bytes;
	x->compressed += (double)in->left * in->record_bytes * in->ratio;
	x->records_a_day += in->records_a_day;
	x->bytes_a_day += bytes;
	x->objects_a_day += objects;
	if (objects > 0)
		x->requests_a_day += objects * requests_of(bytes / objects, s->s3_part_size_bytes);
}

double expect_dollars_a_day(const struct expectation *x)
{
	return x->requests_a_day * DOLLARS_A_PUT;
}

/* Three digits are what an estimate has. */
static const char *size_text(double bytes, char out[32])
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB" };
	size_t i = 0;

	while (bytes >= 1024 && i + 1 < sizeof(units) / sizeof(units[0])) {
		bytes /= 1024;
		i++;
	}
	snprintf(out, 32, "%.*f %s", bytes >= 100 || i == 0 ? 0 : 1, bytes, units[i]);
	return out;
}

void expect_print(const struct expectation *x, const struct settings *s, FILE *out)
{
	char a[32], b[32], memory[32], program[32];

	fprintf(out, "to expect:\n");
	fprintf(out, "  first start  %.0f records, about %s, %s in S3\n", x->records, size_text(x->bytes, a),
		size_text(x->compressed, b));
	if (x->objects_a_day > 0)
		fprintf(out,
			"  each day     about %.0f records in %.0f objects of %s on average, if it goes on as in the last "
			"24 hours\n",
			x->records_a_day, x->objects_a_day, size_text(x->bytes_a_day / x->objects_a_day, a));
	else
		fprintf(out, "  each day     nothing came in the last 24 hours\n");
	fprintf(out,
		"  requests     about %.0f PUTs a day, %.2f USD (S3 Standard in us-east-1: 0.005 USD a thousand)\n",
		x->requests_a_day, expect_dollars_a_day(x));
	text_format_size(s->memory_bytes, memory);
	text_format_size(PROGRAM_BYTES, program);
	fprintf(out, "  memory       at most %s of records (memory), and some %s for the program and its libraries\n",
		memory, program);
}

json_t *expect_json(const struct expectation *x, const struct settings *s)
{
	return mem_must(
		json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:f,s:I,s:I}", "records", (json_int_t)x->records, "bytes",
			  (json_int_t)x->bytes, "compressed_bytes", (json_int_t)x->compressed, "records_a_day",
			  (json_int_t)x->records_a_day, "objects_a_day", (json_int_t)x->objects_a_day,
			  "bytes_an_object", (json_int_t)(x->objects_a_day > 0 ? x->bytes_a_day / x->objects_a_day : 0),
			  "requests_a_day", (json_int_t)x->requests_a_day, "usd_a_day", expect_dollars_a_day(x),
			  "memory_bytes", (json_int_t)s->memory_bytes, "program_bytes", (json_int_t)PROGRAM_BYTES));
}
