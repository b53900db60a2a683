/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_TABLE_H
#define SETTINGS_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* One row a setting. The loader, the printers, the sample file and the man page read nothing but this. */

enum row_type {
	ROW_STRING,   /* char * */
	ROW_STRINGS,  /* struct string_list */
	ROW_INTEGER,  /* int64_t; without a default: -1 is "not given" */
	ROW_SIZE,     /* int64_t, bytes: "8MiB" or a plain integer */
	ROW_DURATION, /* int64_t, ms: "5min" */
	ROW_PERCENT,  /* int64_t: "10%" */
	ROW_FLOAT,    /* double */
	ROW_BOOL,     /* bool */
	ROW_CHOICE,   /* an enum: the index in choices */
	ROW_SET,      /* unsigned: bit n is choices[n] */
	ROW_GROUPS,   /* a list of groups, such as struct column_list (settings/groups.h) */
};

enum row_flag {
	ROW_PER_TOPIC = 1 << 0,     /* offset counts from struct topic_settings, and an override may hold it */
	ROW_OVERRIDE_ONLY = 1 << 1, /* has no place outside an override */
	ROW_RELOAD = 1 << 2,        /* reloadable: takes effect without a restart */
	ROW_SECRET = 1 << 3,        /* never printed; may be given as "file:PATH" */
	ROW_REQUIRED = 1 << 4,      /* must be given */
	ROW_PATH = 1 << 5,          /* a file; may lie below ${CREDENTIALS_DIRECTORY} */
};

struct row {
	const char *group; /* "kafka"; "": at the top of the file */
	const char *name;
	enum row_type type;
	unsigned flags;
	size_t offset;
	const char *fallback; /* the default as text; "" of a list: empty; NULL of a ROW_INTEGER: not given */
	double min, max;      /* of numbers, sizes, times: both ends are legal */
	const char *const
		*choices; /* of ROW_STRING: all legal values; of ROW_CHOICE, ROW_SET: their names; ends with NULL */
	int (*check)(const char *value,
		     struct error *e); /* of each string that is given; the text says only what is wrong */
	const struct row
		*members; /* of ROW_GROUPS: rows of texts, their offsets in an entry; the first tells entries apart */
	size_t n_members;
	size_t entry_size;
	const char *environment[2]; /* variables that stand in, in this order, when nothing is given */
	const char *unit;           /* for people; NULL: none */
	const char *example;        /* in the file's syntax; of a row without a default */
	const char *help;           /* whole sentences, plain text */
};

extern const struct row rows[];
extern const size_t n_rows;

/* The first row of an override; its offset counts from struct override. */
extern const struct row override_topics;

/* A group of the file, in its order; "" comes where its rows stand. */
struct row_group {
	const char *name;
	const char *help;
};

extern const struct row_group row_groups[];
extern const size_t n_row_groups;

/* "kafka.brokers"; out holds ROW_PATH_MAX. */
#define ROW_PATH_MAX 64
void row_path(const struct row *r, char out[ROW_PATH_MAX]);

/* The row of a group's setting; NULL: there is none. */
const struct row *row_find(const char *group, const char *name);
const struct row_group *row_group_find(const char *name);

/* The known path that is nearest to an unknown one, for "did you mean"; "" when none is near. */
void row_nearest(const char *group, const char *name, char out[ROW_PATH_MAX]);

#endif
