/* SPDX-License-Identifier: Apache-2.0 */
/* From settings and region to scheme, host and root path. Pure: no look-ups, no environment.
 * Invariant: region holds only letters, digits and "-", since it becomes part of a host name. */
#include "store/s3_endpoint.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/arn.h"
#include "aws/region_name.h"
#include "aws/sigv4.h"
#include "base/mem.h"
#include "settings/access_point.h"

#define DEFAULT_REGION "us-east-1"
#define HOST_MAX 255

void s3_place_free(struct s3_place *p)
{
	free(p->origin);
	free(p->host);
	free(p->root);
	*p = (struct s3_place){ NULL, NULL, NULL };
}

static const char *without_scheme(const char *url, bool *https)
{
	*https = strncasecmp(url, "https://", 8) == 0;
	if (*https)
		return url + 8;
	return strncasecmp(url, "http://", 7) == 0 ? url + 7 : NULL;
}

/* Length of "host[:port]" at s; 0 when it is none. *name_len: without the port. */
static size_t authority(const char *s, size_t *name_len, long *port)
{
	size_t n = strcspn(s, "/?#"), name;
	const char *colon = NULL;
	char *end;

	*port = 0;
	if (n == 0 || n > HOST_MAX || memchr(s, '@', n) != NULL)
		return 0;
	if (s[0] == '[') {
		const char *close = memchr(s, ']', n);

		if (close == NULL)
			return 0;
		name = (size_t)(close + 1 - s);
		if (strspn(s + 1, "0123456789abcdefABCDEF:.") != name - 2)
			return 0;
		if (name < n && s[name] != ':')
			return 0;
		colon = name < n ? s + name : NULL;
	} else {
		colon = memchr(s, ':', n);
		name = colon != NULL ? (size_t)(colon - s) : n;
		for (size_t i = 0; i < name; i++)
			if (!isalnum((unsigned char)s[i]) && s[i] != '.' && s[i] != '-' && s[i] != '_')
				return 0;
	}
	if (colon != NULL) {
		*port = strtol(colon + 1, &end, 10);
		if (!isdigit((unsigned char)colon[1]) || end != s + n || *port < 1 || *port > 65535)
			return 0;
	}
	*name_len = name;
	return name > 0 ? n : 0;
}

/* An address, or a name that no bucket can stand in front of. */
static bool wants_path_style(const char *host, size_t len)
{
	char name[HOST_MAX + 1];
	struct in_addr v4;

	snprintf(name, sizeof(name), "%.*s", (int)len, host);
	return name[0] == '[' || strchr(name, '.') == NULL || inet_pton(AF_INET, name, &v4) == 1;
}

/* "host" or "host:port", the port only when it is not the scheme's own. */
static char *host_header(const char *host, size_t name_len, long port, bool https)
{
	if (port == 0 || port == (https ? 443 : 80))
		return mem_printf("%.*s", (int)name_len, host);
	return mem_printf("%.*s:%ld", (int)name_len, host, port);
}

static char *path_root(const char *base, const char *bucket)
{
	struct buf b;
	char *out;

	buf_init(&b, SIZE_MAX);
	buf_adds(&b, base);
	buf_addc(&b, '/');
	sigv4_encode(bucket, false, &b);
	out = mem_strdup(buf_str(&b));
	buf_free(&b);
	return out;
}

/* AWS's own, without the bucket. */
static char *aws_host(const struct s3_endpoint *ep)
{
	return mem_printf("%s%s%s.%s.%s", ep->is_access_point ? "s3-accesspoint" : "s3", ep->fips ? "-fips" : "",
			  ep->dualstack ? ".dualstack" : "", ep->region, arn_dns_suffix(ep->region));
}

static void settle_place(struct s3_endpoint *ep)
{
	struct s3_place *p = &ep->place;
	const char *scheme = "https://";
	char *host;

	s3_place_free(p);
	if (ep->custom_origin != NULL) {
		bool https;
		const char *rest = without_scheme(ep->custom_origin, &https);

		scheme = https ? "https://" : "http://";
		host = mem_strdup(rest);
	} else {
		host = aws_host(ep);
	}
	if (ep->path_style) {
		p->host = host;
		p->root = path_root(ep->custom_base, ep->bucket);
	} else {
		p->host = mem_printf("%s.%s", ep->bucket, host);
		p->root = mem_strdup(ep->custom_base);
		free(host);
	}
	p->origin = mem_printf("%s%s", scheme, p->host);
}

/* Of a host of AWS: "s3.eu-west-1.amazonaws.com", "bucket.vpce-1a2b.s3.eu-west-1.vpce.amazonaws.com" and the like.
 * False: it is none, or names no region. */
static bool aws_region(const char *host, size_t len, char region[REGION_MAX])
{
	static const char *const services[] = {
		"s3.dualstack.",        "s3-fips.dualstack.",       "s3-fips.", "s3.", "s3-accesspoint.",
		"s3-accesspoint-fips.", "s3-accesspoint.dualstack."
	};
	static const char *const ends[] = { ".amazonaws.com", ".amazonaws.com.cn", ".vpce.amazonaws.com",
					    ".vpce.amazonaws.com.cn" };
	char name[HOST_MAX + 1];
	const char *service = name, *rest;

	snprintf(name, sizeof(name), "%.*s", (int)len, host);
	if (strstr(name, ".vpce.") != NULL) {
		service = strstr(name, ".s3.");
		if (service == NULL)
			return false;
		service++;
	}
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		if (strncmp(service, services[i], strlen(services[i])) != 0)
			continue;
		rest = service + strlen(services[i]);
		snprintf(region, REGION_MAX, "%.*s", (int)strcspn(rest, "."), rest);
		for (size_t k = 0; k < sizeof(ends) / sizeof(ends[0]); k++)
			if (strcmp(rest + strlen(region), ends[k]) == 0)
				return region_is_valid(region);
	}
	return false;
}

/* A VPC endpoint takes objects under "bucket." and "accesspoint." alone; its bare name, which the console shows with
 * "*." in front, has no address. */
static const char *vpce_label(const struct s3_endpoint *ep, const char *host)
{
	if (strncmp(host, "vpce-", strlen("vpce-")) != 0 || strstr(host, ".s3.") == NULL)
		return "";
	return ep->is_access_point ? "accesspoint." : "bucket.";
}

static int take_custom(struct s3_endpoint *ep, const char *url, char region[REGION_MAX], struct error *e)
{
	bool https;
	const char *rest = without_scheme(url, &https), *path;
	size_t len, name_len;
	long port;
	char *host;

	if (rest == NULL)
		return error_set(e, ERROR_GIVE_UP, EINVAL, "s3.endpoint '%s' must begin with http:// or https://", url);
	len = authority(rest, &name_len, &port);
	if (len == 0)
		return error_set(e, ERROR_GIVE_UP, EINVAL, "s3.endpoint '%s' has no host[:port] behind its scheme",
				 url);
	path = rest + len;
	if (strpbrk(path, "?#") != NULL)
		return error_set(e, ERROR_GIVE_UP, EINVAL, "s3.endpoint '%s' must end behind its path", url);
	if (strncmp(rest, "control.vpce-", strlen("control.vpce-")) == 0)
		return error_set(e, ERROR_GIVE_UP, EINVAL,
				 "s3.endpoint '%s' takes no objects: write \"bucket.\" for \"control.\"", url);
	if (ep->is_access_point && wants_path_style(rest, name_len))
		return error_set(e, ERROR_GIVE_UP, EINVAL,
				 "s3.endpoint '%s' cannot have the access point in front of it: it is no full name",
				 url);
	if (!aws_region(rest, name_len, region))
		region[0] = '\0';
	host = host_header(rest, name_len, port, https);
	ep->custom_origin = mem_printf("%s%s%s", https ? "https://" : "http://", vpce_label(ep, host), host);
	free(host);
	len = strlen(path);
	while (len > 0 && path[len - 1] == '/')
		len--;
	ep->custom_base = mem_printf("%.*s", (int)len, path);
	ep->path_style |= wants_path_style(rest, name_len);
	return 0;
}

/* The settings' region, else that of the ARN, of the endpoint's name, the fallback's. */
static int choose_region(struct s3_endpoint *ep, const struct settings *s, const char *of_place, const char *fallback,
			 struct error *e)
{
	const char *const all[] = { s->s3_region, of_place, fallback, DEFAULT_REGION };
	size_t i = 0;

	while (all[i][0] == '\0')
		i++;
	if (!region_is_valid(all[i]))
		return error_set(e, ERROR_GIVE_UP, EINVAL, "'%s' is no region's name: set s3.region", all[i]);
	snprintf(ep->region, sizeof(ep->region), "%s", all[i]);
	return 0;
}

int s3_endpoint_init(struct s3_endpoint *ep, const struct settings *s, const char *fallback_region, struct error *e)
{
	char of_place[REGION_MAX] = "";
	struct access_point point;

	*ep = (struct s3_endpoint){ .dualstack = s->s3_dualstack,
				    .fips = s->s3_fips,
				    .is_access_point = access_point_is(s->s3_bucket) };
	if (ep->is_access_point && access_point_parse(s->s3_bucket, &point, e) != 0)
		return error_context(e, "s3.bucket");
	ep->bucket = ep->is_access_point ? mem_printf("%s-%s", point.name, point.account) : mem_strdup(s->s3_bucket);
	ep->path_style = !ep->is_access_point && (s->s3_path_style || strchr(s->s3_bucket, '.') != NULL);
	if (s->s3_endpoint[0] != '\0' && take_custom(ep, s->s3_endpoint, of_place, e) != 0)
		return -1;
	if (ep->is_access_point)
		snprintf(of_place, sizeof(of_place), "%s", point.region);
	if (choose_region(ep, s, of_place, fallback_region, e) != 0)
		return -1;
	if (ep->custom_base == NULL)
		ep->custom_base = mem_strdup("");
	settle_place(ep);
	return 0;
}

void s3_endpoint_free(struct s3_endpoint *ep)
{
	s3_place_free(&ep->place);
	free(ep->custom_origin);
	free(ep->custom_base);
	free(ep->bucket);
	ep->custom_origin = ep->custom_base = ep->bucket = NULL;
}

bool s3_endpoint_set_region(struct s3_endpoint *ep, const char *region)
{
	if (ep->is_access_point || !region_is_valid(region) || strcmp(region, ep->region) == 0)
		return false;
	snprintf(ep->region, sizeof(ep->region), "%s", region);
	settle_place(ep);
	return true;
}

/* Everything else would have to be encoded, and not by us. */
static bool is_plain(const char *s)
{
	while (*s > ' ' && *s < 0x7f)
		s++;
	return *s == '\0';
}

bool s3_place_from_url(struct s3_place *p, const struct s3_endpoint *ep, const char *url, const char *path_tail)
{
	bool https, was_https = strncmp(ep->place.origin, "https://", 8) == 0;
	const char *rest = without_scheme(url, &https), *path;
	size_t len, name_len, path_len, tail_len = strlen(path_tail);
	long port;

	if (rest == NULL && strstr(url, "://") == NULL) {
		rest = url;
		https = was_https;
	}
	if (rest == NULL || (was_https && !https) || !is_plain(rest))
		return false;
	len = authority(rest, &name_len, &port);
	if (len == 0)
		return false;
	path = rest + len;
	path_len = strcspn(path, "?#");
	s3_place_free(p);
	p->host = host_header(rest, name_len, port, https);
	p->origin = mem_printf("%s%s", https ? "https://" : "http://", p->host);
	if (path_len >= tail_len && path_len > 0 && memcmp(path + path_len - tail_len, path_tail, tail_len) == 0)
		p->root = mem_printf("%.*s", (int)(path_len - tail_len), path);
	else if (strncmp(p->host, ep->bucket, strlen(ep->bucket)) == 0 && p->host[strlen(ep->bucket)] == '.')
		p->root = mem_strdup("");
	else
		p->root = path_root("", ep->bucket);
	return true;
}
