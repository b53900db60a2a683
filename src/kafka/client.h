/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_CLIENT_H
#define KAFKA_CLIENT_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "aws/credentials.h"
#include "base/error.h"
#include "settings/settings.h"

/* What all clients have in common: brokers, client.id, kafka.options, kafka.auth, and the client's log in ours; and
 * what of ours lives as long as the handle. It is made, its configuration is completed, and it is opened or freed. */
struct client;

/* credentials: for kafka.auth, a hold is taken; NULL: it makes its own. owner: what client_owner gives to the
 * callbacks. Errors: NULL and GIVE_UP, code EX_CONFIG; values of secrets never stand in the text. */
struct client *client_new(const struct settings *s, struct credential_provider *credentials, void *owner,
			  struct error *e);
/* To be completed before client_open. */
rd_kafka_conf_t *client_conf(struct client *c);
/* One that was not opened. */
void client_free(struct client *c);

/* Make the handle. The client belongs to it, and ends after all its threads; without one it is freed.
 * Errors: NULL and GIVE_UP, code EX_CONFIG. */
rd_kafka_t *client_open(struct client *c, rd_kafka_type_t type, struct error *e);

/* The owner, of the opaque pointer that a callback of the handle gets. Thread: any. */
void *client_owner(void *opaque);

/* Set one property that the daemon owns. -1: GIVE_UP, EX_CONFIG. */
int client_set(rd_kafka_conf_t *conf, const char *name, const char *value, struct error *e);

/* True when kafka.options names the property: a default of ours then stays away. */
bool client_option_given(const struct settings *s, const char *property);

/* Properties with password, secret, token or key in their name: their values are masked wherever they are shown. */
bool client_is_secret(const char *property);

#endif
