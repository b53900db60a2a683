/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "batch/mailbox.h"
#include "batch/record.h"
#include "batch/roll.h"
#include "encode/encoder.h"
#include "schema/sampler.h"
#include "store/object.h"

/* The uploader's side of one assignment: the open range, the sealed ranges, and where the next cut is.
 * Ranges that the committed text names are cut exactly as it says (design.md, Delivery); all others by the roll.
 * Thread: its uploader. Tells the consumer thread by events. */

struct range {
	struct range *next;
	struct range_facts facts; /* end and counts grow until it is sealed */
	struct writer *writer;
	struct object *objects;
	int n_objects; /* that are not dead letters: slots in use */
	struct roll_state roll;
	int64_t first_time_ms; /* the timestamp of its first record; -1: it has none */
	struct object_metadata *metadata;
	struct range_facts made;       /* of a recovered range, once sealed: what all passes so far have counted */
	int64_t from_slot, below_slot; /* slots that this pass makes: all, unless memory is too small for the range */
	bool sealed;
	bool durable; /* all its objects are */
	bool published;
	bool stale_told;
};

struct writer {
	struct writer *prev, *next; /* all writers of the uploader */
	struct upload_env *env;
	struct mailbox *events;
	struct assignment *assignment;      /* read only here */
	const struct settings *settings;    /* a hold: the generation of the open range, or of the last one */
	const struct topic_settings *topic; /* of it */
	struct skip skip;                   /* and what of this partition it says */
	const struct encoder_ops *encoder;
	struct record_source source;
	struct sampling sampling;
	int64_t next_offset;  /* a record below this was seen already */
	int planned;          /* next range of the plan */
	struct chain chain;   /* what comes before the open range */
	struct range *open;   /* NULL until its first record */
	int64_t open_start;   /* where the open range begins */
	int64_t stop;         /* nothing comes from here on; 0: not known yet */
	struct range *sealed; /* oldest first, up to the first that is not published */
	int n_sealed;
	bool closed; /* takes no more records: asked to seal, or waits to be read again for the next pass */
	bool failed; /* told its trouble, waits to be dropped */
	bool looked; /* for uploads that those before us left behind: orphans.c */
	int64_t ours_until_boot_ms; /* nobody else has the partition before, as the last acknowledgement proves */
	struct object *cached;      /* the object of the last record, and the times that it takes */
	int64_t cached_from_ms, cached_to_ms;
};

struct writer *writer_new(struct upload_env *env, struct mailbox *events, struct assignment *a);
/* Drop everything: calls cancelled, uploads aborted. */
void writer_free(struct writer *w, int64_t now_boot_ms);

/* Take one record (RECORD_DATA, RECORD_END or RECORD_STOP). The caller releases it. */
void writer_add(struct writer *w, const struct record *r, int64_t now_boot_ms);
/* Seal by age if it is due, or the last range if it could not be sealed yet. */
void writer_tick(struct writer *w, int64_t now_boot_ms);
/* Seal the open range for lack of memory. False: it cannot be cut (nothing open, planned, in trouble, or too many
 * are sealed). */
bool writer_can_seal(const struct writer *w);
void writer_seal(struct writer *w, enum roll_reason reason, int64_t now_boot_ms);
/* Leave the highest slot of the open range, which is recovered and cannot be cut, to another pass over its records.
 * False: it has but one slot, or is none such. */
bool writer_can_defer(const struct writer *w);
void writer_defer(struct writer *w, int64_t now_boot_ms);
/* Seal what is open, take no more, answer with EVENT_QUIET. */
void writer_close(struct writer *w, enum roll_reason reason, int64_t now_boot_ms);
void writer_publish(struct writer *w, const char *range_id, int64_t not_after_boot_ms, int64_t now_boot_ms);
/* A call of one of its objects is done; o may be gone afterwards. */
void writer_object_changed(struct writer *w, struct object *o, int64_t now_boot_ms);

/* Ranges that are durable and wait for Glue to have their partitions: which of them it has now. For every writer, also
 * one that takes no more records. */
void writer_look_up(struct writer *w, int64_t now_boot_ms);

/* Bytes that its open range holds and a seal would set moving. */
int64_t writer_open_bytes(const struct writer *w);
/* When it wants writer_tick next. */
int64_t writer_deadline_ms(const struct writer *w);

#endif
