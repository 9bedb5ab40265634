/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* criu's RPC in bytes. See swrk.h. */
#include "worker/swrk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "criu/rpc.pb-c.h"

#define LOG_LEVEL 4 /* LOG_DEBUG of criu */

static size_t pack_request(
	const struct swrk_restore *restore, Criu__Rpc__Options *ours, uint8_t **ret)
{
	Criu__Rpc__Request request = CRIU__RPC__REQUEST__INIT;
	size_t n_ours = criu__rpc__options__get_packed_size(ours);
	autofree uint8_t *opts = malloc(n_ours + restore->n_opts);
	size_t size;

	if (!opts)
		return 0;
	criu__rpc__options__pack(ours, opts);
	if (restore->n_opts)
		memcpy(opts + n_ours, restore->opts, restore->n_opts);
	request.type = CRIU__RPC__REQUEST_TYPE__RESTORE;
	request.has_opts = true;
	request.opts = (ProtobufCBinaryData){ .data = opts, .len = n_ours + restore->n_opts };
	size = criu__rpc__request__get_packed_size(&request);
	*ret = malloc(size);
	return *ret ? criu__rpc__request__pack(&request, *ret) : 0;
}

int swrk_restore_bytes(const struct swrk_restore *restore, uint8_t **ret, size_t *ret_size)
{
	Criu__Rpc__Options opts = CRIU__RPC__OPTIONS__INIT;
	autofree Criu__Rpc__InheritFd *items = calloc(restore->n_inherit + 1, sizeof(*items));
	autofree Criu__Rpc__InheritFd **list = calloc(restore->n_inherit + 1, sizeof(*list));
	char images[32];

	if (!items || !list)
		return -ENOMEM;
	for (size_t i = 0; i < restore->n_inherit; i++) {
		criu__rpc__inherit_fd__init(&items[i]);
		items[i].key = (char *)restore->inherit[i].key;
		items[i].fd = restore->inherit[i].number;
		list[i] = &items[i];
	}
	/*
	 * A number in images_dir_fd would be looked up in the table of whoever made the socket pair, us,
	 * where it may mean another client's directory by then. The path is resolved by criu itself.
	 */
	snprintf(images, sizeof(images), "/proc/self/fd/%d", restore->images);
	opts.images_dir_fd = -1;
	opts.images_dir = images;
	opts.has_log_level = true;
	opts.log_level = LOG_LEVEL;
	opts.log_file = (char *)"-";
	opts.has_notify_scripts = true;
	opts.notify_scripts = true;
	/*
	 * criu's default is to put every task into the cgroup that it was dumped in: out of the job's, by which
	 * all of it can be ended; and it mounts a tmpfs in its work directory for that, which cannot be done
	 * in a detached one (scratch.c): EINVAL. Whoever asks for it gets it.
	 */
	opts.has_manage_cgroups = true;
	opts.manage_cgroups = false;
	opts.has_rst_sibling = true;
	opts.rst_sibling = true;
	opts.has_unprivileged = opts.unprivileged = restore->unprivileged;
	opts.n_inherit_fd = restore->n_inherit;
	opts.inherit_fd = list;
	*ret_size = pack_request(restore, &opts, ret);
	return *ret_size ? 0 : -ENOMEM;
}

size_t swrk_ack_bytes(bool success, uint8_t ret[static SWRK_ACK_BYTES])
{
	Criu__Rpc__Request ack = CRIU__RPC__REQUEST__INIT;

	ack.type = CRIU__RPC__REQUEST_TYPE__NOTIFY;
	ack.has_notify_success = true;
	ack.notify_success = success;
	return criu__rpc__request__pack(&ack, ret);
}

static void read_response(const Criu__Rpc__Response *response, struct swrk_reply *ret)
{
	*ret = (struct swrk_reply){ .success = response->success };
	if (response->type == CRIU__RPC__REQUEST_TYPE__RESTORE) {
		ret->kind = SWRK_RESULT;
		ret->cr_errno = response->has_cr_errno ? response->cr_errno : 0;
		if (response->success && response->restore && response->restore->pid > 0)
			ret->pid = response->restore->pid;
		return;
	}
	ret->kind = SWRK_NOTIFICATION;
	if (response->notify) {
		snprintf(ret->script, sizeof(ret->script), "%s", response->notify->script ?: "");
		if (response->notify->has_pid && response->notify->pid > 0)
			ret->pid = response->notify->pid;
	}
}

int swrk_parse(const uint8_t *data, size_t size, struct swrk_reply *ret, struct err *err)
{
	Criu__Rpc__Response *response = criu__rpc__response__unpack(NULL, size, data);
	int r = 0;

	if (!response)
		return err_set(err, ERR_CRIU_BROKE, 0, NULL,
			"criu sent %zu bytes that are no message of its RPC", size);
	/* EMPTY is how criu refuses a request that it cannot read (cr_service_work). */
	if (response->type == CRIU__RPC__REQUEST_TYPE__RESTORE ||
		response->type == CRIU__RPC__REQUEST_TYPE__NOTIFY)
		read_response(response, ret);
	else
		r = err_set(err, ERR_CRIU_BROKE, 0, NULL,
			"criu answered with message type %d instead of a restore's",
			(int)response->type);
	criu__rpc__response__free_unpacked(response, NULL);
	return r;
}
