/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes image files for tests: a temporary directory, and records packed from the messages of
 * proto/criu/images.proto. A header, since each test program is one file and the fixture.
 *
 * images_tree() writes a sound set with one task; a test then spoils one file of it.
 */
#ifndef FDBROKER_TESTS_IMAGES_H
#define FDBROKER_TESTS_IMAGES_H

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "criu/images.pb-c.h"
#include "fixture.h"

#define IMG(Type, lower, name, ...)                                                                \
	Criu__Images__##Type name = CRIU__IMAGES__##lower##__INIT;                                 \
	name = (Criu__Images__##Type)                                                              \
	{                                                                                          \
		.base = name.base, __VA_ARGS__                                                     \
	}

struct images {
	char path[64];
	int fd;
};

/* A file that grows in memory until it is saved. */
struct out {
	uint8_t *bytes;
	size_t n, max;
};

static inline struct images images_begin(void)
{
	struct images i = { .path = "/tmp/fdbroker-images-XXXXXX" };

	assert_non_null(mkdtemp(i.path));
	i.fd = open(i.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(i.fd >= 0);
	return i;
}

static inline void images_end(struct images *i)
{
	DIR *dir = fdopendir(i->fd);

	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir));)
		if (unlinkat(dirfd(dir), e->d_name, 0) < 0)
			(void)unlinkat(dirfd(dir), e->d_name, AT_REMOVEDIR);
	closedir(dir);
	assert_int_equal(rmdir(i->path), 0);
}

static inline void out_bytes(struct out *o, const void *bytes, size_t n)
{
	while (o->n + n > o->max) {
		o->max = o->max ? o->max * 2 : 1024;
		o->bytes = realloc(o->bytes, o->max);
		assert_non_null(o->bytes);
	}
	memcpy(o->bytes + o->n, bytes, n);
	o->n += n;
}

static inline void out_u32(struct out *o, uint32_t v)
{
	const uint8_t b[4] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16),
		(uint8_t)(v >> 24) };

	out_bytes(o, b, sizeof(b));
}

/* Begins a file: version 2 has a common magic before its own. */
static inline struct out out_begin(unsigned version, uint32_t magic)
{
	struct out o = { 0 };

	if (version == 2)
		out_u32(&o, 0x54564319);
	out_u32(&o, magic);
	return o;
}

static inline void out_record(struct out *o, const void *message)
{
	uint8_t buf[4096];
	size_t n = protobuf_c_message_get_packed_size(message);

	assert_true(n <= sizeof(buf));
	protobuf_c_message_pack(message, buf);
	out_u32(o, (uint32_t)n);
	out_bytes(o, buf, n);
}

static inline void out_save(struct out *o, const struct images *i, const char *name)
{
	int fd = openat(i->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, o->bytes, o->n), (ssize_t)o->n);
	close(fd);
	free(o->bytes);
	*o = (struct out){ 0 };
}

/* Copies the images of a directory. */
static inline void images_copy(const struct images *i, const char *from)
{
	DIR *dir = opendir(from);

	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir));) {
		struct out o = { 0 };
		uint8_t buf[4096];
		ssize_t n;
		int fd = openat(dirfd(dir), e->d_name, O_RDONLY | O_CLOEXEC);

		assert_true(fd >= 0);
		while ((n = read(fd, buf, sizeof(buf))) > 0)
			out_bytes(&o, buf, (size_t)n);
		close(fd);
		if (o.n)
			out_save(&o, i, e->d_name);
	}
	closedir(dir);
}

/* ---- whole files ---- */

#define MAGIC_INVENTORY 0x58313116u
#define MAGIC_PSTREE    0x50273030u
#define MAGIC_CORE      0x55053847u
#define MAGIC_IDS       0x54432030u
#define MAGIC_FDINFO    0x56213732u
#define MAGIC_FILES     0x56303138u
#define MAGIC_FS        0x51403912u
#define MAGIC_MM        0x57492820u
#define MAGIC_PIPE_DATA 0x56453709u
#define MAGIC_QUEUES    0x56264026u
#define MAGIC_TTY_INFO  0x59453036u
#define MAGIC_MEMFD     0x48453499u
#define MAGIC_REMAP     0x59133954u
#define MAGIC_NETNS     0x55933752u
#define MAGIC_PIDNS     0x61157326u

static inline void put_inventory(const struct images *i, unsigned version, bool per_id)
{
	struct out o = out_begin(1, MAGIC_INVENTORY);
	IMG(Inventory, INVENTORY, m, .img_version = version, .has_fdinfo_per_id = 1,
		.fdinfo_per_id = per_id);

	out_record(&o, &m);
	out_save(&o, i, "inventory.img");
}

static inline void out_task(struct out *o, uint32_t pid, uint32_t ppid)
{
	IMG(PstreeEntry, PSTREE_ENTRY, m, .pid = pid, .ppid = ppid, .pgid = pid, .sid = pid,
		.n_threads = 1, .threads = &m.pid);

	out_record(o, &m);
}

static inline void put_core(const struct images *i, uint32_t pid, uint32_t state)
{
	char name[32];
	struct out o = out_begin(2, MAGIC_CORE);
	IMG(TaskCore, TASK_CORE, tc, .task_state = state, .comm = (char *)"comm");
	IMG(CoreEntry, CORE_ENTRY, m, .tc = &tc);

	out_record(&o, &m);
	snprintf(name, sizeof(name), "core-%u.img", pid);
	out_save(&o, i, name);
}

static inline void put_ids(const struct images *i, uint32_t pid, uint32_t files_id)
{
	char name[32];
	struct out o = out_begin(2, MAGIC_IDS);
	IMG(TaskKobjIds, TASK_KOBJ_IDS, m, .vm_id = pid, .files_id = files_id, .fs_id = pid);

	out_record(&o, &m);
	snprintf(name, sizeof(name), "ids-%u.img", pid);
	out_save(&o, i, name);
}

static inline void out_desc(struct out *o, uint32_t fd, uint32_t type, uint32_t id)
{
	IMG(FdinfoEntry, FDINFO_ENTRY, m, .id = id, .type = type, .fd = fd);

	out_record(o, &m);
}

static inline void put_descs(struct out *o, const struct images *i, uint32_t files_id)
{
	char name[32];

	snprintf(name, sizeof(name), "fdinfo-%u.img", files_id);
	out_save(o, i, name);
}

static inline void out_reg(struct out *o, uint32_t id, uint32_t flags, const char *path)
{
	IMG(FownEntry, FOWN_ENTRY, fown, .uid = 0);
	IMG(RegFile, REG_FILE, reg, .id = id, .flags = flags, .fown = &fown, .name = (char *)path,
		.has_mode = 1, .mode = 0100644);
	IMG(FileEntry, FILE_ENTRY, m, .type = 1, .id = id, .reg = &reg);

	out_record(o, &m);
}

static inline void out_pipe(struct out *o, uint32_t id, uint32_t flags, uint32_t pipe_id)
{
	IMG(PipeFile, PIPE_FILE, pipe, .id = id, .pipe_id = pipe_id, .flags = flags);
	IMG(FileEntry, FILE_ENTRY, m, .type = 2, .id = id, .pipe = &pipe);

	out_record(o, &m);
}

/* Task 10 with table 1: descriptor 0 is the file 1, 1 is the writing end (2) of pipe 77. */
static inline void images_tree(const struct images *i)
{
	struct out o = out_begin(2, MAGIC_PSTREE);

	put_inventory(i, 2, true);
	out_task(&o, 10, 0);
	out_save(&o, i, "pstree.img");
	put_core(i, 10, 1);
	put_ids(i, 10, 1);
	o = out_begin(2, MAGIC_FDINFO);
	out_desc(&o, 0, 1, 1);
	out_desc(&o, 1, 2, 2);
	put_descs(&o, i, 1);
	o = out_begin(2, MAGIC_FILES);
	out_reg(&o, 1, O_RDWR, "/var/log/x");
	out_pipe(&o, 2, O_WRONLY, 77);
	out_save(&o, i, "files.img");
}

#endif
