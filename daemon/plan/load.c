/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Builds the graph of images: open files and what they are on (load_files.c), tasks with their tables
 * (load_tasks.c), what waits in queues, and last the ways back, from an open file to its descriptors and
 * other uses (link.c).
 *
 * Every reference is checked here when it is met; the rest of plan/ relies on it.
 */
#include "plan/load.h"

#include "base/cleanup.h"
#include "plan/link.h"
#include "plan/loading.h"

int load_use(struct load *l, uint32_t file, enum use_kind kind, uint32_t owner, uint64_t start,
	uint64_t end)
{
	struct use *u = MORE(l, uses);

	if (!u)
		return -1;
	*u = (struct use){ .file = file, .kind = kind, .owner = owner, .start = start, .end = end };
	return 0;
}

static int add_rights(
	struct load *l, const struct image *img, const struct rec_packet *packet, uint32_t socket)
{
	for (size_t i = 0; i < packet->n_scms; i++) {
		size_t n;
		const uint32_t *ids = record_rights(packet, i, &n);

		for (size_t k = 0; k < n; k++) {
			uint32_t file = graph_file(l->g, ids[k]);

			if (file == NONE)
				return image_fault(img, l->err,
					"the open file 0x%x in flight is not in files.img", ids[k]);
			if (load_use(l, file, USE_IN_FLIGHT, socket, 0, 0) < 0)
				return -1;
		}
	}
	return 0;
}

static int load_queues(struct load *l)
{
	autoimage struct image img = { .fd = -1 };
	struct rec_packet rec;
	int r = image_open(&l->g->dir, IMAGE_SK_QUEUES, 0, &img, l->err);

	while (r > 0 && (r = record_packet(&img, &rec, l->err)) > 0) {
		uint32_t socket = graph_file(l->g, rec.socket_id);

		if (socket == NONE)
			return image_fault(&img, l->err,
				"the packet is for the socket 0x%x, which is not in files.img",
				rec.socket_id);
		if (l->g->files[socket].kind == FILE_UNIXSK)
			l->g->files[socket].size += rec.bytes;
		if (add_rights(l, &img, &rec, socket) < 0)
			return -1;
	}
	if (r == 0 && img.count)
		l->g->queues_image = image_take(&img, &l->g->queues_image_bytes);
	return r;
}

int load_graph(int dir, struct graph *ret, struct err *err)
{
	struct load l = { .g = ret, .err = err };

	if (image_dir_open(&ret->dir, dir, err) < 0)
		return -1;
	if (load_files(&l) < 0 || load_tasks(&l) < 0 || load_queues(&l) < 0)
		return -1;
	return link_graph(ret, err);
}
