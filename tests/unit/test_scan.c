/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What may be unpacked of what a planner child hands back. */
#include "prepare/scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "fixture.h"
#include "planned.pb-c.h"

static void where_images_are(void **state)
{
	Fdbroker__Planned__Planned m = FDBROKER__PLANNED__PLANNED__INIT;
	Fdbroker__Planned__Problem problem = FDBROKER__PLANNED__PROBLEM__INIT, *problems[64];
	Fdbroker__Planned__Image items[5], *images[5];
	uint8_t bytes[8192], content[600];
	char *keys[] = { (char *)"a", (char *)"b" };
	uint32_t pids[] = { 1, 0xffffffff };
	struct scan scan;
	size_t size;

	(void)state;
	memset(content, 'x', sizeof(content));
	problem.has_mapping = true;
	problem.text = (char *)"something";
	for (size_t i = 0; i < 64; i++)
		problems[i] = &problem;
	for (size_t i = 0; i < 5; i++) {
		fdbroker__planned__image__init(&items[i]);
		items[i].name = (char *)"files.img";
		items[i].bytes = (ProtobufCBinaryData){ 150 * i, content };
		images[i] = &items[i];
	}
	m.n_problems = 64;
	m.problems = problems;
	m.n_keys = 2;
	m.keys = keys;
	m.n_images = 5;
	m.images = images;
	m.has_tasks = true;
	m.n_pids = 2;
	m.pids = pids;
	size = fdbroker__planned__planned__pack(&m, bytes);
	assert_int_equal(scan_plan(bytes, size, 2, &scan), 0);
	assert_int_equal(scan.n_images, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(scan.images[i].size, 150 * i);
		assert_memory_equal(bytes + scan.images[i].at, content, 150 * i);
	}
	free(scan.images);
	/* More keys than mappings. */
	assert_int_equal(scan_plan(bytes, size, 1, &scan), -EBADMSG);
	/* Cut anywhere. What is cut between two members is whole. */
	for (size_t n = 0; n < size; n++)
		if (scan_plan(bytes, n, 2, &scan) == 0)
			free(scan.images);
}

struct bad_case {
	const char *name;
	uint8_t bytes[16]; /* over and over */
	size_t size, times;
	bool good;
};

static void is_bounded(void **state)
{
	const struct bad_case *c = *state;
	size_t size = c->size * c->times;
	uint8_t *bytes = malloc(size + 1);
	struct scan scan = { 0 };
	int r;

	assert_non_null(bytes);
	for (size_t i = 0; i < c->times; i++)
		memcpy(bytes + i * c->size, c->bytes, c->size);
	r = scan_plan(bytes, size, 3, &scan);
	free(bytes);
	free(scan.images);
	assert_int_equal(r, c->good ? 0 : -EBADMSG);
}

#define PROBLEMS (4 * 64 + CONFIG_MAX_PIDS)

int main(void)
{
	static const struct bad_case cases[] = {
		{ "nothing", { 0 }, 0, 0, true },
		{ "problems", { 0x0a, 0 }, 2, PROBLEMS, true },
		{ "too many problems", { 0x0a, 0 }, 2, PROBLEMS + 1, false },
		{ "a problem of many members", { 0x0a, 10, 8, 1, 8, 1, 8, 1, 8, 1, 8, 1 }, 12, 1,
			false },
		{ "keys", { 0x12, 0 }, 2, 3, true },
		{ "too many keys", { 0x12, 0 }, 2, 4, false },
		{ "images", { 0x1a, 0 }, 2, SCAN_MAX_IMAGES, true },
		{ "too many images", { 0x1a, 0 }, 2, SCAN_MAX_IMAGES + 1, false },
		{ "an image with unknown members",
			{ 0x1a, 10, 0x22, 0, 0x22, 0, 0x22, 0, 0x22, 0, 0x22, 0 }, 12, 1, false },
		{ "one number of tasks", { 0x20, 7 }, 2, 1, true },
		{ "two", { 0x20, 7 }, 2, 2, false },
		{ "pids that are not packed", { 0x28, 7 }, 2, 1, false },
		{ "an unknown member", { 0x32, 0 }, 2, 1, false },
		{ "number 0", { 0x02, 0 }, 2, 1, false },
		{ "a group", { 0x0b, 0 }, 2, 1, false },
		{ "32 bits", { 0x25, 1, 2, 3, 4 }, 5, 1, false },
		{ "longer than it is", { 0x0a, 5, 8 }, 3, 1, false },
		{ "a number without an end",
			{ 0x20, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1 }, 12, 1,
			false },
		{ "a size of 2^64-1", { 0x0a, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1 }, 11,
			1, false },
	};
	struct CMUnitTest tests[sizeof(cases) / sizeof(cases[0]) + 1] = { cmocka_unit_test(
		where_images_are) };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		tests[i + 1] = (struct CMUnitTest){ cases[i].name, is_bounded, NULL, NULL,
			(void *)&cases[i] };
	return cmocka_run_group_tests_name("scan", tests, NULL, NULL);
}
