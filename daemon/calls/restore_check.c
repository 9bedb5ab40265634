/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A Restore, field by field. See restore_check.h. */
#include "calls/restore_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "worker/numbers.h"
#include "plan/plan.h"

void restore_checked_done(struct restore_checked *checked)
{
	job_spec_done(&checked->spec);
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

int restore_check_directory(
	const struct call *call, const char *field, uint32_t index, struct err *err)
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
	return 0;
}

static int check_directories(const struct call *call, struct job_spec *spec, struct err *err)
{
	const Fdbroker__V1__Restore *r = call->restore;
	struct fdset *fds = &call->packet->fds;
	size_t used = 1 + (r->has_work_dir && r->work_dir != r->images_dir);

	if (!r->has_images_dir)
		return err_set(err, ERR_BAD_REQUEST, 0, "images_dir", "images_dir: missing");
	if (restore_check_directory(call, "images_dir", r->images_dir, err) < 0)
		return -1;
	if (r->has_work_dir && restore_check_directory(call, "work_dir", r->work_dir, err) < 0)
		return -1;
	if (fds->n != used)
		return err_set(err, ERR_BAD_REQUEST, 0, NULL,
			"%zu descriptors came with the call, which uses %zu", fds->n, used);
	if (r->has_work_dir && r->work_dir == r->images_dir)
		spec->work = fcntl(fds->fds[r->work_dir], F_DUPFD_CLOEXEC, 0);
	else if (r->has_work_dir)
		spec->work = fdset_take(fds, r->work_dir);
	spec->images = fdset_take(fds, r->images_dir);
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

/* A target in words is parsed for what is wrong with it, and for the number that some spellings have. */
static int check_text(
	const Fdbroker__V1__Mapping *m, const char *field, struct job_mapping *ret, struct err *err)
{
	struct target target;

	if (target_parse(m->target->text, &target, err) < 0) {
		char text[sizeof(err->text)];

		memcpy(text, err->text, sizeof(text));
		return err_set(err, ERR_BAD_REQUEST, 0, field, "%s: %.300s", field, text);
	}
	if (target.number < 0)
		return 0;
	if (m->has_number && m->number != target.number)
		return err_set(err, ERR_BAD_REQUEST, 0, field,
			"%s: says number %d, the mapping's number is %d", field, target.number,
			m->number);
	ret->number = target.number;
	return 0;
}

static int check_target(
	const Fdbroker__V1__Mapping *m, size_t i, struct job_mapping *ret, struct err *err)
{
	char field[40];

	err_field(field, sizeof(field), "mappings", i, "target");
	if (!m->target || m->target->target_case == FDBROKER__V1__TARGET__TARGET__NOT_SET)
		return err_set(err, ERR_BAD_REQUEST, 0, field,
			"%s: missing, or of a kind that this broker does not know", field);
	ret->is_key = m->target->target_case == FDBROKER__V1__TARGET__TARGET_KEY;
	err_field(field, sizeof(field), "mappings", i, ret->is_key ? "target.key" : "target.text");
	if (check_key(ret->is_key ? m->target->key : m->target->text, field, err) < 0)
		return -1;
	if (!ret->is_key && check_text(m, field, ret, err) < 0)
		return -1;
	ret->target = strdup(ret->is_key ? m->target->key : m->target->text);
	return ret->target ? 0
			   : err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for a mapping");
}

static int check_mapping(
	const struct call *call, size_t i, struct job_mapping *ret, struct err *err)
{
	const Fdbroker__V1__Mapping *m = call->restore->mappings[i];
	char field[40];

	ret->number = NUMBERS_NONE;
	if (check_target(m, i, ret, err) < 0)
		return -1;
	err_field(field, sizeof(field), "mappings", i, "lent");
	if (!m->lent)
		return err_set(err, ERR_BAD_REQUEST, 0, field, "%s: missing", field);
	ret->fd = lent_find(&call->session->lent, m->lent);
	if (ret->fd < 0)
		return err_set(err, ERR_NO_SUCH_NAME, 0, field,
			"%s: no descriptor is lent as '%.255s'", field, m->lent);
	ret->lent = strdup(m->lent);
	if (!ret->lent)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for a mapping");
	err_field(field, sizeof(field), "mappings", i, "number");
	if (m->has_number && m->number < 0)
		return err_set(
			err, ERR_BAD_REQUEST, 0, field, "%s: %d is negative", field, m->number);
	if (m->has_number)
		ret->number = m->number;
	ret->reopen = m->reopen;
	return 0;
}

/* Whether the agreed numbers can be had; they are given out when criu is started. */
static int check_numbers(const struct call *call, const struct job_spec *spec, struct err *err)
{
	autofree int *numbers = calloc(spec->n_mappings + 1, sizeof(*numbers));
	int own[NUMBERS_OWN];

	if (!numbers)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for %zu mappings",
			spec->n_mappings);
	for (size_t i = 0; i < spec->n_mappings; i++)
		numbers[i] = spec->mappings[i].number;
	return numbers_assign(
		numbers, spec->n_mappings, call->calls->jobs->highest, own, NUMBERS_OWN, err);
}

/* The codes of problems that the client accepts, as a mask. */
static int check_risks(const Fdbroker__V1__Restore *r, struct job_spec *spec, struct err *err)
{
	char field[40];

	for (size_t i = 0; i < r->n_at_own_risk; i++) {
		int code = plan_code_of(r->at_own_risk[i]);

		err_field(field, sizeof(field), "at_own_risk", i, NULL);
		if (code < 0)
			return err_set(err, ERR_BAD_REQUEST, 0, field,
				"%s: there is no problem '%.64s'", field, r->at_own_risk[i]);
		if (!plan_code_acceptable((enum plan_code)code))
			return err_set(err, ERR_BAD_REQUEST, 0, field,
				"%s: '%.64s' cannot be accepted: the restore could not work", field,
				r->at_own_risk[i]);
		spec->at_own_risk |= UINT64_C(1) << code;
	}
	return 0;
}

static int check_mappings(const struct call *call, struct job_spec *spec, struct err *err)
{
	const Fdbroker__V1__Restore *r = call->restore;

	if (r->n_mappings > call->calls->config->max_mappings)
		return err_set(err, ERR_LIMIT, 0, "mappings",
			"mappings: %zu are over the limit of %u (MaxMappings)", r->n_mappings,
			(unsigned)call->calls->config->max_mappings);
	spec->mappings = calloc(r->n_mappings + 1, sizeof(*spec->mappings));
	if (!spec->mappings)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for %zu mappings",
			r->n_mappings);
	spec->n_mappings = r->n_mappings;
	for (size_t i = 0; i < r->n_mappings; i++)
		if (check_mapping(call, i, &spec->mappings[i], err) < 0)
			return -1;
	return check_numbers(call, spec, err);
}

static int check_opts(const struct call *call, struct job_spec *spec, struct err *err)
{
	const Fdbroker__V1__Restore *r = call->restore;
	uint8_t *opts = NULL;

	if (!r->has_criu_opts || r->criu_opts.len == 0)
		return 0;
	if (policy_options(&call->session->peer, r->criu_opts.data, r->criu_opts.len, &opts,
		    &spec->n_opts, err) < 0)
		return -1;
	spec->opts = opts;
	return 0;
}

static int check_rights(const struct call *call, struct job_spec *spec, struct err *err)
{
	struct credentials client;

	if (!policy_runs_as(&call->session->peer, &client))
		return 0;
	spec->run_as = credentials_copy(&client);
	return spec->run_as ? 0
			    : err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for a restore");
}

static int check_deadline(const struct call *call, struct job_spec *spec, struct err *err)
{
	const Fdbroker__V1__Restore *r = call->restore;
	const struct config *config = call->calls->config;

	spec->deadline_ms = r->has_deadline_ms ? r->deadline_ms : (uint32_t)config->deadline_ms;
	if (spec->deadline_ms < 1 || spec->deadline_ms > config->max_deadline_ms)
		return err_set(err, ERR_BAD_REQUEST, 0, "deadline_ms",
			"deadline_ms: %u is not within 1 .. %u (MaxDeadlineSec)", spec->deadline_ms,
			(unsigned)config->max_deadline_ms);
	return 0;
}

int restore_check(const struct call *call, struct restore_checked *ret, struct err *err)
{
	const Fdbroker__V1__Restore *r = call->restore;

	if (r->has_when_client_gone &&
		r->when_client_gone != FDBROKER__V1__WHEN_CLIENT_GONE__CANCEL &&
		r->when_client_gone != FDBROKER__V1__WHEN_CLIENT_GONE__CARRY_ON)
		return err_set(err, ERR_BAD_REQUEST, 0, "when_client_gone",
			"when_client_gone: %d is unknown", (int)r->when_client_gone);
	ret->carry_on = r->when_client_gone == FDBROKER__V1__WHEN_CLIENT_GONE__CARRY_ON;
	if (check_directories(call, &ret->spec, err) < 0 ||
		check_mappings(call, &ret->spec, err) < 0 || check_risks(r, &ret->spec, err) < 0 ||
		check_opts(call, &ret->spec, err) < 0 || check_rights(call, &ret->spec, err) < 0)
		return -1;
	return check_deadline(call, &ret->spec, err);
}
