/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CRIU's image files as records of bytes. All of it is hostile: whoever wrote the images may have
 * written anything. What the records mean is in record.h.
 */
#ifndef FDBROKER_PLAN_IMAGE_H
#define FDBROKER_PLAN_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include <protobuf-c/protobuf-c.h>

#include "base/err.h"

/* The limits of a set of images, all of them. What is over one is refused with ERR_LIMIT. */
#define IMAGE_MAX_RECORD_BYTES (16u << 20)  /* one record; a task with 65530 mappings has 4 MiB */
#define IMAGE_MAX_FILE_BYTES   (64u << 20)  /* one file; data of pipes is not counted */
#define IMAGE_MAX_TOTAL_BYTES  (256u << 20) /* all that is read of one set */
#define IMAGE_MAX_RECORDS      (2u << 20)   /* all records of one set */
#define IMAGE_MAX_UNPACKED_BYTES                                                                   \
	(128u << 20) /* memory of one unpacked record: 2 bytes can become 150 */

/* The files that we read. A kind with a number in its name has one file per task or table. */
enum image_kind {
	IMAGE_INVENTORY,
	IMAGE_PSTREE,
	IMAGE_CORE,   /* by pid */
	IMAGE_IDS,    /* by pid */
	IMAGE_FDINFO, /* by files_id */
	IMAGE_FILES,
	IMAGE_FS, /* by pid */
	IMAGE_MM, /* by pid */
	IMAGE_PIPES_DATA,
	IMAGE_FIFO_DATA,
	IMAGE_SK_QUEUES,
	IMAGE_TTY_INFO,
	IMAGE_MEMFD,
	IMAGE_REMAP_FPATH,
	IMAGE_NETNS, /* by ns id */
	IMAGE_PIDNS, /* by ns id */
	IMAGE_KINDS,
};

/* Longest name of an image file, with its final zero. */
#define IMAGE_NAME_SIZE 32

/* What a file was when it was read: a later look tells whether it is still the same. */
struct image_stamp {
	char name[IMAGE_NAME_SIZE];
	dev_t dev;
	ino_t ino;
	off_t size; /* bytes */
	struct timespec mtime, ctime;
};

/* A directory of images and what may still be read of it. Zero it, then image_dir_open(). */
struct image_dir {
	int fd;                     /* borrowed until image_dir_done() */
	unsigned version;           /* img_version of the inventory: 1 or 2 magics in each file */
	size_t bytes_left;          /* of IMAGE_MAX_TOTAL_BYTES */
	size_t records_left;        /* of IMAGE_MAX_RECORDS */
	struct image_stamp *stamps; /* owned; one for each file that was opened */
	size_t n_stamps, max_stamps;
};

/* One open image file. Zero it, then image_open(); image_done() takes a zeroed or half-made one. */
struct image {
	struct image_dir *dir; /* borrowed */
	enum image_kind kind;
	char name[IMAGE_NAME_SIZE];
	int fd;       /* owned, or -1 once all of it is in the buffer */
	off_t size;   /* bytes of the file */
	off_t next;   /* where in the file the next record begins */
	uint8_t *buf; /* owned; bytes of the file from buf_at on */
	size_t buf_used, buf_size;
	off_t buf_at;
	unsigned long record;      /* number of the record read last, from 0 */
	unsigned long count;       /* records read so far */
	ProtobufCMessage *message; /* owned; the record read last, unpacked */
	size_t unpack_left;        /* of IMAGE_MAX_UNPACKED_BYTES */
};
#define autoimage __attribute__((cleanup(image_done)))

/**
 * image_dir_open() - begin with a set of images: read its inventory
 * @dir: zeroed; filled in
 * @fd:  directory, open for reading; borrowed until image_dir_done()
 * @err: BAD_IMAGES (no inventory, a version that we do not know, descriptors named by pid), LIMIT
 *
 * Return: 0 or -1. image_dir_done() is due in both cases.
 */
int image_dir_open(struct image_dir *dir, int fd, struct err *err);
void image_dir_done(struct image_dir *dir);

/**
 * image_dir_changed() - is a file of the set no longer what was read?
 * @dir: the set; every file that was opened so far is looked at (one fstatat() each)
 * @err: BAD_IMAGES; field is the name of the first file that differs
 *
 * Return: 0: all as they were; -1: see @err.
 */
int image_dir_changed(const struct image_dir *dir, struct err *err);

/**
 * image_open() - open one file and check what it begins with
 * @dir:    an open set
 * @number: the N of kinds that have one in their name, else ignored
 * @ret:    zeroed; filled in on 1
 * @err:    BAD_IMAGES; field is the file's name
 *
 * Only regular files below the directory are read, whatever their names resolve to: no symbolic link,
 * no FIFO, no device. Does not block on any of them (a dead network file system is another matter).
 *
 * Return: 1: open; 0: there is no such file, which criu reads as an empty one; -1: see @err.
 */
int image_open(struct image_dir *dir, enum image_kind kind, uint32_t number, struct image *ret,
	struct err *err);
void image_done(struct image *img);

/**
 * image_next() - read the next record and unpack it
 * @img:  an open image
 * @type: what it must be
 * @ret:  on 1 the message; img's, valid until the next call on it
 * @err:  BAD_IMAGES or LIMIT; field is file and record: "files.img[12]"
 *
 * Return: 1: a record; 0: the end of the file; -1: see @err.
 */
int image_next(struct image *img, const ProtobufCMessageDescriptor *type,
	const ProtobufCMessage **ret, struct err *err);

/**
 * image_skip() - pass over data that follows a record
 * @bytes: how many, by the record's own word; more than the file holds is an error
 *
 * Return: 0 or -1.
 */
int image_skip(struct image *img, uint64_t bytes, struct err *err);

/**
 * image_take() - keep the bytes of a file whose records have all been read
 * @img:      not one of pipe or FIFO data; its buffer belongs to the caller afterwards
 * @ret_size: bytes
 *
 * Return: the whole file, to be freed by the caller.
 */
uint8_t *image_take(struct image *img, size_t *ret_size);

/* Fill err in for the record that was read last. Always -1. */
int image_fault(const struct image *img, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * image_name() - the name of an image file
 * @buf: receives it
 *
 * Return: buf.
 */
const char *image_name(char buf[IMAGE_NAME_SIZE], enum image_kind kind, uint32_t number);

/**
 * image_head_bytes() - how many bytes stand before the first record
 * @version: img_version
 */
size_t image_head_bytes(enum image_kind kind, unsigned version);

/* Is there a file of this name in the directory, of whatever type? */
bool image_exists(const struct image_dir *dir, const char *name);

#endif
