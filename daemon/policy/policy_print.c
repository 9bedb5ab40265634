/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of options in print. See policy_print.h; what it says is decided in policy.c. */
#include "policy/policy_print.h"

#include "policy/policy.h"

static const char *word(enum policy_class which, const struct opts_field *f)
{
	switch (policy_option(which, f)) {
	case POLICY_ALLOWS:
		return "yes";
	case POLICY_TAKES_FALSE:
		return "false";
	case POLICY_REFUSES:
		break;
	}
	return "no";
}

void policy_print(FILE *out)
{
	size_t n;
	const struct opts_field *all = opts_all(&n);

	(void)fputs("field\tnumber\tfull\town\tfor what\n", out);
	for (size_t i = 0; i < n; i++)
		(void)fprintf(out, "%s\t%u\t%s\t%s\t%s\n", all[i].name, all[i].number,
			word(POLICY_FULL, &all[i]), word(POLICY_OWN, &all[i]),
			all[i].what ?: all[i].reason);
}
