/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads CRIU's image files record by record, within limits (image.h) and trusting nothing.
 *
 * A file is one or two magics, then records: a length and so many bytes of protobuf. Files of some
 * kinds have data after each record: of pipes it may be much, and is passed over unread. Every other
 * file is read whole, once, so that what was checked and what is edited later are the same bytes.
 *
 * Not here: what is in the records (record.c), how they hang together (graph.c).
 */
#include "plan/image.h"

#include <endian.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "criu/images.pb-c.h"
#include "plan/room.h"

/* What every file but the inventory begins with if img_version is 2 (criu/include/magic.h). */
#define MAGIC_COMMON 0x54564319u

/* Bytes read at once of a file with data after its records. */
#define WINDOW_BYTES 4096u

static const struct kind {
	const char *format; /* of the name */
	uint32_t magic;
	bool window; /* data follows the records, so much that the file is not read whole */
} kinds[IMAGE_KINDS] = {
	[IMAGE_INVENTORY] = { "inventory.img", 0x58313116 },
	[IMAGE_PSTREE] = { "pstree.img", 0x50273030 },
	[IMAGE_CORE] = { "core-%u.img", 0x55053847 },
	[IMAGE_IDS] = { "ids-%u.img", 0x54432030 },
	[IMAGE_FDINFO] = { "fdinfo-%u.img", 0x56213732 },
	[IMAGE_FILES] = { "files.img", 0x56303138 },
	[IMAGE_FS] = { "fs-%u.img", 0x51403912 },
	[IMAGE_MM] = { "mm-%u.img", 0x57492820 },
	[IMAGE_PIPES_DATA] = { "pipes-data.img", 0x56453709, true },
	[IMAGE_FIFO_DATA] = { "fifo-data.img", 0x59333054, true },
	[IMAGE_SK_QUEUES] = { "sk-queues.img", 0x56264026 },
	[IMAGE_TTY_INFO] = { "tty-info.img", 0x59453036 },
	[IMAGE_MEMFD] = { "memfd.img", 0x48453499 },
	[IMAGE_REMAP_FPATH] = { "remap-fpath.img", 0x59133954 },
	[IMAGE_NETNS] = { "netns-%u.img", 0x55933752 },
	[IMAGE_PIDNS] = { "pidns-%u.img", 0x61157326 },
};

const char *image_name(char buf[IMAGE_NAME_SIZE], enum image_kind kind, uint32_t number)
{
	const char *number_at = strchr(kinds[kind].format, '%');

	if (number_at)
		snprintf(buf, IMAGE_NAME_SIZE, "%.*s%u.img", (int)(number_at - kinds[kind].format),
			kinds[kind].format, number);
	else
		snprintf(buf, IMAGE_NAME_SIZE, "%s", kinds[kind].format);
	return buf;
}

size_t image_head_bytes(enum image_kind kind, unsigned version)
{
	return (version == 2 && kind != IMAGE_INVENTORY ? 2 : 1) * sizeof(uint32_t);
}

bool image_exists(const struct image_dir *dir, const char *name)
{
	struct stat st;

	return fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int image_fault(const struct image *img, struct err *err, const char *fmt, ...)
{
	char field[sizeof(err->field)], text[sizeof(err->text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(err, ERR_BAD_IMAGES, 0,
		err_field(field, sizeof(field), img->name, img->record, NULL), "%s", text);
}

static int over_limit(const struct image *img, struct err *err, const char *what, size_t limit)
{
	char field[sizeof(err->field)];

	return err_set(err, ERR_LIMIT, 0,
		err_field(field, sizeof(field), img->name, img->record, NULL),
		"%s: the limit is %zu", what, limit);
}

/* ---- the directory ---- */

static int read_inventory(struct image_dir *dir, struct err *err)
{
	autoimage struct image img = { .fd = -1 };
	const ProtobufCMessage *m = NULL;
	const Criu__Images__Inventory *inv;
	int r = image_open(dir, IMAGE_INVENTORY, 0, &img, err);

	if (r == 0)
		return err_set(err, ERR_BAD_IMAGES, ENOENT, "inventory.img",
			"this is no directory of images: it has no inventory");
	if (r > 0)
		r = image_next(&img, &criu__images__inventory__descriptor, &m, err);
	if (r < 0)
		return -1;
	if (!m)
		return image_fault(&img, err, "the inventory is empty");
	inv = (const Criu__Images__Inventory *)m;
	if (inv->img_version != 1 && inv->img_version != 2)
		return image_fault(
			&img, err, "images of version %u; known are 1 and 2", inv->img_version);
	if (!inv->fdinfo_per_id)
		return image_fault(&img, err,
			"the images name descriptor tables by pid, as criu did before 1.0; dump with criu 3.4 or newer");
	dir->version = inv->img_version;
	return 0;
}

int image_dir_open(struct image_dir *dir, int fd, struct err *err)
{
	*dir = (struct image_dir){
		.fd = fd,
		.version = 1, /* the inventory has one magic in every version */
		.bytes_left = IMAGE_MAX_TOTAL_BYTES,
		.records_left = IMAGE_MAX_RECORDS,
	};
	return read_inventory(dir, err);
}

void image_dir_done(struct image_dir *dir)
{
	free(dir->stamps);
	*dir = (struct image_dir){ .fd = -1 };
}

static int add_stamp(struct image_dir *dir, const char *name, const struct stat *st)
{
	struct image_stamp *s;

	dir->stamps =
		room_for_one(dir->stamps, dir->n_stamps, &dir->max_stamps, sizeof(*dir->stamps));
	if (dir->n_stamps == dir->max_stamps)
		return -ENOMEM;
	s = &dir->stamps[dir->n_stamps++];
	*s = (struct image_stamp){ .dev = st->st_dev,
		.ino = st->st_ino,
		.size = st->st_size,
		.mtime = st->st_mtim,
		.ctime = st->st_ctim };
	snprintf(s->name, sizeof(s->name), "%s", name);
	return 0;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

int image_dir_changed(const struct image_dir *dir, struct err *err)
{
	for (size_t i = 0; i < dir->n_stamps; i++) {
		const struct image_stamp *s = &dir->stamps[i];
		struct stat st;

		if (fstatat(dir->fd, s->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return err_set(err, ERR_BAD_IMAGES, errno, s->name,
				"the file has gone since it was read");
		if (st.st_dev != s->dev || st.st_ino != s->ino || st.st_size != s->size ||
			!same_time(&st.st_mtim, &s->mtime) || !same_time(&st.st_ctim, &s->ctime))
			return err_set(err, ERR_BAD_IMAGES, 0, s->name,
				"the file has changed since it was read");
	}
	return 0;
}

/* ---- one file: opening ---- */

/* Names are ours, without a slash. Not openat2(), whose flags a seccomp filter cannot see (sandbox.c). */
static int open_beneath(int dir, const char *name)
{
	autofd int fd =
		openat(dir, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);

	return fd < 0 ? -errno : TAKE_FD(fd);
}

/* Makes the bytes [at, at + want) of the file available. Return: they; NULL: see err. */
static const uint8_t *need(struct image *img, off_t at, size_t want, struct err *err)
{
	size_t fill = want;

	if (at >= img->buf_at && at + (off_t)want <= img->buf_at + (off_t)img->buf_used)
		return img->buf + (at - img->buf_at);
	if (fill < WINDOW_BYTES)
		fill = img->size - at < (off_t)WINDOW_BYTES ? (size_t)(img->size - at)
							    : WINDOW_BYTES;
	if (fill > img->dir->bytes_left) {
		over_limit(img, err, "too many bytes of images", IMAGE_MAX_TOTAL_BYTES);
		return NULL;
	}
	img->dir->bytes_left -= fill;
	if (fill > img->buf_size) {
		free(img->buf);
		img->buf = calloc(1, fill);
		img->buf_size = img->buf ? fill : 0;
	}
	img->buf_used = 0;
	if (!img->buf) {
		err_set(err, ERR_INTERNAL, ENOMEM, img->name,
			"no memory for %zu bytes of the image", fill);
		return NULL;
	}
	for (size_t done = 0; done < fill;) {
		ssize_t n = pread(img->fd, img->buf + done, fill - done, at + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			err_set(err, ERR_BAD_IMAGES, n < 0 ? errno : 0, img->name, "%s",
				n < 0 ? "cannot read the image"
				      : "the image became shorter while it was read");
			return NULL;
		}
		done += (size_t)n;
	}
	img->buf_at = at;
	img->buf_used = fill;
	return img->buf;
}

static uint32_t le32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

/* Checks the magics, and has the whole file in the buffer if nothing but records is in it. */
static int read_head(struct image *img, struct err *err)
{
	size_t head = image_head_bytes(img->kind, img->dir->version);
	const uint8_t *p;

	if (img->size < (off_t)head)
		return err_set(err, ERR_BAD_IMAGES, 0, img->name,
			"the image is too short: %lld bytes", (long long)img->size);
	if (!kinds[img->kind].window && img->size > (off_t)IMAGE_MAX_FILE_BYTES)
		return err_set(err, ERR_LIMIT, 0, img->name,
			"the image has %lld bytes: the limit is %u", (long long)img->size,
			IMAGE_MAX_FILE_BYTES);
	p = need(img, 0, kinds[img->kind].window ? head : (size_t)img->size, err);
	if (!p)
		return -1;
	if (head == 2 * sizeof(uint32_t) && le32(p) != MAGIC_COMMON)
		return err_set(err, ERR_BAD_IMAGES, 0, img->name,
			"begins with 0x%08x; an image begins with 0x%08x", le32(p), MAGIC_COMMON);
	p += head - sizeof(uint32_t);
	if (le32(p) != kinds[img->kind].magic)
		return err_set(err, ERR_BAD_IMAGES, 0, img->name,
			"has the magic 0x%08x; this image has 0x%08x", le32(p),
			kinds[img->kind].magic);
	img->next = (off_t)head;
	return 0;
}

int image_open(struct image_dir *dir, enum image_kind kind, uint32_t number, struct image *ret,
	struct err *err)
{
	autoimage struct image img = { .dir = dir, .kind = kind, .fd = -1 };
	struct stat st;

	image_name(img.name, kind, number);
	img.fd = open_beneath(dir->fd, img.name);
	if (img.fd == -ENOENT)
		return 0;
	if (img.fd < 0)
		return err_set(err, ERR_BAD_IMAGES, -img.fd, img.name, "cannot open the image%s",
			img.fd == -ELOOP ? " (symbolic links are not followed)" : "");
	if (fstat(img.fd, &st) < 0)
		return err_set(err, ERR_BAD_IMAGES, errno, img.name, "cannot stat the image");
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_BAD_IMAGES, 0, img.name, "the image is no regular file");
	if (add_stamp(dir, img.name, &st) < 0)
		return err_set(err, ERR_INTERNAL, ENOMEM, img.name, "no memory");
	img.size = st.st_size;
	if (read_head(&img, err) < 0)
		return -1;
	if (!kinds[kind].window)
		cleanup_fd(&img.fd);
	*ret = img;
	img = (struct image){ .fd = -1 };
	return 1;
}

/* ---- one file: its records ---- */

static void *unpack_alloc(void *data, size_t size)
{
	struct image *img = data;

	if (size > img->unpack_left) {
		img->unpack_left = 0;
		return NULL;
	}
	img->unpack_left -= size;
	return malloc(size);
}

static void unpack_free(void *data, void *p)
{
	(void)data;
	free(p);
}

static ProtobufCAllocator unpack_memory(struct image *img)
{
	return (ProtobufCAllocator){
		.alloc = unpack_alloc, .free = unpack_free, .allocator_data = img
	};
}

static void drop_message(struct image *img)
{
	ProtobufCAllocator memory = unpack_memory(img);

	if (img->message)
		protobuf_c_message_free_unpacked(img->message, &memory);
	img->message = NULL;
}

void image_done(struct image *img)
{
	drop_message(img);
	cleanup_fd(&img->fd);
	free(img->buf);
	*img = (struct image){ .fd = -1 };
}

int image_next(struct image *img, const ProtobufCMessageDescriptor *type,
	const ProtobufCMessage **ret, struct err *err)
{
	ProtobufCAllocator memory = unpack_memory(img);
	const uint8_t *p;
	uint32_t size;

	drop_message(img);
	if (img->next == img->size)
		return 0;
	img->record = img->count++;
	if (img->dir->records_left-- == 0) {
		img->dir->records_left = 0;
		return over_limit(img, err, "too many records", IMAGE_MAX_RECORDS);
	}
	if (img->size - img->next < (off_t)sizeof(size))
		return image_fault(img, err, "the image is cut in the length of a record");
	p = need(img, img->next, sizeof(size), err);
	if (!p)
		return -1;
	size = le32(p);
	if (size > IMAGE_MAX_RECORD_BYTES)
		return over_limit(img, err, "the record is too long", IMAGE_MAX_RECORD_BYTES);
	img->next += (off_t)sizeof(size);
	if (img->size - img->next < (off_t)size)
		return image_fault(img, err,
			"the image is cut: a record of %u bytes, and %lld are left", size,
			(long long)(img->size - img->next));
	p = need(img, img->next, size, err);
	if (!p)
		return -1;
	img->next += (off_t)size;
	img->unpack_left = IMAGE_MAX_UNPACKED_BYTES;
	img->message = protobuf_c_message_unpack(type, &memory, size, p);
	if (!img->message && !img->unpack_left)
		return over_limit(
			img, err, "the record needs too much memory", IMAGE_MAX_UNPACKED_BYTES);
	if (!img->message)
		return image_fault(img, err, "%u bytes that are no %s", size, type->short_name);
	*ret = img->message;
	return 1;
}

int image_skip(struct image *img, uint64_t bytes, struct err *err)
{
	if (bytes > (uint64_t)(img->size - img->next))
		return image_fault(img, err,
			"%llu bytes of data are said to follow, and %lld are left",
			(unsigned long long)bytes, (long long)(img->size - img->next));
	img->next += (off_t)bytes;
	return 0;
}

uint8_t *image_take(struct image *img, size_t *ret_size)
{
	*ret_size = img->buf_used;
	img->buf_used = 0;
	img->buf_size = 0;
	return TAKE_PTR(img->buf);
}
