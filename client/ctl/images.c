/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading images offline. See images.h. */
#include "images.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "output.h"
#include "text.h"

int images_offline(const struct ctl *ctl, const char *what)
{
	if (!ctl->socket && !ctl->local)
		return 0;
	return out_usage(ctl, what, "this command reads the images itself: it has no %s",
		ctl->local ? "--local" : "--socket");
}

int images_error(const struct ctl *ctl, const char *what, const struct err *err)
{
	/* The codes are the protocol's on both sides. */
	struct out_error e = { .exit = out_exit_of((enum fdb_code)err->code),
		.code = err_code_name(err->code),
		.field = err->field,
		.text = err->text,
		.sys = err->sys };

	return out_error(ctl, what, &e, NULL);
}

int images_load_fd(const struct ctl *ctl, const char *what, int dir, struct graph *ret)
{
	struct err err;

	return load_graph(dir, ret, &err) < 0 ? images_error(ctl, what, &err) : 0;
}

int images_load(const struct ctl *ctl, const char *what, const char *path, struct graph *ret)
{
	autofd int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char text[512];

	if (dir >= 0)
		return images_load_fd(ctl, what, dir, ret);
	snprintf(text, sizeof(text), "cannot open the images directory '%s': %s", path,
		strerrordesc_np(errno));
	return out_error(ctl, what,
		&(struct out_error){ .exit = CTL_REFUSED, .text = text, .sys = errno }, NULL);
}

void images_put_json(void *none, const char *text)
{
	autofree char *safe = text_json(text);

	(void)none;
	if (safe)
		fputs(safe, stdout);
}
