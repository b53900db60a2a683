/* SPDX-License-Identifier: Apache-2.0 */
/* A struct http for one request, driven until it is done, out of time, or no longer wanted. */
#include "aws/exchange.h"

#include <string.h>

#include "base/clock.h"

#define LOOK_MS 100

static _Thread_local struct {
	bool (*goes_on)(void *arg);
	void *arg;
} watch;

void exchange_watch(bool (*goes_on)(void *arg), void *arg)
{
	watch.goes_on = goes_on;
	watch.arg = arg;
}

bool exchange_stopped(void)
{
	return watch.goes_on != NULL && !watch.goes_on(watch.arg);
}

/* What no proxy can reach for us. */
static bool is_near(const char *url)
{
	static const char *const near[] = { "127.", "localhost", "[::1]", "169.254.", "[fd00:ec2:", "[fe80:" };
	const char *host = strstr(url, "://");

	for (size_t i = 0; host != NULL && i < sizeof(near) / sizeof(near[0]); i++)
		if (strncmp(host + strlen("://"), near[i], strlen(near[i])) == 0)
			return true;
	return false;
}

/* "https://host:port" of a URL, for messages: what stands behind it may be a secret. */
static int origin_length(const char *url)
{
	const char *host = strstr(url, "://");
	size_t scheme = host != NULL ? (size_t)(host - url) + strlen("://") : 0;

	return (int)(scheme + strcspn(url + scheme, "/?#"));
}

int exchange(const struct exchange_options *o, struct http_request *r, struct error *e)
{
	struct http_options options = { .ca_file = o->ca_file,
					.proxy = is_near(r->url) ? "" : o->proxy,
					.connections = 1,
					.connect_ms = o->connect_ms,
					.connection_life_ms = o->total_ms };
	const int64_t until = clock_boot_ms() + o->total_ms;
	struct http *h = http_new(&options);
	struct http_request *done = NULL;

	http_start(h, r);
	while (done == NULL && clock_boot_ms() < until && !exchange_stopped()) {
		http_wait(h, LOOK_MS);
		done = http_next_done(h);
	}
	if (done == NULL) {
		http_cancel(h, r);
		error_set(&r->error, ERROR_RETRY, 0, "no answer within %d ms", o->total_ms);
		r->status = 0;
	}
	http_free(h);
	if (r->status != 0)
		return 0;
	*e = r->error;
	return error_context(e, "%.*s", origin_length(r->url), r->url);
}
