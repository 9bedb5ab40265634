/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Becoming another user. See credentials.h. By system calls: libc's wrappers speak to threads that are not there. */
#include "policy/credentials.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

struct credentials *credentials_copy(const struct credentials *from)
{
	autofree struct credentials *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	*c = (struct credentials){ .uid = from->uid, .gid = from->gid, .n_groups = from->n_groups };
	c->groups = calloc(from->n_groups + 1, sizeof(*c->groups));
	if (!c->groups)
		return NULL;
	if (from->n_groups)
		memcpy(c->groups, from->groups, from->n_groups * sizeof(*c->groups));
	return TAKE_PTR(c);
}

void credentials_free(struct credentials *c)
{
	if (c)
		free(c->groups);
	free(c);
}

static int set_ids(const struct credentials *c)
{
	if (syscall(SYS_setgroups, c->n_groups, c->groups) < 0 ||
		syscall(SYS_setresgid, c->gid, c->gid, c->gid) < 0 ||
		syscall(SYS_setresuid, c->uid, c->uid, c->uid) < 0)
		return -errno;
	return 0;
}

static int set_capabilities(uint64_t caps)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	for (int i = 0; i < 2; i++) {
		uint32_t half = (uint32_t)(caps >> 32 * i);

		data[i] = (struct __user_cap_data_struct){ half, half, half };
	}
	if (syscall(SYS_capset, &head, data) < 0 ||
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	for (unsigned long cap = 0; cap < 64; cap++)
		if (caps >> cap & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return -errno;
	return 0;
}

int credentials_become(const struct credentials *c, uint64_t caps)
{
	int death = 0, r;

	if (prctl(PR_GET_PDEATHSIG, &death, 0, 0, 0) < 0 ||
		prctl(PR_SET_KEEPCAPS, caps != 0, 0, 0, 0) < 0)
		return -errno;
	r = set_ids(c);
	if (r == 0)
		r = set_capabilities(caps);
	if (r < 0)
		return r;
	if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		prctl(PR_SET_PDEATHSIG, (unsigned long)death, 0, 0, 0) < 0)
		return -errno;
	return 0;
}
