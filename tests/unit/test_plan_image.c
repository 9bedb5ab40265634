/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is refused of an image file, before anybody looks at what it says. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "images.h"
#include "plan/image.h"
#include "plan/record.h"

/* Opens pstree.img and reads to its end. Return: how many records, or -1. */
static int read_all(const struct images *i, struct err *err)
{
	struct image_dir dir = { 0 };
	autoimage struct image img = { .fd = -1 };
	struct rec_task t;
	int r = image_dir_open(&dir, i->fd, err), n = 0;

	if (r == 0)
		r = image_open(&dir, IMAGE_PSTREE, 0, &img, err);
	while (r > 0 && (r = record_task(&img, &t, err)) > 0)
		n++;
	image_dir_done(&dir);
	return r < 0 ? -1 : n;
}

static void versions(void **state)
{
	(void)state;
	for (unsigned version = 1; version <= 2; version++) {
		struct images i = images_begin();
		struct out o = out_begin(version, MAGIC_PSTREE);
		struct err err;

		put_inventory(&i, version, true);
		out_task(&o, 10, 0);
		out_task(&o, 11, 10);
		out_save(&o, &i, "pstree.img");
		assert_int_equal(read_all(&i, &err), 2);
		images_end(&i);
	}
}

static void missing_is_empty(void **state)
{
	struct images i = images_begin();
	struct err err;

	(void)state;
	put_inventory(&i, 2, true);
	assert_int_equal(read_all(&i, &err), 0);
	images_end(&i);
}

/* One way to spoil pstree.img, and what the error says. */
struct bad {
	const char *name;
	void (*spoil)(const struct images *i);
	enum err_code code;
	const char *field, *text; /* text: a part of it */
};

static void cut_length(const struct images *i)
{
	struct out o = out_begin(2, MAGIC_PSTREE);

	out_task(&o, 10, 0);
	out_bytes(&o, "\1\0", 2);
	out_save(&o, i, "pstree.img");
}

static void cut_record(const struct images *i)
{
	struct out o = out_begin(2, MAGIC_PSTREE);

	out_u32(&o, 100);
	out_bytes(&o, "abc", 3);
	out_save(&o, i, "pstree.img");
}

static void four_gib(const struct images *i)
{
	struct out o = out_begin(2, MAGIC_PSTREE);

	out_task(&o, 10, 0);
	out_u32(&o, UINT32_MAX);
	out_save(&o, i, "pstree.img");
}

static void no_message(const struct images *i)
{
	struct out o = out_begin(2, MAGIC_PSTREE);

	out_u32(&o, 4);
	out_bytes(&o, "\xff\xff\xff\xff", 4);
	out_save(&o, i, "pstree.img");
}

static void needed_field_absent(const struct images *i)
{
	struct out o = out_begin(2, MAGIC_PSTREE);

	out_u32(&o, 0);
	out_save(&o, i, "pstree.img");
}

static void other_magic(const struct images *i)
{
	struct out o = out_begin(2, MAGIC_FILES);

	out_save(&o, i, "pstree.img");
}

static void one_magic_only(const struct images *i)
{
	struct out o = out_begin(1, MAGIC_PSTREE);

	out_u32(&o, 0);
	out_save(&o, i, "pstree.img");
}

static void too_short(const struct images *i)
{
	struct out o = { 0 };

	out_bytes(&o, "abc", 3);
	out_save(&o, i, "pstree.img");
}

static void sparse(const struct images *i)
{
	struct out o = out_begin(2, MAGIC_PSTREE);
	int fd;

	out_save(&o, i, "pstree.img");
	fd = openat(i->fd, "pstree.img", O_WRONLY | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, 8LL << 30), 0);
	close(fd);
}

static void fifo(const struct images *i)
{
	assert_int_equal(mkfifoat(i->fd, "pstree.img", 0600), 0);
}

static void directory(const struct images *i)
{
	assert_int_equal(mkdirat(i->fd, "pstree.img", 0700), 0);
}

static void symbolic_link(const struct images *i)
{
	assert_int_equal(symlinkat("inventory.img", i->fd, "pstree.img"), 0);
}

static void link_out(const struct images *i)
{
	assert_int_equal(symlinkat("/proc/self/fd/0", i->fd, "pstree.img"), 0);
}

static void unix_socket(const struct images *i)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/pstree.img", i->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	close(fd);
}

static void unpacked_bomb(const struct images *i)
{
	/* 13 MiB of empty messages in a repeated field: each becomes an allocated struct. */
	struct out o = out_begin(2, MAGIC_MM);
	size_t n = 6500000;

	out_u32(&o, (uint32_t)(2 * n));
	for (size_t k = 0; k < n; k++)
		out_bytes(&o, "\x72\x00", 2);
	out_save(&o, i, "mm-1.img");
}

static void refused(void **state)
{
	const struct bad *b = *state;
	struct images i = images_begin();
	struct err err = { 0 };

	put_inventory(&i, 2, true);
	b->spoil(&i);
	assert_int_equal(read_all(&i, &err), -1);
	assert_int_equal(err.code, b->code);
	assert_string_equal(err.field, b->field);
	if (!strstr(err.text, b->text))
		fail_msg("'%s' does not hold '%s'", err.text, b->text);
	images_end(&i);
}

static void unpacked_memory(void **state)
{
	struct images i = images_begin();
	struct image_dir dir = { 0 };
	autoimage struct image img = { .fd = -1 };
	struct rec_mm mm;
	struct err err;

	(void)state;
	put_inventory(&i, 2, true);
	unpacked_bomb(&i);
	assert_int_equal(image_dir_open(&dir, i.fd, &err), 0);
	assert_int_equal(image_open(&dir, IMAGE_MM, 1, &img, &err), 1);
	assert_int_equal(record_mm(&img, &mm, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	image_dir_done(&dir);
	images_end(&i);
}

static void inventory(void **state)
{
	struct images i = images_begin();
	struct err err;

	(void)state;
	assert_int_equal(read_all(&i, &err), -1);
	assert_string_equal(err.field, "inventory.img");
	put_inventory(&i, 3, true);
	assert_int_equal(read_all(&i, &err), -1);
	assert_non_null(strstr(err.text, "version 3"));
	put_inventory(&i, 2, false);
	assert_int_equal(read_all(&i, &err), -1);
	assert_non_null(strstr(err.text, "by pid"));
	images_end(&i);
}

/* Data that follows a record is passed over, and not counted as read. */
static void data(void **state)
{
	struct images i = images_begin();
	struct image_dir dir = { 0 };
	autoimage struct image img = { .fd = -1 };
	struct rec_data d;
	struct out o = out_begin(2, MAGIC_PIPE_DATA);
	IMG(PipeData, PIPE_DATA, m, .pipe_id = 7, .bytes = 5000);
	char payload[5000] = { 0 };
	struct err err;

	(void)state;
	put_inventory(&i, 2, true);
	for (int k = 0; k < 3; k++) {
		out_record(&o, &m);
		out_bytes(&o, payload, sizeof(payload));
	}
	m.bytes = 6000;
	out_record(&o, &m);
	out_bytes(&o, payload, sizeof(payload));
	out_save(&o, &i, "pipes-data.img");
	assert_int_equal(image_dir_open(&dir, i.fd, &err), 0);
	assert_int_equal(image_open(&dir, IMAGE_PIPES_DATA, 0, &img, &err), 1);
	for (int k = 0; k < 3; k++) {
		assert_int_equal(record_data(&img, &d, &err), 1);
		assert_int_equal(d.bytes, 5000);
	}
	assert_int_equal(record_data(&img, &d, &err), -1);
	assert_string_equal(err.field, "pipes-data.img[3]");
	image_dir_done(&dir);
	images_end(&i);
}

static void changes(void **state)
{
	struct images i = images_begin();
	struct image_dir dir = { 0 };
	struct err err = { 0 };

	(void)state;
	put_inventory(&i, 2, true);
	assert_int_equal(image_dir_open(&dir, i.fd, &err), 0);
	assert_int_equal(image_dir_changed(&dir, &err), 0);
	assert_int_equal(unlinkat(i.fd, "inventory.img", 0), 0);
	assert_int_equal(image_dir_changed(&dir, &err), -1);
	assert_int_equal(err.sys, ENOENT);
	put_inventory(&i, 2, true);
	assert_int_equal(image_dir_changed(&dir, &err), -1);
	assert_string_equal(err.field, "inventory.img");
	image_dir_done(&dir);
	images_end(&i);
}

int main(void)
{
	static struct bad bad[] = {
		{ "length is cut", cut_length, ERR_BAD_IMAGES, "pstree.img[1]",
			"cut in the length" },
		{ "record is cut", cut_record, ERR_BAD_IMAGES, "pstree.img[0]",
			"100 bytes, and 3 are left" },
		{ "record of 4 GiB", four_gib, ERR_LIMIT, "pstree.img[1]", "too long" },
		{ "no message", no_message, ERR_BAD_IMAGES, "pstree.img[0]", "no PstreeEntry" },
		{ "needed field absent", needed_field_absent, ERR_BAD_IMAGES, "pstree.img[0]",
			"no PstreeEntry" },
		{ "magic of another image", other_magic, ERR_BAD_IMAGES, "pstree.img",
			"0x56303138" },
		{ "magic of version 1", one_magic_only, ERR_BAD_IMAGES, "pstree.img",
			"0x54564319" },
		{ "shorter than its magics", too_short, ERR_BAD_IMAGES, "pstree.img", "too short" },
		{ "sparse, 8 GiB", sparse, ERR_LIMIT, "pstree.img", "8589934592" },
		{ "FIFO", fifo, ERR_BAD_IMAGES, "pstree.img", "no regular file" },
		{ "directory", directory, ERR_BAD_IMAGES, "pstree.img", "no regular file" },
		{ "symbolic link", symbolic_link, ERR_BAD_IMAGES, "pstree.img", "not followed" },
		{ "link to a descriptor", link_out, ERR_BAD_IMAGES, "pstree.img", "not followed" },
		{ "unix socket", unix_socket, ERR_BAD_IMAGES, "pstree.img", "cannot open" },
	};
	struct CMUnitTest tests[sizeof(bad) / sizeof(bad[0]) + 6] = {
		cmocka_unit_test(versions),
		cmocka_unit_test(missing_is_empty),
		cmocka_unit_test(unpacked_memory),
		cmocka_unit_test(inventory),
		cmocka_unit_test(data),
		cmocka_unit_test(changes),
	};

	for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++)
		tests[6 + k] = (struct CMUnitTest){ bad[k].name, refused, NULL, NULL, &bad[k] };
	return cmocka_run_group_tests_name("plan/image", tests, NULL, NULL);
}
