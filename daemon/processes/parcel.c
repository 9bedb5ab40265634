/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes and descriptors for a child. See parcel.h.
 *
 * First a packet with the sizes and a memfd that holds the bytes, then packets of as many descriptors as
 * the kernel lets through in one.
 */
#include "processes/parcel.h"

#include <errno.h>
#include <poll.h>
#include <sys/mman.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "wire.h"

struct head {
	size_t size;
	size_t n_fds;
};

int parcel_send(int sock, const void *bytes, size_t size, const int *fds, size_t n_fds)
{
	autofd int file = memfd_create("parcel", MFD_CLOEXEC);
	const struct head head = { size, n_fds };
	int r = file < 0 ? -errno : io_write_all(file, bytes, size);

	if (r == 0)
		r = wire_send(sock, &head, sizeof(head), &file, 1);
	for (size_t i = 0; r == 0 && i < n_fds; i += WIRE_MAX_FDS)
		r = wire_send(
			sock, "", 1, fds + i, n_fds - i < WIRE_MAX_FDS ? n_fds - i : WIRE_MAX_FDS);
	return r;
}

static int next_packet(int sock, struct packet *ret)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };
	struct err err;
	int r;

	do {
		(void)poll(&p, 1, -1);
		r = wire_recv(sock, ret, &err);
	} while (r == -EAGAIN);
	if (r < 0)
		/* Cut: there is no room in the table. */
		return err.code == ERR_PROTOCOL ? -EMFILE : -(err.sys ?: EPROTO);
	return r == 0 ? -EPIPE : 0;
}

static int read_bytes(int file, size_t size, struct parcel *ret)
{
	ret->bytes = malloc(size + 1);
	if (!ret->bytes)
		return -ENOMEM;
	for (ret->size = 0; ret->size < size;) {
		ssize_t n = pread(file, ret->bytes + ret->size, size - ret->size, (off_t)ret->size);

		if (n <= 0)
			return n < 0 ? -errno : -EPROTO;
		ret->size += (size_t)n;
	}
	ret->bytes[size] = 0;
	return 0;
}

static int receive_head(int sock, struct head *head, struct parcel *ret)
{
	autopacket struct packet packet = { 0 };
	int r = next_packet(sock, &packet);

	if (r < 0)
		return r;
	if (packet.size != sizeof(*head) || packet.fds.n != 1)
		return -EPROTO;
	memcpy(head, packet.data, sizeof(*head));
	r = read_bytes(packet.fds.fds[0], head->size, ret);
	return r < 0 ? r : fdset_reserve(&ret->fds, head->n_fds);
}

int parcel_recv(int sock, struct parcel *ret)
{
	autoparcel struct parcel p = { 0 };
	struct head head;
	int r = receive_head(sock, &head, &p);

	while (r == 0 && p.fds.n < head.n_fds) {
		autopacket struct packet packet = { 0 };

		r = next_packet(sock, &packet);
		if (r == 0 && packet.fds.n == 0)
			r = -EPROTO;
		for (size_t i = 0; r == 0 && i < packet.fds.n; i++)
			(void)fdset_add(&p.fds, fdset_take(&packet.fds, i)); /* room is reserved */
	}
	if (r < 0)
		return r;
	*ret = p;
	p = (struct parcel){ 0 };
	return 0;
}

void parcel_done(struct parcel *p)
{
	free(p->bytes);
	fdset_done(&p->fds);
	*p = (struct parcel){ 0 };
}
