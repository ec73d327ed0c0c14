/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/board.h"

#include <inttypes.h>
#include <stdio.h>

#include "conf/base/clock.h"
#include "sync/dataset.h"
#include "sync/manifest.h"

enum { SUM_SHOWN = 16 };	/* hexadecimal digits: enough to see a difference that nobody made on purpose */

static size_t tell_node(const struct sync_board *board, char *buf, size_t size)
{
	int64_t checked = atomic_load(&board->checked_boot_s);
	const char *state = atomic_load(&board->state);
	int len = snprintf(buf, size, "ts=%" PRId64 ";snap=%" PRId64 ";gen=%" PRIu64 ";state=%s;age=", atomic_load(&board->timestamp),
			   atomic_load(&board->snapshot), atomic_load(&board->generation), state != NULL ? state : "EMPTY");

	if (checked == INT64_MIN)
		len += snprintf(buf + len, size - (size_t)len, "never");
	else
		len += snprintf(buf + len, size - (size_t)len, "%" PRId64, clock_boot_s() - checked);
	return (size_t)len;
}

static size_t tell_zone(const struct dataset *dataset, const struct name *apex, char *buf, size_t size)
{
	const struct zone_entry *zone = zone_set_get(dataset->zones, apex);
	const struct manifest_item *item =
		zone != NULL ? dataset->zone_infos[zone_set_index(dataset->zones, zone)].item : NULL;

	/* A zone of the configuration is nothing that the master knows. */
	if (item == NULL)
		return 0;
	return (size_t)snprintf(buf, size, "head=%" PRIu32 ";rel=%" PRId64 ";sum=%.*s;rollout=%s%s", item->head, item->release,
				SUM_SHOWN, item->sum[0] != '\0' ? item->sum : "none", item->held_back ? "prev" : "in",
				zone->aged ? ";aged" : "");
}

static size_t text(const struct zone_tell *zone, const struct name *apex, char *buf, size_t size)
{
	const struct board_tell *tell = (const struct board_tell *)(const void *)zone;

	return apex == NULL ? tell_node(tell->board, buf, size) : tell_zone(tell->dataset, apex, buf, size);
}

void board_tell_init(struct board_tell *tell, const struct sync_board *board, const struct dataset *dataset,
		     const struct prefixes *allow)
{
	*tell = (struct board_tell){ .zone = { .allow = &tell->allow, .text = text }, .board = board, .dataset = dataset };
	prefixes_copy(&tell->allow, allow);
}

void board_tell_fini(struct board_tell *tell)
{
	prefixes_fini(&tell->allow);
}
