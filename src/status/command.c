/* SPDX-License-Identifier: Apache-2.0 */
#include "status/command.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "settings/settings.h"
#include "status/human.h"
#include "status/listen.h"

#define ANSWER_MAX ((size_t)256 << 20)
#define LIMIT_MS 10000
#define WATCH_EVERY_MS 2000
#define READ_BYTES ((size_t)64 << 10)
#define TO_THE_TOP "\033[H"
#define CLEAR_LINE "\033[K"
#define CLEAR_BELOW "\033[J"

static volatile sig_atomic_t ended;

static void on_end(int number)
{
	(void)number;
	ended = 1;
}

static int connect_to(const char *path, struct error *e)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, why;

	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(e, ERROR_GIVE_UP, 0, "\"%s\" is too long for a Unix socket", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	why = errno;
	if (fd >= 0)
		close(fd);
	return error_set(e, ERROR_GIVE_UP, why, "\"%s\": %s", path, strerror(why));
}

/* Until fd has what is asked for; false: the time is up. */
static bool is_there(int fd, short events, int64_t deadline_ms)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left = deadline_ms - clock_boot_ms();

	return left > 0 && poll(&p, 1, (int)left) > 0;
}

static int send_all(int fd, const char *text, int64_t deadline_ms)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN && is_there(fd, POLLOUT, deadline_ms))
			continue;
		if (n <= 0)
			return -1;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* To the end of the connection. */
static int read_all(int fd, struct buf *out, int64_t deadline_ms)
{
	for (;;) {
		uint8_t *room = buf_reserve(out, READ_BYTES);
		ssize_t n = room != NULL ? recv(fd, room, READ_BYTES, 0) : -1;

		if (n == 0)
			return 0;
		if (n > 0)
			out->len += (size_t)n;
		else if (room == NULL || errno != EAGAIN || !is_there(fd, POLLIN, deadline_ms))
			return -1;
	}
}

/* HTTP 1.0: the body ends with the connection. Takes the head away. */
static int take_body(struct buf *answer, struct error *e)
{
	const char *all = buf_str(answer);
	const char *body = strstr(all, "\r\n\r\n");
	size_t head;

	if (strncmp(all, "HTTP/1.", 7) != 0 || body == NULL || strncmp(all + 8, " 200 ", 5) != 0)
		return error_set(e, ERROR_GIVE_UP, 0, "what answers there is no kafka2s3");
	head = (size_t)(body + 4 - all);
	answer->len -= head;
	memmove(answer->data, answer->data + head, answer->len);
	return 0;
}

static int ask(const char *path, const char *url, struct buf *answer, struct error *e)
{
	int64_t deadline = clock_boot_ms() + LIMIT_MS;
	char request[128];
	int fd = connect_to(path, e), rc;

	if (fd < 0)
		return -1;
	snprintf(request, sizeof(request), "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n", url);
	buf_clear(answer);
	rc = send_all(fd, request, deadline);
	if (rc == 0)
		rc = read_all(fd, answer, deadline);
	close(fd);
	if (rc < 0)
		return error_set(e, ERROR_GIVE_UP, 0, "\"%s\": no whole answer in %d s", path, LIMIT_MS / 1000);
	return take_body(answer, e);
}

/* As much as the terminal is high and wide, over what stood there. */
static void draw(const char *text)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	int rows;

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	rows = size.ws_row > 1 ? size.ws_row - 1 : 1;
	fputs(TO_THE_TOP, stdout);
	for (int i = 0; i < rows && *text != '\0'; i++) {
		size_t len = strcspn(text, "\n");

		printf("%.*s" CLEAR_LINE "\n", (int)(len < size.ws_col ? len : size.ws_col), text);
		text += len + (text[len] == '\n');
	}
	fputs(CLEAR_BELOW, stdout);
}

/* The daemon has made its texts plain; a program that only says to be one may have not. */
static void print(struct buf *answer, bool in_place)
{
	struct buf plain;
	char *text = mem_strdup(buf_str(answer)), *rest = text, *line;

	buf_init(&plain, ANSWER_MAX);
	while ((line = strsep(&rest, "\n")) != NULL && (rest != NULL || line[0] != '\0')) {
		human_escape(line, &plain);
		buf_addc(&plain, '\n');
	}
	free(text);
	if (in_place)
		draw(buf_str(&plain));
	else
		fputs(buf_str(&plain), stdout);
	fflush(stdout);
	buf_free(&plain);
}

static bool has_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = mem_printf("%.*s/", slash != NULL ? (int)(slash - path) : 0, path);
	bool has = access(folder, F_OK) == 0;

	free(folder);
	return has;
}

static int refuse(const struct error *e, const char *path, const char *file)
{
	fprintf(stderr,
		"kafka2s3: no daemon answers: %s\n"
		"Is it running with \"%s\"? systemctl status kafka2s3 says so. If it is: may this user open its socket "
		"(root, or the group kafka2s3), and is status.socket what the daemon was started with?\n",
		e->text, file);
	if (access(file, R_OK) < 0 && errno == EACCES)
		fprintf(stderr, "This user may not read \"%s\": a status.socket in it was not asked.\n", file);
	if (!has_directory(path))
		fputs("The directory of that socket is not there: systemd makes it for the service; for a daemon that "
		      "is started by hand make it, or set status.socket.\n",
		      stderr);
	return EX_UNAVAILABLE;
}

static int show(const char *path, const char *file, bool json, bool watch)
{
	bool in_place = watch && !json && isatty(STDOUT_FILENO);
	struct buf answer;
	struct error e;
	int code = 0;

	buf_init(&answer, ANSWER_MAX);
	do {
		if (ask(path, json ? "/status" : "/status.txt", &answer, &e) < 0) {
			code = refuse(&e, path, file);
			break;
		}
		print(&answer, in_place);
		if (watch && !ended && !ferror(stdout))
			poll(NULL, 0, WATCH_EVERY_MS);
	} while (watch && !ended && !ferror(stdout));
	buf_free(&answer);
	return code;
}

/* A file that this user may not read says nothing: the socket has its own permissions, and credentials are the
 * service's. Nor does one that does not load, since the daemon may run with what it was before. */
static int find_socket(const char *file, char *path, size_t size)
{
	struct settings *s = NULL;
	struct error e;

	if (access(file, R_OK) < 0 && errno == EACCES) {
		listen_own_socket(NULL, file, path, size);
		return 0;
	}
	if (settings_look_over(file, &s, &e) < 0) {
		log_error("%s", e.text);
		if (access(file, R_OK) < 0)
			return EX_CONFIG;
		listen_own_socket(NULL, file, path, size);
		return 0;
	}
	listen_own_socket(s, file, path, size);
	settings_free(s);
	return 0;
}

int status_command(const char *file, bool json, bool watch)
{
	char path[LISTEN_NAME_MAX];
	int code = find_socket(file, path, sizeof(path));

	if (code != 0)
		return code;
	if (path[0] == '\0') {
		fprintf(stderr, "kafka2s3: \"%s\" has status.socket = \"\": the daemon answers nowhere\n", file);
		return EX_UNAVAILABLE;
	}
	signal(SIGPIPE, SIG_DFL); /* whoever reads us may stop doing so */
	if (watch) {
		signal(SIGINT, on_end);
		signal(SIGTERM, on_end);
	}
	return show(path, file, json, watch);
}
