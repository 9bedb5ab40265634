/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Describing a restore. Nothing here needs a connection. */
#include "request.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "criu/opts.h"

int fdb_request_new(struct fdb_client *c, struct fdb_request **ret)
{
	struct fdb_request *rq = calloc(1, sizeof(*rq));

	if (!rq)
		return client_fail_sys(c, -ENOMEM, "cannot make a request");
	rq->c = c;
	rq->images_dir = -1;
	rq->work_dir = -1;
	*ret = rq;
	return 0;
}

void fdb_request_free(struct fdb_request *rq)
{
	if (!rq)
		return;
	cleanup_fd(&rq->images_dir);
	cleanup_fd(&rq->work_dir);
	for (size_t i = 0; i < rq->n_mappings; i++) {
		free(rq->mappings[i].target);
		free(rq->mappings[i].lent);
	}
	for (size_t i = 0; i < rq->n_risks; i++)
		free(rq->risks[i]);
	free(rq->risks);
	free(rq->mappings);
	free(rq->opts);
	free(rq);
}

static int set_dir(struct fdb_request *rq, int *dir, const char *field, int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (copy < 0)
		return client_fail_sys(
			rq->c, -errno, "%s: cannot duplicate descriptor %d", field, fd);
	cleanup_fd(dir);
	*dir = copy;
	return 0;
}

int fdb_request_images_dir(struct fdb_request *rq, int fd)
{
	return set_dir(rq, &rq->images_dir, "images_dir", fd);
}

int fdb_request_work_dir(struct fdb_request *rq, int fd)
{
	return set_dir(rq, &rq->work_dir, "work_dir", fd);
}

static int reserve_mapping(struct fdb_request *rq)
{
	size_t max = rq->max_mappings ? rq->max_mappings * 2 : 8;
	struct request_mapping *all;

	if (rq->n_mappings < rq->max_mappings)
		return 0;
	all = reallocarray(rq->mappings, max, sizeof(*all));
	if (!all)
		return -ENOMEM;
	rq->mappings = all;
	rq->max_mappings = max;
	return 0;
}

int fdb_request_map(struct fdb_request *rq, const char *target, const char *lent, int number)
{
	autofree char *target_copy = NULL, *lent_copy = NULL;

	if (!target || !lent)
		return client_fail(rq->c, -EINVAL, "mappings",
			"a mapping needs a target and a lent descriptor");
	target_copy = strdup(target);
	lent_copy = strdup(lent);
	if (!target_copy || !lent_copy || reserve_mapping(rq) < 0)
		return client_fail_sys(rq->c, -ENOMEM, "cannot add a mapping");
	rq->mappings[rq->n_mappings++] = (struct request_mapping){
		.target = TAKE_PTR(target_copy),
		.lent = TAKE_PTR(lent_copy),
		.number = number,
	};
	return 0;
}

int fdb_request_reopen(struct fdb_request *rq)
{
	if (!rq->n_mappings)
		return client_fail(rq->c, -EINVAL, "mappings", "there is no mapping to reopen");
	rq->mappings[rq->n_mappings - 1].reopen = true;
	return 0;
}

int fdb_request_at_own_risk(struct fdb_request *rq, const char *code)
{
	autofree char *copy = code ? strdup(code) : NULL;
	char **all;

	if (!code)
		return client_fail(rq->c, -EINVAL, "at_own_risk", "a code is missing");
	all = reallocarray(rq->risks, rq->n_risks + 1, sizeof(*all));
	if (all)
		rq->risks = all;
	if (!all || !copy)
		return client_fail_sys(rq->c, -ENOMEM, "cannot add a code");
	rq->risks[rq->n_risks++] = TAKE_PTR(copy);
	return 0;
}

void fdb_request_deadline_ms(struct fdb_request *rq, uint32_t ms)
{
	rq->deadline_ms = ms;
}

void fdb_request_when_client_gone(struct fdb_request *rq, enum fdb_gone gone)
{
	rq->gone = gone;
}

int fdb_request_option(struct fdb_request *rq, const char *name, const char *value)
{
	const struct opts_field *field = opts_by_name(name);
	struct err err;
	int r;

	if (!field)
		return client_fail(
			rq->c, -EINVAL, "criu_opts", "criu_opts: there is no field '%s'", name);
	r = opts_append(&rq->opts, &rq->opts_size, field, value, &err);
	if (r < 0)
		return client_fail_as(rq->c, err.sys == ENOMEM ? -ENOMEM : -EINVAL, &err, NULL);
	return 0;
}

/* Messages of protobuf merge when their bytes stand one after the other. */
int fdb_request_options_raw(struct fdb_request *rq, const void *bytes, size_t size)
{
	uint8_t *all = realloc(rq->opts, rq->opts_size + size + 1);

	if (!all)
		return client_fail_sys(rq->c, -ENOMEM, "cannot keep %zu bytes of options", size);
	memcpy(all + rq->opts_size, bytes, size);
	rq->opts = all;
	rq->opts_size += size;
	return 0;
}
