/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A Restore, field by field. See restore_check.h. */
#include "calls/restore_check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "numbers.h"

void restore_checked_done(struct restore_checked *checked)
{
	free(checked->spec.mappings);
	free((void *)checked->spec.opts);
}

static const char *kind_name(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "a regular file";
	case S_IFIFO:
		return "a FIFO or pipe";
	case S_IFSOCK:
		return "a socket";
	case S_IFCHR:
		return "a character device";
	case S_IFBLK:
		return "a block device";
	case S_IFLNK:
		return "a symbolic link";
	default:
		return "no file in a file system";
	}
}

/* The descriptor behind an index, if it is a directory that the client could open for reading. */
static int directory(const struct call *call, const char *field, uint32_t index, struct err *err)
{
	const struct fdset *fds = &call->packet->fds;
	struct statx st;
	int flags, fd;

	if (index >= fds->n)
		return err_set(err, ERR_BAD_REQUEST, 0, field,
			"%s: index %u, but %zu descriptors came with the call", field, index,
			fds->n);
	fd = fds->fds[index];
	flags = fcntl(fd, F_GETFL);
	/* What is known already is enough, and asking a FUSE or NFS server could take for ever. */
	if (flags < 0 || statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &st) < 0)
		return err_set(err, ERR_BAD_REQUEST, errno, field,
			"%s: cannot look at the descriptor", field);
	if (!S_ISDIR(st.stx_mode))
		return err_set(err, ERR_BAD_REQUEST, ENOTDIR, field, "%s: the descriptor is %s",
			field, kind_name(st.stx_mode));
	if (flags & O_PATH)
		return err_set(err, ERR_BAD_REQUEST, 0, field,
			"%s: opened by O_PATH; open the directory for reading", field);
	return fd;
}

static int check_directories(const struct call *call, struct job_spec *spec, struct err *err)
{
	const Fdbroker__V1__Restore *r = call->message->restore;
	size_t used = 1 + (r->has_work_dir && r->work_dir != r->images_dir);

	if (!r->has_images_dir)
		return err_set(err, ERR_BAD_REQUEST, 0, "images_dir", "images_dir: missing");
	spec->images = directory(call, "images_dir", r->images_dir, err);
	if (spec->images < 0)
		return -1;
	spec->work = -1;
	if (r->has_work_dir) {
		spec->work = directory(call, "work_dir", r->work_dir, err);
		if (spec->work < 0)
			return -1;
	}
	if (call->packet->fds.n != used)
		return err_set(err, ERR_BAD_REQUEST, 0, NULL,
			"%zu descriptors came with the call, which uses %zu", call->packet->fds.n,
			used);
	return 0;
}

static int check_key(const char *key, const char *field, struct err *err)
{
	size_t size = strnlen(key, CONFIG_MAX_KEY_BYTES + 1);

	if (size == 0)
		return err_set(err, ERR_BAD_REQUEST, 0, field, "%s: the key is empty", field);
	if (size > CONFIG_MAX_KEY_BYTES)
		return err_set(err, ERR_BAD_REQUEST, 0, field,
			"%s: the key is longer than %d bytes", field, CONFIG_MAX_KEY_BYTES);
	return 0;
}

static int check_mapping(
	const struct call *call, size_t i, struct worker_mapping *ret, struct err *err)
{
	const Fdbroker__V1__Mapping *m = call->message->restore->mappings[i];
	char field[40];

	err_field(field, sizeof(field), "mappings", i, "target");
	if (!m->target || m->target->target_case != FDBROKER__V1__TARGET__TARGET_KEY)
		return err_set(err, ERR_BAD_REQUEST, 0, field,
			"%s: missing, or of a kind that this broker does not know", field);
	err_field(field, sizeof(field), "mappings", i, "target.key");
	if (check_key(m->target->key, field, err) < 0)
		return -1;
	ret->key = m->target->key;
	err_field(field, sizeof(field), "mappings", i, "lent");
	if (!m->lent)
		return err_set(err, ERR_BAD_REQUEST, 0, field, "%s: missing", field);
	ret->fd = lent_find(&call->session->lent, m->lent);
	if (ret->fd < 0)
		return err_set(err, ERR_NO_SUCH_NAME, 0, field,
			"%s: no descriptor is lent as '%.255s'", field, m->lent);
	err_field(field, sizeof(field), "mappings", i, "number");
	if (m->has_number && m->number < 0)
		return err_set(
			err, ERR_BAD_REQUEST, 0, field, "%s: %d is negative", field, m->number);
	ret->number = m->has_number ? m->number : NUMBERS_NONE;
	return 0;
}

struct keyed {
	const char *key;
	size_t index;
};

static int by_key(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;
	int r = strcmp(x->key, y->key);

	return r ? r : (x->index > y->index) - (x->index < y->index);
}

/* criu takes the first mapping of a key and ignores the others without a word. */
static int check_keys_differ(const struct worker_mapping *mappings, size_t n, struct err *err)
{
	autofree struct keyed *keyed = calloc(n + 1, sizeof(*keyed));
	char field[40];

	if (!keyed)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for %zu mappings", n);
	for (size_t i = 0; i < n; i++)
		keyed[i] = (struct keyed){ mappings[i].key, i };
	qsort(keyed, n, sizeof(*keyed), by_key);
	for (size_t i = 1; i < n; i++)
		if (!strcmp(keyed[i].key, keyed[i - 1].key))
			return err_set(err, ERR_BAD_REQUEST, 0,
				err_field(field, sizeof(field), "mappings", keyed[i].index,
					"target.key"),
				"%s: '%.200s' is the key of mappings[%zu] too", field, keyed[i].key,
				keyed[i - 1].index);
	return 0;
}

static int check_mappings(const struct call *call, struct job_spec *spec, struct err *err)
{
	const Fdbroker__V1__Restore *r = call->message->restore;

	if (r->n_mappings > CONFIG_MAX_MAPPINGS)
		return err_set(err, ERR_LIMIT, 0, "mappings",
			"mappings: %zu are over the limit of %d", r->n_mappings,
			CONFIG_MAX_MAPPINGS);
	spec->mappings = calloc(r->n_mappings + 1, sizeof(*spec->mappings));
	if (!spec->mappings)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for %zu mappings",
			r->n_mappings);
	spec->n_mappings = r->n_mappings;
	for (size_t i = 0; i < r->n_mappings; i++)
		if (check_mapping(call, i, &spec->mappings[i], err) < 0)
			return -1;
	return check_keys_differ(spec->mappings, spec->n_mappings, err);
}

static int check_opts(const struct call *call, struct job_spec *spec, struct err *err)
{
	const Fdbroker__V1__Restore *r = call->message->restore;
	uint8_t *opts = NULL;

	if (!r->has_criu_opts || r->criu_opts.len == 0)
		return 0;
	if (policy_options(&call->session->peer, r->criu_opts.data, r->criu_opts.len, &opts,
		    &spec->n_opts, err) < 0)
		return -1;
	spec->opts = opts;
	return 0;
}

static int check_deadline(const struct call *call, struct job_spec *spec, struct err *err)
{
	const Fdbroker__V1__Restore *r = call->message->restore;

	spec->deadline_ms = r->has_deadline_ms ? r->deadline_ms : call->calls->config->deadline_ms;
	if (spec->deadline_ms < 1 || spec->deadline_ms > CONFIG_MAX_DEADLINE_MS)
		return err_set(err, ERR_BAD_REQUEST, 0, "deadline_ms",
			"deadline_ms: %u is not within 1 .. %u", spec->deadline_ms,
			CONFIG_MAX_DEADLINE_MS);
	return 0;
}

int restore_check(const struct call *call, struct restore_checked *ret, struct err *err)
{
	const Fdbroker__V1__Restore *r = call->message->restore;

	if (r->has_when_client_gone &&
		r->when_client_gone != FDBROKER__V1__WHEN_CLIENT_GONE__CANCEL &&
		r->when_client_gone != FDBROKER__V1__WHEN_CLIENT_GONE__CARRY_ON)
		return err_set(err, ERR_BAD_REQUEST, 0, "when_client_gone",
			"when_client_gone: %d is unknown", (int)r->when_client_gone);
	ret->carry_on = r->when_client_gone == FDBROKER__V1__WHEN_CLIENT_GONE__CARRY_ON;
	if (check_directories(call, &ret->spec, err) < 0 ||
		check_mappings(call, &ret->spec, err) < 0 || check_opts(call, &ret->spec, err) < 0)
		return -1;
	return check_deadline(call, &ret->spec, err);
}
