/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing JSON in pieces. See report_json.h. */
#include "plan/report_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8.h"

static void indent(struct report *r)
{
	if (!r->pretty)
		return;
	r->put(r->arg, "\n");
	for (unsigned i = 0; i < r->depth; i++)
		r->put(r->arg, "\t");
}

static void begin(struct report *r, const char *name)
{
	if (r->depth) {
		bool *filled = &r->filled[r->depth - 1];

		if (*filled)
			r->put(r->arg, ",");
		*filled = true;
		indent(r);
	}
	if (!name)
		return;
	/* Names are ours: nothing to escape. */
	r->put(r->arg, "\"");
	r->put(r->arg, name);
	r->put(r->arg, r->pretty ? "\": " : "\":");
}

void report_open(struct report *r, const char *name, char kind)
{
	const char text[2] = { kind, 0 };

	begin(r, name);
	r->put(r->arg, text);
	r->ends[r->depth] = kind == '{' ? '}' : ']';
	r->filled[r->depth] = false;
	r->depth++;
}

int report_close(struct report *r)
{
	char text[2] = { 0 };
	bool filled;

	r->depth--;
	filled = r->filled[r->depth];
	text[0] = r->ends[r->depth];
	if (filled)
		indent(r);
	r->put(r->arg, text);
	if (r->depth)
		return 0;
	r->put(r->arg, "\n");
	return r->broken ? -1 : 0;
}

void report_item(struct report *r, const char *name, cJSON *item)
{
	char *text = item ? cJSON_PrintUnformatted(item) : NULL;

	begin(r, name);
	r->put(r->arg, text ? text : "null");
	r->broken = r->broken || !text;
	cJSON_free(text);
	cJSON_Delete(item);
}

/* ---- leaves ---- */

/* As if it were a text: for what the valid form cannot say. */
static void add_hex(cJSON *object, const char *name, const char *bytes, size_t n)
{
	autofree char *hex = malloc(n * 2 + 1);
	char hex_name[64];

	if (!hex)
		return;
	hex[0] = 0;
	for (size_t i = 0; i < n; i++)
		sprintf(hex + 2 * i, "%02x", (unsigned char)bytes[i]);
	snprintf(hex_name, sizeof(hex_name), "%s_hex", name);
	cJSON_AddStringToObject(object, hex_name, hex);
}

void report_text(cJSON *object, const char *name, const char *bytes, size_t n)
{
	autofree char *clean = utf8_clean(bytes, n);

	if (clean)
		cJSON_AddItemToObjectCS(object, name, cJSON_CreateString(clean));
	if (!utf8_valid(bytes, n))
		add_hex(object, name, bytes, n);
}

void report_number(cJSON *object, const char *name, uint64_t value)
{
	char text[32];

	/* Exact, which a double is not above 2^53. */
	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	cJSON_AddItemToObjectCS(object, name, cJSON_CreateRaw(text));
}

void report_true(cJSON *object, const char *name, bool value)
{
	if (value)
		cJSON_AddItemToObjectCS(object, name, cJSON_CreateTrue());
}

void report_texts(cJSON *object, const char *name, const char *const *texts, size_t n)
{
	cJSON_AddItemToObjectCS(object, name, cJSON_CreateStringArray(texts, (int)n));
}
