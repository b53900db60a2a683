/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLUE_GLUE_H
#define GLUE_GLUE_H

#include "aws/credentials.h"
#include "base/error.h"
#include "batch/registry.h"
#include "board/board.h"
#include "schema/sampler.h"
#include "settings/settings.h"

/* The glue thread: keeps the tables of the Glue Data Catalog as catalog asks for. It learns their columns from samples,
 * makes and changes them, registers partitions, starts the crawler. Delivery waits for it only where the registry
 * says so, and it never waits for delivery. */
struct glue;

/* settings, registry and board must outlive it. Owns: takes both providers, or holds of them, for Glue and for the
 * bucket. Errors: region, endpoint, or CA file. Thread: main, as all here. */
struct glue *glue_new(const struct settings *s, struct registry *registry, struct credential_provider *for_glue,
		      struct credential_provider *for_s3, struct board *board, struct error *e);
/* Where that uploader's samples go. */
struct sampler *glue_sampler(struct glue *g, int uploader);
void glue_start(struct glue *g);
/* Ends what it waits for, and the thread. NULL is fine, and one that was never started. */
void glue_free(struct glue *g);

#endif
