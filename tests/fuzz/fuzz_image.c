/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as any one image: the first byte says which, the others are the file. */
#include "fuzz.h"
#include "plan/image.h"
#include "plan/record.h"

/* An inventory of version 2, so that the fuzzer need not invent one. */
static const uint8_t inventory[] = { 0x16, 0x31, 0x31, 0x58, 4, 0, 0, 0, 0x08, 2, 0x10, 1 };

static void read_files(struct image *img)
{
	struct rec_file f;

	while (record_file(img, &f, NULL) > 0)
		for (size_t i = 0; i < f.n_watched; i++)
			(void)record_watched(&f, i);
}

static void read_mm(struct image *img)
{
	struct rec_mm mm;
	struct rec_vma vma;

	while (record_mm(img, &mm, NULL) > 0)
		for (size_t i = 0; i < mm.n_vmas; i++)
			(void)record_vma(&mm, i, &vma);
}

static void read_packets(struct image *img)
{
	struct rec_packet p;
	size_t n;

	while (record_packet(img, &p, NULL) > 0)
		for (size_t i = 0; i < p.n_scms; i++)
			(void)record_rights(&p, i, &n);
}

#define READ(Kind, Type, function)                                                                 \
	case Kind: {                                                                               \
		struct Type r;                                                                     \
		while (function(img, &r, NULL) > 0)                                                \
			;                                                                          \
		break;                                                                             \
	}

static void read_all(struct image *img)
{
	switch (img->kind) {
		READ(IMAGE_PSTREE, rec_task, record_task)
		READ(IMAGE_CORE, rec_core, record_core)
		READ(IMAGE_IDS, rec_ids, record_ids)
		READ(IMAGE_FDINFO, rec_desc, record_desc)
		READ(IMAGE_FS, rec_fs, record_fs)
		READ(IMAGE_PIPES_DATA, rec_data, record_data)
		READ(IMAGE_FIFO_DATA, rec_data, record_data)
		READ(IMAGE_TTY_INFO, rec_tty, record_tty)
		READ(IMAGE_MEMFD, rec_memfd, record_memfd)
		READ(IMAGE_REMAP_FPATH, rec_remap, record_remap)
		READ(IMAGE_NETNS, rec_space, record_netns)
		READ(IMAGE_PIDNS, rec_space, record_pidns)
	case IMAGE_FILES:
		read_files(img);
		break;
	case IMAGE_MM:
		read_mm(img);
		break;
	case IMAGE_SK_QUEUES:
		read_packets(img);
		break;
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bundle b = { .dir = bundle_dir() };
	struct image_dir dir = { 0 };
	struct image img = { .fd = -1 };
	char name[IMAGE_NAME_SIZE];
	enum image_kind kind;

	if (!size)
		return 0;
	kind = (enum image_kind)(data[0] % IMAGE_KINDS);
	bundle_write(&b, "inventory.img", inventory, sizeof(inventory));
	bundle_write(&b, image_name(name, kind, 1), data + 1, size - 1);
	if (image_dir_open(&dir, b.dir, NULL) == 0 && image_open(&dir, kind, 1, &img, NULL) > 0)
		read_all(&img);
	image_done(&img);
	image_dir_done(&dir);
	bundle_close(&b);
	return 0;
}
