/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The corpora of the fuzzers (tests/fuzz/corpus), each input once: what a fuzzer has found stays found.
 * Each small one also with every byte changed in turn, and cut at every byte.
 */
#include <dirent.h>

#include "fixture.h"

#define LLVMFuzzerTestOneInput fuzz_image
#include "../fuzz/fuzz_image.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_graph
#include "../fuzz/fuzz_graph.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_target
#include "../fuzz/fuzz_target.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_explain
#include "../fuzz/fuzz_explain.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_config
#include "../fuzz/fuzz_config.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_wire
#include "../fuzz/fuzz_wire.c"
#undef LLVMFuzzerTestOneInput

#define CORPUS          "tests/fuzz/corpus"
#define INPUT_MAX_BYTES (1u << 20)
/* Inputs up to this size are spoilt byte by byte. */
#define SMALL           500

struct fuzzer {
	const char *name;
	int (*run)(const uint8_t *data, size_t size);
};

static void spoil(const struct fuzzer *f, uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size && size <= SMALL; i++) {
		uint8_t was = data[i];

		data[i] = (uint8_t)~was;
		assert_int_equal(f->run(data, size), 0);
		data[i] = was;
		assert_int_equal(f->run(data, i), 0);
	}
}

static void replay(void **state)
{
	static uint8_t data[INPUT_MAX_BYTES];
	const struct fuzzer *f = *state;
	unsigned n = 0;
	char path[128];
	DIR *dir;

	snprintf(path, sizeof(path), CORPUS "/%s", f->name);
	dir = opendir(path);
	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir));) {
		int fd = e->d_type == DT_REG ? openat(dirfd(dir), e->d_name, O_RDONLY | O_CLOEXEC)
					     : -1;
		ssize_t size;

		if (fd < 0)
			continue;
		size = read(fd, data, sizeof(data));
		close(fd);
		assert_true(size >= 0 && size < (ssize_t)sizeof(data));
		assert_int_equal(f->run(data, (size_t)size), 0);
		spoil(f, data, (size_t)size);
		n++;
	}
	closedir(dir);
	assert_true(n > 0);
}

/* What the fuzzers keep open is open before the first test. */
static int before_all(void **state)
{
	(void)state;
	return bundle_dir() < 0 || !zoo() || !explain_zoo();
}

int main(void)
{
	static struct fuzzer image = { "image", fuzz_image }, graph = { "graph", fuzz_graph },
			     target = { "target", fuzz_target }, wire = { "wire", fuzz_wire },
			     explain = { "explain", fuzz_explain },
			     config = { "config", fuzz_config };
	const struct CMUnitTest tests[] = {
		{ "image", replay, NULL, NULL, &image },
		{ "graph", replay, NULL, NULL, &graph },
		{ "target", replay, NULL, NULL, &target },
		{ "wire", replay, NULL, NULL, &wire },
		{ "explain", replay, NULL, NULL, &explain },
		{ "config", replay, NULL, NULL, &config },
	};

	return cmocka_run_group_tests_name("corpus", tests, before_all, NULL);
}
