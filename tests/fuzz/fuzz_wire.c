/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client's packet, from the socket to the checked options of criu: all that it can bring before a plan. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fdbroker.pb-c.h"
#include "names.h"
#include "plan/target.h"
#include "policy/policy.h"
#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_restore(const Fdbroker__V1__Restore *r)
{
	static const struct policy_peer root = { .uid = 0 };
	struct target target;
	uint8_t *opts = NULL;
	size_t n = 0;
	struct err err;

	if (r->has_criu_opts &&
		policy_options(&root, r->criu_opts.data, r->criu_opts.len, &opts, &n, &err) == 0)
		free(opts);
	for (size_t i = 0; i < r->n_mappings; i++)
		if (r->mappings[i]->target &&
			r->mappings[i]->target->target_case == FDBROKER__V1__TARGET__TARGET_TEXT)
			(void)target_parse(r->mappings[i]->target->text, &target, &err);
}

static void check_message(const struct packet *packet)
{
	Fdbroker__V1__ClientMessage *m =
		fdbroker__v1__client_message__unpack(NULL, packet->size, packet->data);

	if (!m)
		return;
	if (m->call_case == FDBROKER__V1__CLIENT_MESSAGE__CALL_RESTORE)
		check_restore(m->restore);
	else if (m->call_case == FDBROKER__V1__CLIENT_MESSAGE__CALL_LEND)
		for (size_t i = 0; i < m->lend->n_names; i++)
			(void)names_fault(m->lend->names[i]);
	fdbroker__v1__client_message__free_unpacked(m, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packet packet = { 0 };
	struct err err;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		abort();
	if (send(pair[1], data, size, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 &&
		wire_recv(pair[0], &packet, &err) == 1) {
		check_message(&packet);
		packet_done(&packet);
	}
	close(pair[0]);
	close(pair[1]);
	return 0;
}
