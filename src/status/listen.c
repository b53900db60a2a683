/* SPDX-License-Identifier: Apache-2.0 */
#include "status/listen.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "settings/path.h"

#define RUNTIME_DIRECTORY "/run/kafka2s3"
#define BACKLOG 16
/* Who may read the settings may ask: the daemon's user and its group. */
#define SOCKET_MODE 0660

/* systemd may name several: the first. */
static void runtime_directory(char *out, size_t size)
{
	const char *given = getenv("RUNTIME_DIRECTORY");

	if (given == NULL || given[0] != '/')
		given = RUNTIME_DIRECTORY;
	snprintf(out, size, "%.*s", (int)strcspn(given, ":"), given);
}

void listen_own_socket(const struct settings *s, const char *file, char *out, size_t size)
{
	char directory[128], name[NAME_MAX + 1];

	if (s != NULL && strcmp(s->status_socket, "auto") != 0) {
		const char *path = strchr(s->status_socket, '/');

		snprintf(out, size, "%s", path != NULL ? path : "");
		return;
	}
	path_name(file, name, sizeof(name));
	runtime_directory(directory, sizeof(directory));
	snprintf(out, size, "%s/%s.sock", directory, name);
}

static int fail(int fd, struct error *e, const char *name)
{
	int why = errno;

	if (fd >= 0)
		close(fd);
	return error_set(e, ERROR_RETRY, why, "%s: %s", name, strerror(why));
}

/* Nobody answers there any more. */
static bool is_left_over(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool refused = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 &&
		       errno == ECONNREFUSED;

	if (fd >= 0)
		close(fd);
	return refused;
}

static int open_unix(const char *path, struct error *e)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return fail(fd, e, path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (access(path, F_OK) == 0 && is_left_over(&address))
		unlink(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return fail(fd, e, path);
	/* Nobody can connect before it listens. */
	if (chmod(path, SOCKET_MODE) < 0 || listen(fd, BACKLOG) < 0)
		return fail(fd, e, path);
	return fd;
}

static int open_tcp(const struct addrinfo *a)
{
	const int on = 1, off = 0;
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	close(fd);
	return -1;
}

/* The port, which the system may have chosen. */
static void name_tcp(int fd, char name[LISTEN_NAME_MAX])
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	char host[64], port[8];

	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0 ||
	    getnameinfo((struct sockaddr *)&address, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return;
	snprintf(name, LISTEN_NAME_MAX, strchr(host, ':') != NULL ? "http://[%s]:%s/" : "http://%s:%s/", host, port);
}

int listen_open(const struct listen_place *place, char name[LISTEN_NAME_MAX], struct error *e)
{
	const struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
					.ai_socktype = SOCK_STREAM };
	/* Everywhere: by IPv6 and IPv4, or where there is no IPv6 by IPv4. */
	const char *const hosts[] = { place->host[0] != '\0' ? place->host : "::",
				      place->host[0] != '\0' ? NULL : "0.0.0.0" };
	int fd = -1;

	if (place->path != NULL) {
		snprintf(name, LISTEN_NAME_MAX, "%s", place->path);
		return open_unix(place->path, e);
	}
	snprintf(name, LISTEN_NAME_MAX, "http://%s:%s/", place->host, place->port);
	for (size_t i = 0; i < 2 && fd < 0 && hosts[i] != NULL; i++) {
		struct addrinfo *a;

		if (getaddrinfo(hosts[i], place->port, &hints, &a) != 0)
			continue;
		fd = open_tcp(a);
		freeaddrinfo(a);
	}
	if (fd < 0)
		return fail(-1, e, name);
	name_tcp(fd, name);
	return fd;
}
