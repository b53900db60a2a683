/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_EXCHANGE_H
#define AWS_EXCHANGE_H

#include <stdbool.h>

#include "base/error.h"
#include "http/http.h"

/* One HTTP exchange from beginning to end, on a connection of its own: for calls that are rare and may be waited for.
 * Thread: any; each call stands alone. */

struct exchange_options {
	const char *ca_file; /* "": the system's */
	const char *proxy;   /* "": none; never for this machine's own and link-local addresses */
	int connect_ms;
	int total_ms; /* the longest that all of it may take */
};

/* The caller has filled in r, and frees it (http_request_free) whatever comes back. 0: r->status says what was
 * answered; -1: there was no answer: RETRY, or what else http says of a certificate or a URL. */
int exchange(const struct exchange_options *o, struct http_request *r, struct error *e);

/* From now on this thread calls goes_on ten times a second while it waits here: there it can beat, and by false it ends
 * the wait (RETRY), so that a stop waits for nobody's deadline. */
void exchange_watch(bool (*goes_on)(void *arg), void *arg);
/* Asked the same, for a thread that waits for something else: has it said false? Never without one. */
bool exchange_stopped(void);

#endif
