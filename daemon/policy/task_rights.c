/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tasks' credentials. See task_rights.h. Lines and their order: proc_pid_status() in fs/proc/array.c of Linux. */
#include "policy/task_rights.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define MAX_STATUS                                                                                 \
	(2 * 1024 * 1024) /* bytes; 65536 groups, the kernel's limit, are 11 bytes each */

/* ---- one text ---- */

/* What follows "NAME:" in the only line that begins so; NULL: there is none, or more. */
static const char *value_of(const char *text, const char *name)
{
	const char *found = NULL;
	size_t n = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, n) != 0 || line[n] != ':')
			continue;
		if (found)
			return NULL;
		found = line + n + 1;
	}
	return found;
}

static const char *skip_blanks(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

/* Return: behind the number; NULL: there is none. */
static const char *read_number(const char *at, int base, uint64_t *ret)
{
	char *end;

	at = skip_blanks(at);
	if (*at == '-' || *at == '+' || *at == '\n')
		return NULL;
	errno = 0;
	*ret = strtoull(at, &end, base);
	return errno || end == at ? NULL : end;
}

static int read_ids(const char *text, const char *name, uint32_t ret[static 4])
{
	const char *at = value_of(text, name);
	uint64_t id;

	for (int i = 0; at && i < 4; i++) {
		at = read_number(at, 10, &id);
		if (!at || id > UINT32_MAX)
			return -EBADMSG;
		ret[i] = (uint32_t)id;
	}
	return at && *at == '\n' ? 0 : -EBADMSG;
}

static int read_mask(const char *text, const char *name, uint64_t *ret)
{
	const char *at = value_of(text, name);

	at = at ? read_number(at, 16, ret) : NULL;
	return at && *at == '\n' ? 0 : -EBADMSG;
}

static int read_groups(const char *text, struct task_rights *ret)
{
	const char *at = value_of(text, "Groups");

	while (at && *(at = skip_blanks(at)) && *at != '\n') {
		gid_t *more = ret->n_groups % 64 ? ret->groups
						 : reallocarray(ret->groups, ret->n_groups + 64,
							   sizeof(*more));
		uint64_t id;

		if (!more)
			return -ENOMEM;
		ret->groups = more;
		at = read_number(at, 10, &id);
		if (!at || id > UINT32_MAX)
			return -EBADMSG;
		ret->groups[ret->n_groups++] = (gid_t)id;
	}
	return at && *at == '\n' ? 0 : -EBADMSG;
}

static int read_all(const char *text, struct task_rights *ret)
{
	const char *state = value_of(text, "State");
	uint64_t no_new_privs = 0;
	int r;

	if (!state || read_ids(text, "Uid", ret->uids) < 0 ||
		read_ids(text, "Gid", ret->gids) < 0 ||
		read_mask(text, "CapInh", &ret->inheritable) < 0 ||
		read_mask(text, "CapPrm", &ret->permitted) < 0 ||
		read_mask(text, "CapEff", &ret->effective) < 0 ||
		read_mask(text, "CapAmb", &ret->ambient) < 0 ||
		read_mask(text, "NoNewPrivs", &no_new_privs) < 0)
		return -EBADMSG;
	r = read_groups(text, ret);
	state = skip_blanks(state);
	ret->dead = *state == 'Z' || *state == 'X';
	ret->no_new_privs = no_new_privs == 1;
	return r;
}

int task_rights_parse(const char *text, struct task_rights *ret)
{
	int r;

	*ret = (struct task_rights){ 0 };
	r = read_all(text, ret);
	if (r < 0)
		task_rights_done(ret);
	return r;
}

void task_rights_done(struct task_rights *rights)
{
	free(rights->groups);
	*rights = (struct task_rights){ 0 };
}

/* ---- more than allowed? ---- */

static bool has_group(const gid_t *groups, size_t n, gid_t group)
{
	bool has = false;

	for (size_t i = 0; i < n; i++)
		has |= groups[i] == group;
	return has;
}

/* One fewer is no less: files can be closed to a group. */
static bool same_groups(const struct task_rights *rights, const struct credentials *user)
{
	bool same = true;

	for (size_t i = 0; i < rights->n_groups; i++)
		same &= has_group(user->groups, user->n_groups, rights->groups[i]);
	for (size_t i = 0; i < user->n_groups; i++)
		same &= has_group(rights->groups, rights->n_groups, user->groups[i]);
	return same;
}

const char *task_rights_excess(
	const struct task_rights *rights, const struct credentials *user, char *buf, size_t size)
{
	uint64_t caps =
		rights->inheritable | rights->permitted | rights->effective | rights->ambient;

	if (rights->dead)
		return NULL;
	for (int i = 0; i < 4; i++) {
		if (rights->uids[i] != user->uid) {
			snprintf(buf, size, "uid %u", rights->uids[i]);
			return buf;
		}
		if (rights->gids[i] != user->gid) {
			snprintf(buf, size, "gid %u", rights->gids[i]);
			return buf;
		}
	}
	if (!same_groups(rights, user))
		snprintf(buf, size, "other supplementary groups");
	else if (caps)
		snprintf(buf, size, "capabilities (mask 0x%lx)", (unsigned long)caps);
	else if (!rights->no_new_privs)
		snprintf(buf, size, "no no_new_privs");
	else
		return NULL;
	return buf;
}

/* ---- tasks ---- */

/* Return: the text, the caller's to free(); NULL: errno says why, ESRCH and ENOENT: it is gone. */
static char *read_status(int tasks, const char *tid)
{
	autofd int dir = openat(tasks, tid, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autofd int fd = dir < 0 ? -1 : openat(dir, "status", O_RDONLY | O_CLOEXEC);
	autofree char *text = NULL;
	size_t size = 0, room = 0;
	ssize_t n = 1;

	if (fd < 0)
		return NULL;
	while (n > 0 && size < MAX_STATUS) {
		if (room - size < 4096) {
			char *more = realloc(text, room = room * 2 + 8192);

			if (!more)
				return NULL;
			text = more;
		}
		n = read(fd, text + size, room - size - 1);
		size += n > 0 ? (size_t)n : 0;
	}
	if (n < 0)
		return NULL;
	text[size] = 0;
	return TAKE_PTR(text);
}

static bool is_gone(void)
{
	return errno == ESRCH || errno == ENOENT;
}

static int check_thread(int tasks, const char *tid, const struct credentials *user, struct err *err)
{
	autofree char *text = read_status(tasks, tid);
	struct task_rights rights;
	const char *excess;
	char what[64];
	int r;

	if (!text)
		return is_gone() ? 0
				 : err_set(err, ERR_INTERNAL, errno, NULL,
					   "cannot see the rights of task %.10s", tid);
	r = task_rights_parse(text, &rights);
	if (r < 0)
		return err_set(err, ERR_INTERNAL, -r, NULL,
			"cannot understand the rights of task %.10s", tid);
	excess = task_rights_excess(&rights, user, what, sizeof(what));
	task_rights_done(&rights);
	if (!excess)
		return 0;
	return err_set(err, ERR_PERMISSION, 0, NULL,
		"a restored task (%.10s) would have %s, which its user %u has not", tid, excess,
		user->uid);
}

static int check_process(uint32_t pid, const struct credentials *user, struct err *err)
{
	char path[40];
	DIR *tasks;
	int r = 0;

	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	tasks = opendir(path);
	if (!tasks)
		return is_gone() ? 0
				 : err_set(err, ERR_INTERNAL, errno, NULL,
					   "cannot see the threads of task %u", pid);
	for (struct dirent *e; r == 0 && (e = readdir(tasks));)
		if (e->d_name[0] != '.')
			r = check_thread(dirfd(tasks), e->d_name, user, err);
	closedir(tasks);
	return r;
}

int task_rights_check(const uint32_t *pids, size_t n, uint32_t except,
	const struct credentials *user, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] != except && check_process(pids[i], user, err) < 0)
			return -1;
	return 0;
}
