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
#include "config_value.h"
#include "failing-malloc.h"
#include "log.h"

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

/* What rawclient.c says on the command line, as overrides of the defaults. */
static int parse(int argc, char **argv, struct config_source *source)
{
	static const struct {
		const char *option, *key;
	} options[] = {
		{ "--socket", "Socket" },
		{ "--criu", "Criu" },
		{ "--state", "StateDirectory" },
		{ "--criu-fault", "CriuFault" },
	};

	for (int i = 1; i < argc; i++) {
		size_t n = 0;

		if (!strcmp(argv[i], "-v")) {
			log_set_level(LOG_DEBUG);
			continue;
		}
		while (n < sizeof(options) / sizeof(options[0]) &&
			strcmp(argv[i], options[n].option) != 0)
			n++;
		if (n == sizeof(options) / sizeof(options[0]) || !argv[i + 1])
			return -1;
		source->overrides[source->n_overrides++] = (struct config_override){ "Broker",
			options[n].key, argv[i + 1], options[n].option };
		i++;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct config_source source = { .local = -1, .no_files = true };
	struct config_faults faults;
	struct config config;
	int code;

	if (parse(argc, argv, &source) < 0 || config_load(&source, &config, &faults) < 0)
		return 2;
	config_faults_done(&faults);
	take_file(getenv("FDB_MALLOC_FILE"));
	code = broker_run(&source, &config);
	config_done(&config);
	return code;
}
