/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BATCH_REGISTRY_H
#define BATCH_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "batch/waker.h"

/* Which partitions of which tables the Glue Data Catalog has: the uploaders ask, the glue thread registers, the
 * consumer thread asks how a table is. A partition of a table is a slot (store/key.h). NULL is a registry that has
 * everything, as with catalog = "none". Memory: what is known is forgotten when it becomes much, and then asked of Glue
 * again; what is wanted never is. Thread: any; one mutex, held for a look. */

struct registry;

/* holds: a range waits until its partitions are there; else they are only told of, as for a crawler. */
struct registry *registry_new(bool holds);
void registry_free(struct registry *r);
/* Called whenever something is wanted that was not. Before any other thread has the registry. */
void registry_waker(struct registry *r, struct waker glue);

/* Records of the topic go to the table. */
void registry_topic(struct registry *r, const char *table, const char *topic);
/* An object of it is begun: it will be wanted soon. */
void registry_begins(struct registry *r, const char *table, int64_t slot);
/* Objects of it are visible: does Glue have it? False: it is wanted from now on; ask again. */
bool registry_has(struct registry *r, const char *table, int64_t slot);
/* What keeps a table from getting its partitions, for longer than a passing failure: true, and why. */
bool registry_is_in_trouble(struct registry *r, const char *table, char why[ERROR_TEXT_MAX]);

/* For the glue thread. */

/* The tables that topics have been named for, in any order, from *at = NULL on; false: none more. table and topic (the
 * first that was named) are the registry's, for its life. */
bool registry_next(struct registry *r, const void **at, const char **table, const char **topic);
/* Up to max wanted slots of one table, each table in its turn but for those in trouble unless troubled asks for them;
 * they are this caller's until it says done or again. *table: the registry's, for its life. 0: nothing is wanted. */
size_t registry_take(struct registry *r, bool troubled, const char **table, int64_t *slots, size_t max);
/* Glue has it, whoever asked for it. */
void registry_done(struct registry *r, const char *table, int64_t slot);
/* It could not be done: wanted as before. */
void registry_again(struct registry *r, const char *table, int64_t slot);
/* Nothing is known of this table any more: it is gone, or another one. */
void registry_forget(struct registry *r, const char *table);
/* why NULL: its trouble is over. */
void registry_trouble(struct registry *r, const char *table, const char *why);

#endif
