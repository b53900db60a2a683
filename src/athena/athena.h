/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATHENA_ATHENA_H
#define ATHENA_ATHENA_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "settings/settings.h"

/* A query in Athena: begun, asked after, stopped, its result read page by page. What fails in passing (throttled, no
 * answer, no credentials yet) is asked again for a minute, unless exchange_watch's function ends the wait.
 * Thread: the one that made it. Errors: RETRY, it did not pass or was stopped; WAIT_PERSON, denied; GIVE_UP, Athena
 * takes it for wrong. Source: aws.md 3.5. */
struct athena;

#define ATHENA_ID_MAX 129

enum athena_state { ATHENA_WAITS, ATHENA_DONE, ATHENA_FAILED, ATHENA_CANCELLED };

struct athena_status {
	enum athena_state state;
	char word[32];  /* as Athena says it: "QUEUED", "RUNNING", … */
	char why[2048]; /* of one that failed */
	int64_t scanned_bytes;
	bool selects; /* its first row is a header */
};

/* s must outlive it. */
struct athena *athena_new(const struct settings *s, struct error *e);
void athena_free(struct athena *a);

/* In the workgroup and database of the settings. Sent again it is the same query. */
int athena_start(struct athena *a, const char *sql, char id[ATHENA_ID_MAX], struct error *e);
int athena_ask(struct athena *a, const char *id, struct athena_status *status, struct error *e);
int athena_stop(struct athena *a, const char *id, struct error *e);
/* A page of the result, the caller's to json_decref; token: that of the page before, "" of the first. */
int athena_page(struct athena *a, const char *id, const char *token, json_t **page, struct error *e);

#endif
