/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLUE_KEEPER_H
#define GLUE_KEEPER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "batch/registry.h"
#include "board/board.h"
#include "glue/catalog.h"
#include "glue/definition.h"
#include "glue/lake.h"
#include "glue/table.h"
#include "schema/schema.h"
#include "settings/settings.h"

/* What the glue thread has in hand: the tables that its daemon fills, and for each the jobs that are to be done. A job
 * is a step at a time, of a call or two, so that registrations never wait for long; what fails is tried again after a
 * back-off of that table's job alone. Thread: the glue thread; inside src/glue alone. */

enum job {
	JOB_TABLE,    /* the table is to be there, and ours */
	JOB_GROW,     /* and to have what the schema has */
	JOB_REGISTER, /* wanted partitions */
	JOB_MEND,     /* partitions are to have the columns of their table; which there are is learnt with it */
	JOB_FOLDERS,  /* what the bucket holds and Glue may not know */
	JOBS,
};

struct attempt {
	int failures; /* in a row */
	int64_t next_ms;
	int64_t since_ms, told_ms; /* of this row of failures; told 0: not yet */
	char *why;                 /* NULL: the last one worked */
	bool lasting;              /* it does not pass by itself, or has not for long */
};

struct slots {
	int64_t *items;
	size_t n, cap;
};

struct texts_list {
	char **items;
	size_t n;
};

struct kept_table {
	struct kept_table *next;
	const struct topic_settings *settings;
	char *name;
	struct schema *schema;
	int64_t known_ms; /* since when there is a topic for it */
	struct attempt attempts[JOBS];

	json_t *there; /* as GetTable said, and it fits; NULL: to be read, or to be made */
	bool missing;  /* it said that there is none */
	int64_t read_ms;
	bool stale;        /* it is not what it was when it was read, perhaps */
	bool wanted;       /* a partition waits for it */
	bool bare;         /* Glue refuses it with the columns that were learnt */
	uint64_t compared; /* schema_changes when it was compared last */
	bool differs;      /* it may not be what it is to be */
	int64_t next_update_ms;
	char first_dt[TABLE_DT_SIZE]; /* the earliest day that is known to lie there; "": none */

	bool mend_due;
	char *mend_page;
	struct slots seen; /* registered, as the last pass found; until the folders are looked through */

	bool folders_due, folders_begun;
	int64_t next_folders_ms;
	struct texts_list folders; /* still to be listed; the last one is in work, at folders_page */
	char *folders_page;
};

struct crawl {
	bool wanted, made; /* made: there is a crawler, and it has all targets */
	size_t n_targets;  /* tables when it was looked at */
	int64_t next_ms;
	struct attempt attempt;
};

struct keeper {
	const struct settings *settings;
	struct registry *registry;
	struct data_catalog catalog;
	struct lake lake;
	struct kept_table *tables;
	size_t n_tables;
	struct crawl crawl;
	struct board_glue shown;
	uint64_t seed;
};

bool keeper_registers(const struct keeper *k);
/* Never NULL: made if there was none. */
struct kept_table *keeper_table(struct keeper *k, const char *name, const char *topic, int64_t now_ms);
struct kept_table *keeper_find(const struct keeper *k, const char *name);
void keeper_free_tables(struct keeper *k);

/* What a table is to be. Owns: the caller gives it to definition_free. */
void keeper_define(const struct keeper *k, const struct kept_table *t, struct table_definition *d);

/* How an attempt went. t NULL: it is about no one table. what: who was to be done what. */
void keeper_worked(struct keeper *k, struct kept_table *t, struct attempt *a, const char *what);
void keeper_failed(struct keeper *k, struct kept_table *t, struct attempt *a, const char *what, const struct error *e,
		   int64_t now_ms);

/* A step of a job, where one is due; false: there was nothing to do. Each logs what comes of it. */
bool upkeep_step(struct keeper *k, struct kept_table *t, int64_t now_ms);
bool partitions_register(struct keeper *k, int64_t now_ms);
bool partitions_mend(struct keeper *k, struct kept_table *t, int64_t now_ms);
/* From the first page on, with the columns that the table has now. */
void partitions_mend_anew(const struct keeper *k, struct kept_table *t);
bool folders_step(struct keeper *k, struct kept_table *t, int64_t now_ms);
bool crawl_step(struct keeper *k, int64_t now_ms);

/* What was found so far, and where the walk stands, are nothing any more. */
void folders_forget(struct kept_table *t);
/* Have the table read again; -1: it could not be, or is another, which has been told. */
int upkeep_read(struct keeper *k, struct kept_table *t, int64_t now_ms);
/* It is gone, or another one may have come. */
void upkeep_forget(struct keeper *k, struct kept_table *t);
/* A day of which something lies there. */
void upkeep_first_dt(struct kept_table *t, const char *dt);

#endif
