/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* example IMAGES KEY LOG: restores what is in IMAGES, with LOG in place of KEY. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <fdbroker.h>

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	return 1;
}

/* What was asked for is known by now: start it, and wait for its end. */
static int restore(struct fdb_client *c, struct fdb_request *rq)
{
	struct fdb_result *res;
	uint64_t job;
	int code = 0;

	if (fdb_restore(c, rq, 1000, &job) < 0 || fdb_wait_result(c, job, -1, &res) < 0)
		return fail(fdb_error_field(c), fdb_error_text(c));
	if (fdb_result_success(res))
		printf("job %llu: runs as pid %d\n", (unsigned long long)job,
			(int)fdb_result_pid(res));
	else
		code = fail(fdb_code_name(fdb_result_code(res)), fdb_result_text(res));
	fdb_result_free(res);
	return code;
}

int main(int argc, char **argv)
{
	struct fdb_client *c = NULL;
	struct fdb_request *rq = NULL;
	int images, log, code = 1;

	if (argc != 4)
		return fail("usage", "example IMAGES KEY LOG");
	images = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	log = open(argv[3], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (images < 0 || log < 0)
		return fail(images < 0 ? argv[1] : argv[3], "cannot be opened");
	if (fdb_new(&c) < 0 || fdb_request_new(c, &rq) < 0)
		fail("example", "no memory");
	else if (fdb_connect(c, NULL, 1000) < 0 || fdb_lend(c, "log", log, 1000) < 0 ||
		 fdb_request_images_dir(rq, images) < 0 ||
		 fdb_request_map(rq, argv[2], "log", -1) < 0)
		fail(fdb_error_field(c), fdb_error_text(c));
	else
		code = restore(c, rq);
	fdb_request_free(rq);
	fdb_free(c);
	close(images);
	close(log);
	return code;
}
