/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of the codes of problems and needs, and which problems a client may accept. See plan.h. */
#include <string.h>

#include "plan/plan.h"

static const struct {
	const char *name;
	bool acceptable;
} codes[PLAN_CODES] = {
	[PLAN_NO_MATCH] = { "no-match", false },
	[PLAN_MAPPED_TWICE] = { "mapped-twice", false },
	[PLAN_LENT_CLOSED] = { "lent-closed", false },
	[PLAN_WRONG_KIND] = { "wrong-kind", true },
	[PLAN_WRONG_ACCESS] = { "wrong-access", true },
	[PLAN_EXE_REPLACED] = { "exe-replaced", true },
	[PLAN_MAPPING_REPLACED] = { "mapping-replaced", true },
	[PLAN_ROOT_REPLACED] = { "root-replaced", true },
	[PLAN_CANNOT_REOPEN] = { "cannot-reopen", false },
	[PLAN_NOT_POLLABLE] = { "not-pollable", false },
	[PLAN_PID_TAKEN] = { "pid-taken", true },
	[PLAN_NUMBER_TWICE] = { "number-twice", false },
	[PLAN_PTY_NUMBER] = { "pty-number", true },
	[PLAN_KIND_DIFFERS] = { "kind-differs", false },
	[PLAN_POSITION_DIFFERS] = { "position-differs", false },
	[PLAN_APPEND_DIFFERS] = { "append-differs", false },
	[PLAN_NONBLOCK_DIFFERS] = { "nonblock-differs", false },
	[PLAN_SHARED_BY_TASKS] = { "shared-by-tasks", false },
	[PLAN_DATA_LOST] = { "data-lost", false },
	[PLAN_SEVERAL_FILES] = { "several-files", false },
	[PLAN_SHARED_WITH_LENDER] = { "shared-with-lender", false },
	[PLAN_CWD_REPLACED] = { "cwd-replaced", false },
	[PLAN_PEER_CUT] = { "peer-cut", false },
	[PLAN_OVERWRITES] = { "overwrites", false },
	[PLAN_BOUND_LAYER] = { "bound-layer", false },
};

const char *plan_code_name(int code)
{
	return code >= 0 && code < PLAN_CODES ? codes[code].name : NULL;
}

int plan_code_of(const char *name)
{
	for (int i = 0; i < PLAN_CODES; i++)
		if (codes[i].name && strcmp(codes[i].name, name) == 0)
			return i;
	return -1;
}

bool plan_code_acceptable(enum plan_code code)
{
	return (unsigned)code < PLAN_CODES && codes[code].acceptable;
}

const char *plan_need_name(enum plan_need_code code)
{
	switch (code) {
	case NEED_PIPE_END:
		return "pipe-end";
	case NEED_SOCKET_PEER:
		return "socket-peer";
	case NEED_EXTERNAL:
		return "external-file";
	case NEED_TERMINAL:
		return "terminal";
	case NEED_PLUGIN:
		return "plugin";
	case NEED_NAMESPACE:
		return "namespace";
	}
	return "unknown";
}
