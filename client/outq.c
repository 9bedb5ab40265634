/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The queue of packets to be sent. See outq.h. Who sends them: pump.c. */
#include "outq.h"

#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"

static void packet_free(struct outq_packet *p)
{
	free(p->data);
	fdset_done(&p->fds);
	free(p);
}

static int dup_all(const int *fds, size_t n_fds, struct fdset *set)
{
	for (size_t i = 0; i < n_fds; i++) {
		int fd = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);

		if (fd < 0)
			return -errno;
		if (fdset_add(set, fd) < 0)
			return -ENOMEM;
	}
	return 0;
}

int outq_push(
	struct outq *q, uint64_t serial, uint8_t *data, size_t size, const int *fds, size_t n_fds)
{
	struct outq_packet *p = calloc(1, sizeof(*p));
	int r;

	if (!p) {
		free(data);
		return -ENOMEM;
	}
	p->serial = serial;
	p->data = data;
	p->size = size;
	r = dup_all(fds, n_fds, &p->fds);
	if (r < 0) {
		packet_free(p);
		return r;
	}
	if (q->last)
		q->last->next = p;
	else
		q->first = p;
	q->last = p;
	q->n++;
	return 0;
}

void outq_pop(struct outq *q)
{
	struct outq_packet *p = q->first;

	q->first = p->next;
	if (!q->first)
		q->last = NULL;
	q->n--;
	packet_free(p);
}

void outq_done(struct outq *q)
{
	while (q->first)
		outq_pop(q);
}
