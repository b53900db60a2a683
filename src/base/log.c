/* SPDX-License-Identifier: Apache-2.0 */
/* The log: where lines go, which are told, and what becomes of those that nobody takes. It leaves their forms to
 * log_line.c and repetitions to log_repeats.c. What callers pass on from brokers, stores and files is made plain here,
 * and nowhere before. Invariants: lines of several threads never mix; nobody waits for long (I9), as libsystemd's own
 * call would. */
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/sockios.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log_repeats.h"
#include "base/text.h"

#define JOURNAL "/run/systemd/journal/socket"
#define TEXT_MAX_BYTES 2048
/* What a pipe takes in one piece. */
#define STDERR_MAX_BYTES 4096
#define DATAGRAM_MAX_BYTES 65536
#define TAKE_MS 1000
#define LOOK_MS 5

#define CLEAR_LINE "\r\033[K"

static _Atomic int threshold = LOG_LEVEL_INFO;
static _Atomic int format = LOG_FORMAT_TEXT;
static atomic_bool progress_stands;

/* Under the lock, but for last words. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	int fd; /* -1: lines go to stderr */
	struct sockaddr_un address;
} journal = { -1, { .sun_family = AF_UNIX } };
static struct log_repeats *repeats;
static struct buf datagram = { .max = DATAGRAM_MAX_BYTES }, line = { .max = STDERR_MAX_BYTES };
static uint64_t lost;

void log_set_level(enum log_level level)
{
	atomic_store(&threshold, (int)level);
}

void log_set_format(enum log_format f)
{
	atomic_store(&format, (int)f);
}

int log_level_parse(const char *name, enum log_level *level)
{
	for (int i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_DEBUG; i++) {
		if (strcmp(log_level_name((enum log_level)i), name) == 0) {
			*level = (enum log_level)i;
			return 0;
		}
	}
	return -1;
}

/* JOURNAL_STREAM names device and inode of the stream that systemd connected: only if stderr still is that stream. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;
	char expect[64];

	if (stream == NULL || fstat(STDERR_FILENO, &st) != 0)
		return false;
	snprintf(expect, sizeof(expect), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(stream, expect) == 0;
}

int log_to_journal(const char *path)
{
	const struct timeval limit = { .tv_sec = TAKE_MS / 1000 };
	int fd = -1;

	if (path != NULL) {
		fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0) {
			if (fd >= 0)
				close(fd);
			return -1;
		}
	}
	pthread_mutex_lock(&lock);
	if (journal.fd >= 0)
		close(journal.fd);
	snprintf(journal.address.sun_path, sizeof(journal.address.sun_path), "%s", path != NULL ? path : "");
	journal.fd = fd;
	pthread_mutex_unlock(&lock);
	return 0;
}

void log_open(void)
{
	if (stderr_is_journal())
		log_to_journal(JOURNAL);
}

/* Each time by its name: so a journal that was started again is found. */
static bool send_to_journal(int flags)
{
	const struct sockaddr *to = (const struct sockaddr *)&journal.address;

	while (sendto(journal.fd, datagram.data, datagram.len, flags | MSG_NOSIGNAL, to, sizeof(journal.address)) < 0) {
		if (errno != EINTR)
			return false;
	}
	return true;
}

static bool send_to_stderr(int wait_ms)
{
	struct pollfd fd = { .fd = STDERR_FILENO, .events = POLLOUT };

	for (size_t at = 0; at < line.len;) {
		int ready = poll(&fd, 1, wait_ms);
		ssize_t n;

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return false;
		n = write(STDERR_FILENO, line.data + at, line.len - at);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return false;
		at += n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* True: it was taken. Once a line was lost, none waits until one is taken. */
static bool put(const struct log_line *l)
{
	bool waits = lost == 0;

	if (journal.fd >= 0) {
		buf_clear(&datagram);
		log_line_journal(l, &datagram);
		if (send_to_journal(waits ? 0 : MSG_DONTWAIT))
			return true;
		if (errno == EAGAIN || errno == ENOBUFS)
			return false;
		/* Nobody listens there: the stream may still be read. */
	}
	buf_clear(&line);
	if (atomic_load(&format) == LOG_FORMAT_JSON) {
		log_line_json(l, clock_real_ms(), &line);
	} else {
		if (atomic_exchange(&progress_stands, false))
			buf_adds(&line, CLEAR_LINE);
		log_line_text(l, clock_real_ms(), &line);
	}
	return send_to_stderr(waits ? TAKE_MS : 0);
}

static bool put_lost(void)
{
	char text[128];
	const struct log_line l = { MESSAGE_LOG_LOST, message_facts(MESSAGE_LOG_LOST)->level, text, NULL, 0 };

	snprintf(text, sizeof(text), "%" PRIu64 " lines of the log were lost: nobody took them in time", lost);
	return put(&l);
}

static void tell(const struct log_line *l)
{
	if (lost > 0 && put_lost())
		lost = 0;
	if (lost > 0 || !put(l))
		lost++;
}

static void tell_repeated(int64_t now_boot_ms)
{
	char text[TEXT_MAX_BYTES + 64];
	struct log_line l;
	uint64_t more;

	while (repeats != NULL && log_repeats_next(repeats, now_boot_ms, &l, &more)) {
		snprintf(text, sizeof(text), "%s (%" PRIu64 " more times)", l.text, more);
		l.text = text;
		tell(&l);
	}
}

void log_tick(void)
{
	pthread_mutex_lock(&lock);
	tell_repeated(clock_boot_ms());
	if (lost > 0 && put_lost())
		lost = 0;
	pthread_mutex_unlock(&lock);
}

/* The journal asks the kernel whose a line is after it has read it. The lines of a process that has ended by then stand
 * under no unit (systemd #2913), and with them why it did not start. */
static void wait_until_read(void)
{
	const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };
	int unread = 0;

	if (journal.fd < 0 || lost > 0)
		return;
	for (int ms = 0; ms < TAKE_MS && ioctl(journal.fd, SIOCOUTQ, &unread) == 0 && unread > 0; ms += LOOK_MS)
		nanosleep(&pause, NULL);
	nanosleep(&pause, NULL);
}

void log_close(void)
{
	pthread_mutex_lock(&lock);
	tell_repeated(INT64_MAX);
	wait_until_read();
	log_repeats_free(repeats);
	repeats = NULL;
	buf_free(&datagram);
	buf_free(&line);
	pthread_mutex_unlock(&lock);
	log_to_journal(NULL);
}

__attribute__((format(printf, 5, 0))) static void say(enum message_id id, enum log_level level,
						      const struct log_field *fields, size_t n_fields, const char *fmt,
						      va_list ap)
{
	char given[TEXT_MAX_BYTES], text[TEXT_MAX_BYTES];
	const struct log_line l = { id, level, text, fields, n_fields };
	int64_t now;

	if ((int)level > atomic_load(&threshold))
		return;
	now = clock_boot_ms();
	vsnprintf(given, sizeof(given), fmt, ap);
	text_plain(given, text, sizeof(text));
	pthread_mutex_lock(&lock);
	if (repeats == NULL)
		repeats = log_repeats_new();
	tell_repeated(now);
	if (log_repeats_tells(repeats, &l, now))
		tell(&l);
	pthread_mutex_unlock(&lock);
}

void log_event(enum message_id id, const struct log_field *fields, size_t n_fields, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(id, message_facts(id)->level, fields, n_fields, fmt, ap);
	va_end(ap);
}

void log_plain(enum log_level level, const struct log_field *fields, size_t n_fields, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(MESSAGE_NONE, level, fields, n_fields, fmt, ap);
	va_end(ap);
}

void log_last_words(const char *text, size_t len)
{
	static char head[] = "PRIORITY=2\nSYSLOG_IDENTIFIER=kafka2s3\nMESSAGE_ID=",
		    event[] = "\nEVENT=crashed\nMESSAGE=";
	struct iovec parts[] = {
		{ head, sizeof(head) - 1 },   { (void *)message_facts(MESSAGE_CRASHED)->journal_id, 32 },
		{ event, sizeof(event) - 1 }, { (void *)text, len },
		{ (void *)"\n", 1 },
	};
	const struct msghdr whole = { .msg_name = &journal.address,
				      .msg_namelen = sizeof(journal.address),
				      .msg_iov = parts,
				      .msg_iovlen = sizeof(parts) / sizeof(parts[0]) };

	if (journal.fd < 0 || sendmsg(journal.fd, &whole, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		(void)!writev(STDERR_FILENO, parts + 3, 2);
}

void log_progress(const char *text)
{
	char drawn[TEXT_MAX_BYTES];

	if (text == NULL && !atomic_load(&progress_stands))
		return;
	snprintf(drawn, sizeof(drawn), CLEAR_LINE "%s", text != NULL ? text : "");
	atomic_store(&progress_stands, text != NULL);
	fputs(drawn, stderr);
	fflush(stderr);
}
