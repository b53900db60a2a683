/* SPDX-License-Identifier: Apache-2.0 */
/* From a file to the next generation of settings: loaded, held against the running one, handed on. Thread: main. */
#include "daemon/reload.h"

#include <stdlib.h>

#include "base/log.h"
#include "settings/change.h"
#include "settings/pairs.h"

static void tell(const struct changes *c)
{
	char *now = changes_names(c, false), *later = changes_names(c, true);

	log_event(MESSAGE_SETTINGS_RELOADED, NULL, 0, "reload: %s%s",
		  now[0] != '\0' ? "in force, where it concerns records from the next range on: "
				 : "nothing that is reloadable has changed",
		  now);
	if (later[0] != '\0')
		log_event(MESSAGE_SETTINGS_DOUBTFUL, NULL, 0, "reload: needs a restart, the running value stays: %s",
			  later);
	free(now);
	free(later);
}

static int load(const struct settings *running, struct settings **fresh, struct changes *c, struct error *e)
{
	if (settings_load(running->file, fresh, e) < 0)
		return -1;
	changes_find(running, *fresh, c);
	if (consumer_check(*fresh, e) < 0)
		return -1;
	changes_keep(running, *fresh);
	if (pairs_check(*fresh, e) < 0)
		return error_context(e, "until a restart");
	return 0;
}

int reload(const struct settings **running, struct consumer *consumer, struct credential_provider *credentials,
	   struct credential_provider *base_credentials, struct error *e)
{
	struct settings *fresh = NULL;
	struct changes c = { 0 };
	enum log_level level;

	if (load(*running, &fresh, &c, e) < 0) {
		log_event(MESSAGE_SETTINGS_REFUSED, NULL, 0, "reload: nothing is changed: %s", e->text);
		changes_free(&c);
		settings_free(fresh);
		return -1;
	}
	tell(&c);
	changes_free(&c);
	if (log_level_parse(fresh->log_level, &level) == 0)
		log_set_level(level);
	log_set_format(fresh->log_format);
	settings_tell_doubts(fresh);
	credentials_change(credentials, *running, fresh);
	if (base_credentials != NULL)
		credentials_change(base_credentials, *running, fresh);
	consumer_reload(consumer, fresh);
	settings_free(*running);
	*running = fresh;
	return 0;
}
