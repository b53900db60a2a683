/* SPDX-License-Identifier: Apache-2.0 */
#include "settings/listen.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define UNIX_PREFIX "unix:"
#define PORT_MAX 65535

static int bad(struct error *e)
{
	return error_set(e, ERROR_GIVE_UP, 0,
			 "write \"127.0.0.1:9464\", \"[::1]:9464\", \":9464\" for all addresses, or \"unix:/PATH\"");
}

static int parse_path(const char *path, struct listen_place *out, struct error *e)
{
	if (path[0] != '/')
		return error_set(e, ERROR_GIVE_UP, 0, "the path of a Unix socket begins with \"/\"");
	if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return error_set(e, ERROR_GIVE_UP, 0, "the path of a Unix socket has at most %zu characters",
				 sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
	out->path = path;
	return 0;
}

static int parse_port(const char *port, struct listen_place *out, struct error *e)
{
	size_t len = strlen(port);

	if (len == 0 || len >= sizeof(out->port) || strspn(port, "0123456789") != len ||
	    strtol(port, NULL, 10) > PORT_MAX)
		return bad(e);
	memcpy(out->port, port, len + 1);
	return 0;
}

int listen_parse(const char *value, struct listen_place *out, struct error *e)
{
	const char *colon = strrchr(value, ':');
	unsigned char address[sizeof(struct in6_addr)];
	size_t len;

	memset(out, 0, sizeof(*out));
	if (strncmp(value, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
		return parse_path(value + strlen(UNIX_PREFIX), out, e);
	if (value[0] == '/')
		return parse_path(value, out, e);
	if (colon == NULL || parse_port(colon + 1, out, e) < 0)
		return bad(e);
	len = (size_t)(colon - value);
	if (len >= sizeof(out->host))
		return bad(e);
	if (len > 2 && value[0] == '[' && colon[-1] == ']') {
		memcpy(out->host, value + 1, len - 2);
		return inet_pton(AF_INET6, out->host, address) == 1 ? 0 : bad(e);
	}
	memcpy(out->host, value, len);
	return len == 0 || inet_pton(AF_INET, out->host, address) == 1 ? 0 : bad(e);
}

int check_listen(const char *value, struct error *e)
{
	struct listen_place place;

	return listen_parse(value, &place, e);
}

int check_socket(const char *value, struct error *e)
{
	struct listen_place place;

	if (strcmp(value, "auto") == 0)
		return 0;
	if (listen_parse(value, &place, e) < 0 || place.path == NULL)
		return error_set(e, ERROR_GIVE_UP, 0, "write \"auto\", or the path of a Unix socket: \"/PATH\"");
	return 0;
}
