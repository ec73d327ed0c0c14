/* SPDX-License-Identifier: Apache-2.0 */
#include "server/anycast/orders.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "server/textbuf.h"

enum { FILE_BYTES_MAX = 64 << 10 };
static const char first_line[] = "catchment-orders 1\n";

static char *path_of(const char *state_dir)
{
	return mem_format("%s/orders", state_dir);
}

static bool parse_order(const char *word, size_t len, enum machine_order *ret)
{
	for (int order = MACHINE_DRAIN; order <= MACHINE_FORCE; order++) {
		const char *name = machine_order_name((enum machine_order)order);

		if (strlen(name) == len && memcmp(name, word, len) == 0) {
			*ret = (enum machine_order)order;
			return true;
		}
	}
	return false;
}

/* "drain 1767225600 dns"; a service that is not configured any more is passed over. */
static bool parse_line(const char *line, size_t len, struct order *orders, size_t count)
{
	size_t word = strcspn(line, " ");
	enum machine_order order;
	char *end;

	if (word >= len || !parse_order(line, word, &order))
		return false;
	intmax_t at = strtoimax(line + word + 1, &end, 10);
	if (*end != ' ' || end + 1 >= line + len)
		return false;
	const char *name = end + 1;
	size_t name_len = (size_t)(line + len - name);
	for (size_t i = 0; i < count; i++) {
		if (strlen(orders[i].service) == name_len && memcmp(orders[i].service, name, name_len) == 0) {
			orders[i].order = order;
			orders[i].at = at;
		}
	}
	return true;
}

int orders_parse(const char *text, struct order *orders, size_t count)
{
	if (strncmp(text, first_line, sizeof first_line - 1) != 0)
		return ERR_FORMAT;
	for (text += sizeof first_line - 1; *text != '\0';) {
		size_t len = strcspn(text, "\n");

		if (text[len] != '\n' || !parse_line(text, len, orders, count))
			return ERR_FORMAT;
		text += len + 1;
	}
	return 0;
}

int orders_read(const char *state_dir, struct order *orders, size_t count, struct err_note *note)
{
	char *path = path_of(state_dir);
	uint8_t *text;
	size_t len;
	int err = file_read(path, FILE_BYTES_MAX, &text, &len);

	if (err == 0) {
		err = strlen((const char *)text) == len ? orders_parse((const char *)text, orders, count) : ERR_FORMAT;
		mem_free(text);
	}
	if (err != 0 && err != -ENOENT) {
		err_note_set(note, path, 0, "orders of operators: %s: everything is withdrawn until undrain", err_text(err));
		for (size_t i = 0; i < count; i++) {
			orders[i].order = MACHINE_WITHDRAW;
			orders[i].at = clock_wall_s();
		}
	}
	mem_free(path);
	return err == -ENOENT ? 0 : err;
}

int orders_write(const char *state_dir, const struct order *orders, size_t count)
{
	struct textbuf text = { 0 };
	char *path = path_of(state_dir);

	textbuf_add(&text, "%s", first_line);
	for (size_t i = 0; i < count; i++) {
		if (orders[i].order != MACHINE_NO_ORDER)
			textbuf_add(&text, "%s %" PRId64 " %s\n", machine_order_name(orders[i].order), orders[i].at,
				    orders[i].service);
	}
	int err = file_replace(path, text.at, text.len, 0644);
	textbuf_fini(&text);
	mem_free(path);
	return err;
}
