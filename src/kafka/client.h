/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_CLIENT_H
#define KAFKA_CLIENT_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "base/error.h"
#include "settings/settings.h"

/* What consumer and producer have in common: brokers, client.id, kafka.options, and the client's log in ours.
 * Owns: the caller gives it to rd_kafka_new or frees it with rd_kafka_conf_destroy.
 * Errors: NULL and GIVE_UP, code EX_CONFIG; values of secrets never stand in the text. */
rd_kafka_conf_t *client_new_conf(const struct settings *s, struct error *e);

/* Set one property that the daemon owns. -1: GIVE_UP, EX_CONFIG. */
int client_set(rd_kafka_conf_t *conf, const char *name, const char *value, struct error *e);

/* True when kafka.options names the property: a default of ours then stays away. */
bool client_option_given(const struct settings *s, const char *property);

/* Properties with password, secret, token or key in their name: their values are masked wherever they are shown. */
bool client_is_secret(const char *property);

#endif
