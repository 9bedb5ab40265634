/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See job_arg.h. */
#include "job_arg.h"

#include "dial.h"
#include "options.h"
#include "output.h"
#include "words.h"

int job_arg_read(const struct ctl *ctl, const char *what, int argc, char **argv, size_t most,
	uint64_t *ret, size_t *ret_n)
{
	int code = dial_only_running(ctl, what);

	*ret_n = 0;
	if (code != 0)
		return code;
	for (int i = optind; i < argc; i++) {
		if (*ret_n == most)
			return out_usage(ctl, what, "'%s' is one too many", argv[i]);
		if (words_to_job(argv[i], &ret[(*ret_n)++]) < 0)
			return out_usage(
				ctl, what, "'%s' is no number of a job: see `list`", argv[i]);
	}
	return 0;
}

int job_arg_one(const struct ctl *ctl, const char *what, int argc, char **argv, uint64_t *ret)
{
	size_t n;
	int code = job_arg_read(ctl, what, argc, argv, 1, ret, &n);

	return code != 0 || n ? code : out_usage(ctl, what, "which job?");
}
