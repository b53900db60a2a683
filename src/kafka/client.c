/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the client's configuration that consumer and producer share. Which properties the daemon owns is checked
 * when the settings are loaded; each side sets its own after it has got this. */
#include "kafka/client.h"

#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <syslog.h>

#include "base/crash.h"
#include "base/log.h"

#define CLIENT_ID "kafka2s3"

bool client_is_secret(const char *property)
{
	static const char *const words[] = { "password", "secret", "token", "key" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasestr(property, words[i]) != NULL)
			return true;
	return false;
}

/* The client warns when a property that is meant for the other kind of client is set; kafka.options serves both. */
static bool is_for_the_other_kind(const char *facility, const char *text)
{
	return strcmp(facility, "CONFWARN") == 0 && strstr(text, "will be ignored by this") != NULL;
}

/* The consumer gets these as events too, and tells them once, then once a minute. */
static bool is_an_event_too(const rd_kafka_t *rk, const char *facility)
{
	return rk != NULL && rd_kafka_type(rk) == RD_KAFKA_CONSUMER &&
	       (strcmp(facility, "FAIL") == 0 || strcmp(facility, "ERROR") == 0);
}

/* Thread: any of the client's own. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	enum log_level ours = LOG_LEVEL_DEBUG;

	if (level <= LOG_ERR)
		ours = LOG_LEVEL_ERROR;
	else if (level <= LOG_WARNING)
		ours = LOG_LEVEL_WARNING;
	else if (level <= LOG_INFO)
		ours = LOG_LEVEL_INFO;
	if (is_for_the_other_kind(facility, text) || is_an_event_too(rk, facility))
		ours = LOG_LEVEL_DEBUG;
	log_plain(ours, NULL, 0, "kafka client: %s: %s", facility, text);
}

int client_set(rd_kafka_conf_t *conf, const char *name, const char *value, struct error *e)
{
	char why[256];

	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) == RD_KAFKA_CONF_OK)
		return 0;
	if (client_is_secret(name))
		snprintf(why, sizeof(why), "the Kafka client refuses the value of \"%s\" (not shown)", name);
	return error_set(e, ERROR_GIVE_UP, EX_CONFIG, "kafka.options: %s", why);
}

/* The client's threads are begun with all signals blocked. Thread: each of the client's own. */
static rd_kafka_resp_err_t on_thread_start(rd_kafka_t *rk, rd_kafka_thread_type_t type, const char *name, void *opaque)
{
	(void)rk, (void)type, (void)name, (void)opaque;
	crash_unblock();
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *opaque, char *why, size_t size)
{
	(void)conf, (void)opaque, (void)why, (void)size;
	return rd_kafka_interceptor_add_on_thread_start(rk, "crash", on_thread_start, NULL);
}

/* "property=value" */
static int set_option(rd_kafka_conf_t *conf, const char *option, struct error *e)
{
	const char *equals = strchr(option, '=');
	char name[128];
	size_t len = equals == NULL ? 0 : (size_t)(equals - option);

	if (len == 0 || len >= sizeof(name))
		return error_set(e, ERROR_GIVE_UP, EX_CONFIG, "kafka.options: an option is written \"property=value\"");
	memcpy(name, option, len);
	name[len] = '\0';
	return client_set(conf, name, equals + 1, e);
}

bool client_option_given(const struct settings *s, const char *property)
{
	size_t len = strlen(property);

	for (size_t i = 0; i < s->kafka_options.n; i++)
		if (strncmp(s->kafka_options.items[i], property, len) == 0 && s->kafka_options.items[i][len] == '=')
			return true;
	return false;
}

static int set_all(rd_kafka_conf_t *conf, const struct settings *s, struct error *e)
{
	if (client_set(conf, "client.id", CLIENT_ID, e) != 0 ||
	    client_set(conf, "bootstrap.servers", s->kafka_brokers, e) != 0 ||
	    client_set(conf, "socket.keepalive.enable", "true", e) != 0)
		return -1;
	for (size_t i = 0; i < s->kafka_options.n; i++)
		if (set_option(conf, s->kafka_options.items[i], e) != 0)
			return error_context(e, "%s", s->file);
	return 0;
}

rd_kafka_conf_t *client_new_conf(const struct settings *s, struct error *e)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();

	rd_kafka_conf_set_log_cb(conf, on_log);
	rd_kafka_conf_interceptor_add_on_new(conf, "crash", on_new, NULL);
	if (set_all(conf, s, e) == 0)
		return conf;
	rd_kafka_conf_destroy(conf);
	return NULL;
}
