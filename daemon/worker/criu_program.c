/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding criu, and what it needs here. See criu_program.h. */
#include "worker/criu_program.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker/breakpoints.h"
#include "service/log.h"

static const char *const directories[] = {
	"/usr/local/sbin",
	"/usr/local/bin",
	"/usr/sbin",
	"/usr/bin",
	"/sbin",
	"/bin",
};

void criu_program_find(const char *name, char *ret, size_t size)
{
	char cwd[PATH_MAX] = "";

	name = name ?: "criu";
	if (name[0] == '/') {
		snprintf(ret, size, "%s", name);
		return;
	}
	if (strchr(name, '/')) {
		snprintf(ret, size, "%s/%s", getcwd(cwd, sizeof(cwd)) ?: "", name);
		return;
	}
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		snprintf(ret, size, "%s/%s", directories[i], name);
		if (access(ret, X_OK) == 0)
			return;
	}
	snprintf(ret, size, "/usr/sbin/%s", name);
}

const char *criu_program_fault(void)
{
	int fire = breakpoints_fire();

	if (fire < 0)
		log_line(LOG_WARNING, NULL,
			"cannot find out whether hardware breakpoints fire (%s); assuming that they do",
			strerrordesc_np(-fire));
	return fire == 0 ? "130" : NULL;
}
