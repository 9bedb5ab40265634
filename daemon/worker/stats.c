/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * criu's image stats-restore. See stats.h.
 *
 * Its bytes (write_stats() in criu/stats.c, magic numbers in criu/include/magic.h of 4.1.1): two magic numbers
 * and a size, 32 bits each, little-endian, then a message stats_entry; what is ours is its field 2.
 */
#include "worker/stats.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "criu/field.h"

#define FILE_NAME     "stats-restore"
#define SERVICE_MAGIC 0x55105940u
#define STATS_MAGIC   0x57093306u
#define HEAD_BYTES    12
#define MAX_BYTES     4096 /* of the file; criu writes some 30 */

#define RESTORE_FIELD 2 /* of stats_entry */

/* Of restore_stats_entry. All but the last are required. */
enum {
	PAGES_COMPARED = 1,
	PAGES_SKIPPED_COW = 2,
	FORKING_TIME = 3,
	RESTORE_TIME = 4,
	PAGES_RESTORED = 5,
	FIELDS,
};

static int parse_restore(const struct field *message, struct stats *ret)
{
	autofields struct field_list fields = { 0 };
	uint64_t values[FIELDS] = { 0 };
	bool has[FIELDS] = { false };
	int r = field_list_read(message->data, message->size, &fields);

	if (r < 0)
		return r;
	for (size_t i = 0; i < fields.n; i++) {
		struct field f = field_list_get(&fields, i);

		if (f.number == 0 || f.number >= FIELDS)
			continue; /* of a newer criu */
		if (f.wire != FIELD_VARINT)
			return -EBADMSG;
		values[f.number] = f.value;
		has[f.number] = true;
	}
	for (int number = 1; number < PAGES_RESTORED; number++)
		if (!has[number])
			return -EBADMSG;
	*ret = (struct stats){ .pages_compared = values[PAGES_COMPARED],
		.pages_skipped_cow = values[PAGES_SKIPPED_COW],
		.pages_restored = values[PAGES_RESTORED],
		.has_pages_restored = has[PAGES_RESTORED],
		.forking_us = (uint32_t)values[FORKING_TIME],
		.restore_us = (uint32_t)values[RESTORE_TIME] };
	return 0;
}

static int parse_entry(const uint8_t *bytes, size_t size, struct stats *ret)
{
	autofields struct field_list fields = { 0 };
	int r = field_list_read(bytes, size, &fields);

	if (r < 0)
		return r;
	for (size_t i = 0; i < fields.n; i++) {
		struct field f = field_list_get(&fields, i);

		if (f.number == RESTORE_FIELD && f.wire == FIELD_BYTES)
			return parse_restore(&f, ret);
	}
	return -EBADMSG; /* statistics of a dump */
}

static uint32_t number_at(const uint8_t *bytes)
{
	uint32_t n;

	memcpy(&n, bytes, sizeof(n));
	return le32toh(n);
}

int stats_read(int work_dir, struct stats *ret)
{
	autofd int fd = openat(work_dir, FILE_NAME, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	uint8_t bytes[MAX_BYTES];
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size > MAX_BYTES)
		return -EBADMSG;
	n = read(fd, bytes, sizeof(bytes)); /* of a file in memory: all of it at once */
	if (n < 0)
		return -errno;
	if (n < HEAD_BYTES || number_at(bytes) != SERVICE_MAGIC ||
		number_at(bytes + 4) != STATS_MAGIC ||
		number_at(bytes + 8) != (size_t)n - HEAD_BYTES)
		return -EBADMSG;
	return parse_entry(bytes + HEAD_BYTES, (size_t)n - HEAD_BYTES, ret);
}
