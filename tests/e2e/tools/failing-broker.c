/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: failing-broker --socket PATH --criu PATH --criu-fault 0 --state DIR [-v]
 *
 * The daemon, with a malloc() that fails when it is told: at the allocation of the number that stands in the file
 * FDB_MALLOC_FILE (failing-malloc.h). Its children have no such malloc().
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "broker.h"
#include "config/config_value.h"
#include "failing-malloc.h"

#ifndef __SANITIZE_ADDRESS__ /* which has a malloc() of its own */

static struct failing_malloc *failing; /* NULL: none fails */

/* What libc's own do, under names that it keeps for those who replace them. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

static bool fails(void)
{
	if (!failing || atomic_fetch_add(&failing->count, 1) + 1 != atomic_load(&failing->fail_at))
		return false;
	errno = ENOMEM;
	return true;
}

__attribute__((visibility("default"))) void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

__attribute__((visibility("default"))) void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

__attribute__((visibility("default"))) void *realloc(void *p, size_t size)
{
	return fails() ? NULL : __libc_realloc(p, size);
}

static void in_child(void)
{
	failing = NULL;
}

static void take_file(const char *path)
{
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map = mmap(NULL, sizeof(*failing), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED || pthread_atfork(NULL, NULL, in_child) != 0)
		exit(2);
	close(fd);
	failing = map;
}

#else

static void take_file(const char *path)
{
	(void)path;
	exit(77);
}

#endif

int main(int argc, char **argv)
{
	static const struct config_override known[] = {
		{ "Broker", "Socket", NULL, "--socket" },
		{ "Broker", "CriuPath", NULL, "--criu" },
		{ "Broker", "StateDirectory", NULL, "--state" },
		{ "Broker", "CriuFault", NULL, "--criu-fault" },
		{ "Limits", "MaxWorkers", "4", "" },
	};
	struct config_source source = { .local = -1, .no_files = true };
	size_t n = sizeof(known) / sizeof(known[0]);
	struct config_faults faults;
	struct config config;
	int code;

	source.overrides[source.n_overrides++] = known[n - 1];
	for (int i = 1; i < argc; i++) {
		size_t k = 0;

		if (!strcmp(argv[i], "--no-config"))
			continue;
		if (!strcmp(argv[i], "-v")) {
			source.overrides[source.n_overrides++] =
				(struct config_override){ "Log", "Level", "debug", "-v" };
			continue;
		}
		while (k < n && strcmp(argv[i], known[k].origin) != 0)
			k++;
		if (k == n || source.n_overrides == CONFIG_MAX_OVERRIDES || !argv[i + 1])
			return 2;
		source.overrides[source.n_overrides] = known[k];
		source.overrides[source.n_overrides++].text = argv[++i];
	}
	if (config_load(&source, &config, &faults) < 0)
		return 2;
	config_faults_done(&faults);
	take_file(getenv("FDB_MALLOC_FILE"));
	code = broker_run(&source, &config);
	config_done(&config);
	return code;
}
