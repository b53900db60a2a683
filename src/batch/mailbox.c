/* SPDX-License-Identifier: Apache-2.0 */
/* The mailbox: a list under a mutex, and a counter that makes looking into an empty one free. */
#include "batch/mailbox.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/mem.h"

struct mailbox {
	pthread_mutex_t lock;
	struct message *first;
	struct message **last;
	atomic_uint n;
	struct waker waker;
};

struct mailbox *mailbox_new(void)
{
	struct mailbox *m = mem_zalloc(sizeof(*m));

	pthread_mutex_init(&m->lock, NULL);
	m->last = &m->first;
	return m;
}

void mailbox_waker(struct mailbox *m, struct waker w)
{
	m->waker = w;
}

void mailbox_free(struct mailbox *m)
{
	struct message dropped;

	if (m == NULL)
		return;
	while (mailbox_take(m, &dropped))
		continue;
	pthread_mutex_destroy(&m->lock);
	free(m);
}

void mailbox_post(struct mailbox *m, const struct message *message)
{
	struct message *copy = mem_alloc(sizeof(*copy));

	*copy = *message;
	copy->next = NULL;
	pthread_mutex_lock(&m->lock);
	*m->last = copy;
	m->last = &copy->next;
	atomic_fetch_add(&m->n, 1);
	pthread_mutex_unlock(&m->lock);
	m->waker.wake(m->waker.arg);
}

bool mailbox_take(struct mailbox *m, struct message *out)
{
	struct message *first;

	if (atomic_load(&m->n) == 0)
		return false;
	pthread_mutex_lock(&m->lock);
	first = m->first;
	m->first = first->next;
	if (m->first == NULL)
		m->last = &m->first;
	atomic_fetch_sub(&m->n, 1);
	pthread_mutex_unlock(&m->lock);
	*out = *first;
	free(first);
	return true;
}
