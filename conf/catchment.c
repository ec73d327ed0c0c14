/* SPDX-License-Identifier: Apache-2.0 */
/* The section catchment of conf/build.h. */
#include "conf/build.h"

#include "conf/base/file.h"
#include "conf/value.h"

void conf_build_catchment(struct conf_build *build)
{
	static const struct conf_raw_catchment none;
	const struct conf_raw_catchment *raw = build->raw->catchment ? build->raw->catchment : &none;
	struct conf_catchment *catchment = &build->conf->catchment;

	catchment->enabled = conf_value_bool("catchment.enabled", raw->enabled);
	catchment->ipv4_prefix_length =
		(uint8_t)conf_value_number("catchment.ipv4-prefix-length", raw->ipv4_prefix_length);
	catchment->ipv6_prefix_length =
		(uint8_t)conf_value_number("catchment.ipv6-prefix-length", raw->ipv6_prefix_length);
	catchment->top = (unsigned)conf_value_number("catchment.top", raw->top);
	catchment->metrics_top = (unsigned)conf_value_number("catchment.metrics-top", raw->metrics_top);
	catchment->window_s = (uint32_t)(conf_value_duration("catchment.window", raw->window) / 1000);
	if (raw->as_table != NULL)
		catchment->as_table = file_beside(build->file, raw->as_table);
}
