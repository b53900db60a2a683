/* SPDX-License-Identifier: Apache-2.0 */
/* What all clients share. Which properties the daemon owns is checked when the settings are loaded; each side sets its
 * own after it has got this. A client is freed with its configuration, which ends after all threads of the handle. */
#include "kafka/client.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <syslog.h>

#include "base/crash.h"
#include "base/log.h"
#include "base/mem.h"
#include "kafka/msk_iam.h"

#define CLIENT_ID "kafka2s3"

struct client {
	rd_kafka_conf_t *conf; /* until it is opened */
	void *owner;
	struct msk_iam *iam; /* NULL: who we are is proved otherwise, or not at all */
	bool begun;          /* the handle has taken a copy of the configuration */
};

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
	struct client *c = opaque;

	(void)conf, (void)why, (void)size;
	c->begun = true;
	return rd_kafka_interceptor_add_on_thread_start(rk, CLIENT_ID, on_thread_start, NULL);
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
			return settings_blame(s, "kafka", "options", e);
	return 0;
}

/* Thread: the background thread of the handle. */
static void on_token_refresh(rd_kafka_t *rk, const char *config, void *opaque)
{
	const struct client *c = opaque;

	(void)config;
	msk_iam_refresh(c->iam, rk);
}

/* Before this version the client ends the program when such a token is to be made anew. */
static int check_unsecured(const struct settings *s, struct error *e)
{
	static const char option[] = "enable.sasl.oauthbearer.unsecure.jwt";

	if (rd_kafka_version() >= 0x020200ff || !client_option_given(s, option))
		return 0;
	error_set(e, ERROR_GIVE_UP, EX_CONFIG, "kafka.options: %s needs librdkafka 2.2.0 or newer, this is %s", option,
		  rd_kafka_version_str());
	return settings_blame(s, "kafka", "options", e);
}

static int set_auth(struct client *c, const struct settings *s, struct credential_provider *credentials,
		    struct error *e)
{
	if (s->kafka_auth != KAFKA_AUTH_MSK_IAM)
		return 0;
	c->iam = msk_iam_new(s, credentials);
	rd_kafka_conf_set_oauthbearer_token_refresh_cb(c->conf, on_token_refresh);
	if (client_set(c->conf, "security.protocol", "SASL_SSL", e) != 0)
		return -1;
	return client_set(c->conf, "sasl.mechanism", "OAUTHBEARER", e);
}

static rd_kafka_resp_err_t on_conf_destroy(void *opaque)
{
	struct client *c = opaque;

	msk_iam_free(c->iam);
	free(c);
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

struct client *client_new(const struct settings *s, struct credential_provider *credentials, void *owner,
			  struct error *e)
{
	struct client *c = mem_zalloc(sizeof(*c));

	c->conf = rd_kafka_conf_new();
	c->owner = owner;
	rd_kafka_conf_set_opaque(c->conf, c);
	rd_kafka_conf_set_log_cb(c->conf, on_log);
	rd_kafka_conf_enable_sasl_queue(c->conf, 1);
	rd_kafka_conf_interceptor_add_on_new(c->conf, CLIENT_ID, on_new, c);
	rd_kafka_conf_interceptor_add_on_conf_destroy(c->conf, CLIENT_ID, on_conf_destroy, c);
	if (check_unsecured(s, e) == 0 && set_all(c->conf, s, e) == 0 && set_auth(c, s, credentials, e) == 0)
		return c;
	client_free(c);
	return NULL;
}

rd_kafka_conf_t *client_conf(struct client *c)
{
	return c->conf;
}

void client_free(struct client *c)
{
	rd_kafka_conf_destroy(c->conf);
}

void *client_owner(void *opaque)
{
	return ((struct client *)opaque)->owner;
}

/* A handle that fails late, of a certificate that cannot be read for one, has freed the interceptors of the
 * configuration and leaves the rest: to destroy that would free them again. It stays, once, at the end of the process.
 */
static void free_failed(struct client *c)
{
	if (c->begun)
		on_conf_destroy(c);
	else
		client_free(c);
}

/* Tokens, the client's own of kafka.options too, are made by a thread of the handle's own: whoever else serves it may
 * be busy, or wait for the broker, or take what it does not know of for nothing. */
static int serve_tokens(rd_kafka_t *rk, struct error *e)
{
	rd_kafka_error_t *error = rd_kafka_sasl_background_callbacks_enable(rk);
	bool fine = error == NULL || rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR__NOT_CONFIGURED;

	if (!fine)
		error_set(e, ERROR_GIVE_UP, EX_CONFIG, "the Kafka client: %s", rd_kafka_error_string(error));
	if (error != NULL)
		rd_kafka_error_destroy(error);
	return fine ? 0 : -1;
}

rd_kafka_t *client_open(struct client *c, rd_kafka_type_t type, struct error *e)
{
	char why[256];
	rd_kafka_t *rk = rd_kafka_new(type, c->conf, why, sizeof(why));

	if (rk == NULL) {
		error_set(e, ERROR_GIVE_UP, EX_CONFIG, "kafka.options: %s", why);
		free_failed(c);
		return NULL;
	}
	c->conf = NULL;
	if (serve_tokens(rk, e) == 0)
		return rk;
	rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	return NULL;
}
