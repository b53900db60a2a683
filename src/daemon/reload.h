/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DAEMON_RELOAD_H
#define DAEMON_RELOAD_H

#include "aws/credentials_cache.h"
#include "base/error.h"
#include "kafka/consumer.h"
#include "settings/settings.h"

/* Load the file of *running anew, secrets in files of their own too, and let the consumer, and the credentials, go on
 * with what is reloadable of it; what needs a restart keeps its running value. Says in the log what has changed and
 * what needs a restart. Errors: the file does not load, or its reloadable part does not go together with what keeps
 * running: nothing has changed then, *e says where, and so does the log. Owns: *running becomes the new generation, the
 * hold on the old one is given back. base_credentials: NULL: there
 * are none. Thread: main. */
int reload(const struct settings **running, struct consumer *consumer, struct credential_provider *credentials,
	   struct credential_provider *base_credentials, struct error *e);

#endif
