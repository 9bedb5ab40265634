/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers in criu's table. See numbers.h. */
#include "worker/numbers.h"

#include <stdint.h>

#include "base/cleanup.h"

#define SERVICE_FDS 64 /* criu's own, with room to spare: about 33 in 4.1.1 */
#define ROUNDED_TO  128

int numbers_highest(unsigned long nofile)
{
	unsigned long usable = (nofile > INT32_MAX ? INT32_MAX : nofile) / ROUNDED_TO * ROUNDED_TO;

	return usable > SERVICE_FDS + NUMBERS_FIRST ? (int)(usable - SERVICE_FDS) : -1;
}

/* Who has a number: index of the mapping plus one, or OWN; 0: free. */
#define OWN UINT32_MAX

static int check_agreed(const int *numbers, size_t i, int highest, uint32_t *taken, struct err *err)
{
	int number = numbers[i];
	char field[32];

	err_field(field, sizeof(field), "mappings", i, "number");
	if (number < 0)
		return err_set(err, ERR_BAD_REQUEST, 0, field, "%s: %d is negative", field, number);
	if (number < NUMBERS_FIRST)
		return err_set(err, ERR_BAD_REQUEST, 0, field,
			"%s: %d is one of criu's standard descriptors; agreed numbers begin at %d",
			field, number, NUMBERS_FIRST);
	if (number > highest)
		return err_set(err, ERR_BAD_REQUEST, 0, field,
			"%s: %d is over the limit of %d (RLIMIT_NOFILE of the broker, less what criu needs)",
			field, number, highest);
	if (taken[number])
		return err_set(err, ERR_BAD_REQUEST, 0, field, "%s: %d is taken by mappings[%u]",
			field, number, taken[number] - 1);
	taken[number] = (uint32_t)i + 1;
	return 0;
}

static int lowest_free(const uint32_t *taken, int highest, int *next)
{
	while (*next <= highest && taken[*next])
		++*next;
	return *next <= highest ? *next : -1;
}

static int no_number(struct err *err, int highest)
{
	return err_set(err, ERR_LIMIT, 0, "mappings",
		"mappings: no number up to %d is left in criu's table", highest);
}

int numbers_assign(int *numbers, size_t n, int highest, int *own, size_t n_own, struct err *err)
{
	autofree uint32_t *taken = calloc((size_t)highest + 1, sizeof(*taken));
	int next = NUMBERS_FIRST;

	if (!taken)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for %zu mappings", n);
	for (size_t i = 0; i < n; i++)
		if (numbers[i] != NUMBERS_NONE && check_agreed(numbers, i, highest, taken, err) < 0)
			return -1;
	for (size_t i = 0; i < n_own; i++) {
		own[i] = lowest_free(taken, highest, &next);
		if (own[i] < 0)
			return no_number(err, highest);
		taken[own[i]] = OWN;
	}
	for (size_t i = 0; i < n; i++) {
		if (numbers[i] != NUMBERS_NONE)
			continue;
		numbers[i] = lowest_free(taken, highest, &next);
		if (numbers[i] < 0)
			return no_number(err, highest);
		next++;
	}
	return 0;
}
