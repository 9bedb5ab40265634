/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bundle of images: load it, plan a mapping for what it holds, split, and load the split images
 * again, which must work whenever the first ones did.
 */
#include <sys/socket.h>

#include "fuzz.h"
#include "plan/key.h"
#include "plan/plan.h"

#define MAX_MAPPINGS 16

static void write_split(struct bundle *b, const struct split_images *s)
{
	for (size_t i = 0; i < s->n; i++) {
		int fd = openat(
			b->dir, s->images[i].name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		if (fd < 0 ||
			write(fd, s->images[i].bytes, s->images[i].n) != (ssize_t)s->images[i].n)
			abort();
		close(fd);
	}
}

/* Every fourth open file as a mapping, in turns by id, by descriptor and by key. */
static size_t choose(const struct graph *g, struct plan_mapping_in *in, char (*texts)[4200])
{
	size_t n = 0;

	for (uint32_t f = 0; f < g->n_files && n < MAX_MAPPINGS; f += 1 + g->files[f].id % 4) {
		char number[KEY_NUMBER_SIZE];
		const char *key = key_text(g, f, number);

		if (n % 3 == 0 && key)
			snprintf(texts[n], sizeof(texts[n]), "key:%s", key);
		else if (n % 3 == 1)
			target_of_file(g, f, texts[n], sizeof(texts[n]));
		else
			snprintf(texts[n], sizeof(texts[n]), "id:%u", g->files[f].id);
		in[n] = (struct plan_mapping_in){ .name = "lent",
			.reopen = g->files[f].id & 1,
			.facts = { .kind = FACTS_REGULAR + (enum facts_kind)(f % 8),
				.flags = O_RDWR } };
		if (target_parse(texts[n], &in[n].target, NULL) == 0)
			n++;
	}
	return n;
}

static void plan(struct bundle *b, const struct graph *g)
{
	static char texts[MAX_MAPPINGS][4200];
	struct plan_mapping_in in[MAX_MAPPINGS];
	struct plan_request r = { .mappings = in,
		.n_mappings = choose(g, in, texts),
		.nonce = 1,
		.at_own_risk = UINT64_MAX };
	struct split_images s = { 0 };
	struct graph again = { 0 };
	struct plan p = { 0 };
	struct err err;
	char text[256];

	if (plan_make(g, &r, &p, &err) < 0)
		abort();
	for (size_t i = 0; i < p.n_needs; i++) {
		(void)plan_need_text(g, &p.needs[i], text, sizeof(text));
		(void)plan_need_target(g, &p.needs[i], text, sizeof(text));
	}
	if (plan_split(&p, &s, &err) == 0 && s.n) {
		write_split(b, &s);
		if (load_graph(b->dir, &again, &err) < 0) {
			fprintf(stderr, "split images: %s: %s\n", err.field, err.text);
			abort();
		}
	}
	graph_done(&again);
	split_images_done(&s);
	plan_done(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct graph g = { 0 };
	struct bundle b;
	struct err err;

	bundle_open(&b, data, size);
	if (load_graph(b.dir, &g, &err) == 0)
		plan(&b, &g);
	graph_done(&g);
	bundle_close(&b);
	return 0;
}
