/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decisions. See policy.h. The table of options that they go by is in proto/criu/opts.c; who a peer
 * is was found out by peer.c.
 */
#include "policy/policy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/config.h"
#include "criu/field.h"
#include "criu/opts.h"

#define OVERFLOW_UID 65534 /* what Linux shows for a user without a number here (fs.overflowuid) */

/* An inherited connection: does the peer gain nothing by asking? */
static bool is_the_broker(const struct policy_peer *peer)
{
	return peer->uid == peer->own.real && peer->uid == peer->own.effective &&
	       peer->uid == peer->own.saved;
}

enum policy_class policy_class(const struct policy_peer *peer, const char **rule)
{
	const char *nobody_asks = NULL;

	rule = rule ?: &nobody_asks;
	if (peer->uid == OVERFLOW_UID || peer->uid == (uid_t)-1) {
		*rule = "its number may stand for several users of other user namespaces";
		return POLICY_NONE;
	} else if (peer->uid == 0) {
		*rule = "it is root";
	} else if (peer->in_group) {
		*rule = "it is in the group that may restore as root";
	} else if (peer->local) {
		*rule = is_the_broker(peer)
				? "it has all rights of this broker, which it has started"
				: "the broker that it has started has other rights";
		return is_the_broker(peer) ? POLICY_FULL : POLICY_NONE;
	} else if (!peer->allow_own) {
		*rule = "only root and the group that the administrator has named may restore, for images are as powerful as root; AllowOwn is off";
		return POLICY_NONE;
	} else {
		*rule = "AllowOwn is on";
		return POLICY_OWN;
	}
	return POLICY_FULL;
}

const char *policy_class_name(enum policy_class which)
{
	return which == POLICY_FULL ? "full" : which == POLICY_OWN ? "own" : "none";
}

int policy_may_call(
	const struct policy_peer *peer, enum policy_class needs, const char *call, struct err *err)
{
	const char *rule;
	enum policy_class has = policy_class(peer, &rule);

	if (has >= needs)
		return 0;
	return err_set(err, ERR_PERMISSION, 0, NULL,
		"%s: not for uid %u, whose class is %s: %s; it takes class %s", call, peer->uid,
		policy_class_name(has), rule, policy_class_name(needs));
}

bool policy_may_see(const struct policy_peer *peer, uid_t uid)
{
	return peer->uid == uid || policy_class(peer, NULL) == POLICY_FULL;
}

bool policy_runs_as(const struct policy_peer *peer, struct credentials *ret)
{
	if (policy_class(peer, NULL) == POLICY_FULL)
		return false;
	*ret = (struct credentials){ peer->uid, peer->gid, peer->groups, peer->n_groups };
	return true;
}

enum policy_says policy_option(enum policy_class which, const struct opts_field *f)
{
	if (which == POLICY_NONE || f->class == OPTS_OURS)
		return POLICY_REFUSES;
	if (f->class == OPTS_ALL || (f->class == OPTS_FULL && which == POLICY_FULL))
		return POLICY_ALLOWS;
	/* Each flag of criu's is off unless it is on; runc sends them all. */
	return f->type == OPTS_BOOL ? POLICY_TAKES_FALSE : POLICY_REFUSES;
}

/* Where a checked value goes, and what an error calls it: "criu_opts.NAME". */
struct check {
	const struct opts_field *f;
	const char *path;
	struct field_bytes *out;
	struct err *err;
};

static int bad(const struct check *c, const char *what)
{
	return err_set(c->err, ERR_BAD_REQUEST, 0, c->path, "%s: %s", c->path, what);
}

static int done(const struct check *c, int r)
{
	return r < 0 ? err_set(c->err, ERR_INTERNAL, -r, c->path, "%s", c->path) : 0;
}

static int check_number(const struct check *c, uint64_t value)
{
	int64_t number = (int64_t)value;

	switch (c->f->type) {
	case OPTS_BOOL:
		value = value != 0;
		break;
	case OPTS_UINT32:
		if (value > UINT32_MAX)
			return bad(c, "the number is out of range");
		break;
	default: /* int32 and enum: protobuf sends negative numbers as 64 bits */
		if (number < INT32_MIN || number > INT32_MAX)
			return bad(c, "the number is out of range");
		if (c->f->type == OPTS_ENUM && !opts_has_value(c->f, (int32_t)number))
			return bad(c, "the number is none of its values");
		break;
	}
	return done(c, field_put_varint(c->out, c->f->number, value));
}

static int check_string(const struct check *c, const struct field *got)
{
	if (got->size > OPTS_MAX_STRING)
		return err_set(c->err, ERR_BAD_REQUEST, 0, c->path,
			"%s: %zu bytes are more than %d", c->path, got->size, OPTS_MAX_STRING);
	if (memchr(got->data, 0, got->size))
		return bad(c, "the string holds a zero byte, where criu would cut it");
	return done(c, field_put_bytes(c->out, c->f->number, got->data, got->size));
}

/* A value that is no message. */
static int check_scalar(const struct check *c, const struct field *got)
{
	bool string = c->f->type == OPTS_STRING;

	if (got->wire != (string ? FIELD_BYTES : FIELD_VARINT))
		return bad(c, string ? "the value is no string" : "the value is no number");
	return string ? check_string(c, got) : check_number(c, got->value);
}

static int check_sub(const struct check *c, const struct field *got, uint32_t *seen)
{
	const struct opts_field *sub = opts_sub(c->f, got->number);
	struct check inner = { .f = sub, .path = c->path, .out = c->out, .err = c->err };

	if (!sub)
		return err_set(c->err, ERR_FORBIDDEN_OPTION, 0, c->path,
			"%s: this broker does not know its field %u", c->path, got->number);
	if (*seen & 1U << sub->number)
		return err_set(c->err, ERR_BAD_REQUEST, 0, c->path, "%s: %s is there twice",
			c->path, sub->name);
	*seen |= 1U << sub->number;
	return check_scalar(&inner, got);
}

static int check_message(const struct check *c, const struct field *got)
{
	autofieldbytes struct field_bytes inside = { 0 };
	autofields struct field_list list = { 0 };
	struct check inner = { .f = c->f, .path = c->path, .out = &inside, .err = c->err };
	uint32_t seen = 0;

	if (got->wire != FIELD_BYTES || field_list_read(got->data, got->size, &list) < 0)
		return bad(c, "the value is no message");
	for (size_t i = 0; i < list.n; i++) {
		struct field field = field_list_get(&list, i);

		if (check_sub(&inner, &field, &seen) < 0)
			return -1;
	}
	/* Without them criu could not read the whole request, and would not say why. */
	for (const struct opts_field *sub = c->f->subs; sub->name; sub++)
		if (sub->required && !(seen & 1U << sub->number))
			return err_set(c->err, ERR_BAD_REQUEST, 0, c->path, "%s: %s is missing",
				c->path, sub->name);
	return done(c, field_put_bytes(c->out, c->f->number, inside.data, inside.size));
}

static int refuse(const struct policy_peer *peer, const struct opts_field *f, const char *path,
	struct err *err)
{
	if (f->class == OPTS_FULL)
		return err_set(err, ERR_FORBIDDEN_OPTION, 0, path,
			"%s: it reaches outside the restored tree, so only class full may set it; uid %u is of class %s",
			path, peer->uid, policy_class_name(policy_class(peer, NULL)));
	return err_set(err, ERR_FORBIDDEN_OPTION, 0, path, "%s: %s", path,
		f->class == OPTS_ALL ? "who may not restore may set no option" : f->reason);
}

#define SEEN_WORDS (OPTS_NUMBERS / 64) /* a bit for each number of the table */

/* Has a field that may come only once come before? */
static bool twice(const struct opts_field *f, uint64_t seen[static SEEN_WORDS])
{
	uint64_t bit = 1ULL << f->number % 64;
	uint64_t *word = &seen[f->number / 64];
	bool before = *word & bit;

	*word |= bit;
	return before && !f->repeated;
}

static int check_option(const struct policy_peer *peer, const struct field *got,
	uint64_t seen[static SEEN_WORDS], struct field_bytes *out, struct err *err)
{
	const struct opts_field *f = opts_by_number(got->number);
	char path[80];
	struct check c = { .f = f, .path = path, .out = out, .err = err };
	enum policy_says says;
	bool off;

	if (!f) {
		snprintf(path, sizeof(path), "criu_opts.%u", got->number);
		return err_set(err, ERR_FORBIDDEN_OPTION, 0, path,
			"%s: this broker does not know the field", path);
	}
	snprintf(path, sizeof(path), "criu_opts.%s", f->name);
	says = policy_option(policy_class(peer, NULL), f);
	off = says == POLICY_TAKES_FALSE && got->wire == FIELD_VARINT && got->value == 0;
	if (says != POLICY_ALLOWS && !off)
		return refuse(peer, f, path, err);
	if (twice(f, seen))
		return bad(&c, "it is there twice");
	if (off)
		return 0;
	return f->type == OPTS_MESSAGE ? check_message(&c, got) : check_scalar(&c, got);
}

int policy_options(const struct policy_peer *peer, const uint8_t *opts, size_t size, uint8_t **ret,
	size_t *ret_size, struct err *err)
{
	autofieldbytes struct field_bytes out = { 0 };
	autofields struct field_list list = { 0 };
	uint64_t seen[SEEN_WORDS] = { 0 };

	if (size > CONFIG_MAX_OPTS_BYTES)
		return err_set(err, ERR_BAD_REQUEST, 0, "criu_opts",
			"criu_opts: %zu bytes are over the limit of %d", size,
			CONFIG_MAX_OPTS_BYTES);
	if (size && field_list_read(opts, size, &list) < 0)
		return err_set(err, ERR_BAD_REQUEST, 0, "criu_opts",
			"criu_opts: the bytes are no protobuf message, or are cut");
	for (size_t i = 0; i < list.n; i++) {
		struct field field = field_list_get(&list, i);

		if (check_option(peer, &field, seen, &out, err) < 0)
			return -1;
	}
	*ret_size = out.size;
	*ret = TAKE_PTR(out.data);
	return 0;
}
