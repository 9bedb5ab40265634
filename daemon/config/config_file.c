/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which files there are, and what they make together. See config_file.h. What is in a file: config_text.c. */
#include "config/config_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "config/config_value.h"

#define MAX_FILES 256
#define MAX_BYTES (1024 * 1024)
#define SUFFIX    ".conf"
#define DROP_INS  "criu-fdbroker.conf.d"

static const char *const standard_folders[] = {
	"/usr/lib/criu-fdbroker",
	"/etc/criu-fdbroker",
	"/etc/criu-fdbroker/" DROP_INS,
	NULL,
};

/* ---- one file ---- */

static bool is_null_device(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

/* Return: 0, with *ret NULL if it is empty; or a word about what is wrong. */
static const char *read_file(int fd, char **ret, size_t *ret_size)
{
	autofree char *text = NULL;
	struct stat st;
	size_t size = 0;

	*ret = NULL;
	*ret_size = 0;
	if (fstat(fd, &st) < 0)
		return "cannot be looked at";
	if (is_null_device(&st))
		return NULL;
	if (!S_ISREG(st.st_mode))
		return "is no regular file";
	if (st.st_mode & S_IWOTH)
		return "can be written to by everybody";
	text = malloc(MAX_BYTES + 1);
	if (!text)
		return "cannot be read: no memory";
	for (ssize_t n = 1; n && size <= MAX_BYTES; size += (size_t)n) {
		n = read(fd, text + size, MAX_BYTES + 1 - size);
		if (n < 0)
			return "cannot be read";
	}
	if (size > MAX_BYTES)
		return "is larger than 1 MiB";
	*ret = TAKE_PTR(text);
	*ret_size = size;
	return NULL;
}

static void take_file(const char *path, struct config *config, struct config_faults *faults)
{
	/* O_NONBLOCK: of a FIFO nobody writes to. */
	autofd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	autofree char *text = NULL;
	const char *bad;
	size_t size;

	if (fd < 0) {
		config_fault(faults, path, "%s", strerrordesc_np(errno));
		return;
	}
	bad = read_file(fd, &text, &size);
	if (bad)
		config_fault(faults, path, "%s", bad);
	else if (text)
		config_text_read(path, text, size, config, faults);
}

/* ---- folders ---- */

static int is_wanted(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name), suffix = strlen(SUFFIX);

	return entry->d_name[0] != '.' && entry->d_name[0] != '#' && n > suffix &&
	       !strcmp(entry->d_name + n - suffix, SUFFIX) && entry->d_type != DT_DIR;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Has a later folder a file of this name? */
static bool is_replaced(const char *name, const char *const *later)
{
	char path[PATH_MAX];
	struct stat st;

	for (; *later; later++) {
		snprintf(path, sizeof(path), "%s/%s", *later, name);
		if (lstat(path, &st) == 0)
			return true;
	}
	return false;
}

static void take_folder(
	const char *const *folder, struct config *config, struct config_faults *faults)
{
	struct dirent **entries = NULL;
	int n = scandir(*folder, &entries, is_wanted, by_name);
	char path[PATH_MAX];

	if (n < 0 && errno != ENOENT)
		config_fault(faults, *folder, "%s", strerrordesc_np(errno));
	if (n > MAX_FILES)
		config_fault(faults, *folder, "there are more than %d files", MAX_FILES);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", *folder, entries[i]->d_name);
		if (n <= MAX_FILES && !is_replaced(entries[i]->d_name, folder + 1))
			take_file(path, config, faults);
		free(entries[i]);
	}
	free(entries);
}

/* --config: a file, or a folder with perhaps one of drop-ins in it. */
static void take_path(const char *path, struct config *config, struct config_faults *faults)
{
	char drop_ins[PATH_MAX];
	const char *const folders[] = { path, drop_ins, NULL };
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)) {
		take_file(path, config, faults);
		return;
	}
	snprintf(drop_ins, sizeof(drop_ins), "%s/" DROP_INS, path);
	take_folder(&folders[0], config, faults);
	take_folder(&folders[1], config, faults);
}

static void take_files(
	const struct config_source *source, struct config *config, struct config_faults *faults)
{
	const char *const *folder = source->folders ?: standard_folders;

	if (source->no_files)
		return;
	if (source->path)
		take_path(source->path, config, faults);
	else
		for (; *folder; folder++)
			take_folder(folder, config, faults);
}

/* ---- the command line, and what must fit together ---- */

static void take_override(
	const struct config_override *override, struct config *config, struct config_faults *faults)
{
	const struct config_option *o = config_option_find(override->section, override->key);
	char **origin = &config->origins[o - config_options];
	char why[256];

	if (config_value_parse(o, override->text, config, why, sizeof(why)) < 0) {
		config_fault(faults, override->origin, "%s", why);
		return;
	}
	free(*origin);
	*origin = strdup(override->origin);
	if (!*origin)
		config_fault(faults, override->origin, "no memory");
}

/* What nobody has set gives way. */
static void fit_deadline(struct config *config, struct config_faults *faults)
{
	const struct config_option *o = config_option_find("Broker", "DefaultDeadlineSec");
	const char *origin = config->origins[o - config_options];

	if (config->deadline_ms <= config->max_deadline_ms)
		return;
	if (origin)
		config_fault(faults, origin, "DefaultDeadlineSec is more than MaxDeadlineSec");
	else
		config->deadline_ms = config->max_deadline_ms;
}

/* A private broker serves one client, which starts another when it wants one. */
static void fit_local(struct config *config)
{
	const struct config_option *state = config_option_find("Broker", "StateDirectory");
	const struct config_option *socket = config_option_find("Broker", "Socket");
	const char *origin = config->origins[state - config_options];

	if (config->local < 0)
		return;
	/* Only where it was asked for by this very client. */
	if (!origin || origin[0] != '-') {
		free(config->state_dir);
		config->state_dir = NULL;
	}
	origin = config->origins[socket - config_options];
	if (!origin || origin[0] != '-') {
		free(config->socket_path);
		config->socket_path = NULL;
	}
}

int config_load(
	const struct config_source *source, struct config *ret, struct config_faults *faults)
{
	struct config config;

	*faults = (struct config_faults){ 0 };
	if (config_init(&config) < 0) {
		config_fault(faults, "configuration", "no memory");
		return -1;
	}
	config.local = source->local;
	take_files(source, &config, faults);
	for (size_t i = 0; i < source->n_overrides; i++)
		take_override(&source->overrides[i], &config, faults);
	fit_deadline(&config, faults);
	fit_local(&config);
	if (faults->n || faults->left_out) {
		config_done(&config);
		return -1;
	}
	*ret = config;
	return 0;
}
