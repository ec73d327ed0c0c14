/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/tsig.h"

enum { BADKEY = 17 };	/* TSIG error */

bool tsig_read(struct span owner, struct span rdata, struct tsig *ret_tsig)
{
	struct reader reader = reader_of(rdata.at, rdata.len);

	if (name_from_wire(owner.at, owner.len, &ret_tsig->key) != 0 || name_read(&reader, &ret_tsig->algorithm) != 0)
		return false;
	struct span time_signed = reader_take(&reader, sizeof ret_tsig->time_signed);
	ret_tsig->fudge = reader_u16(&reader);
	reader_take(&reader, reader_u16(&reader));	/* MAC */
	ret_tsig->original_id = reader_u16(&reader);
	reader_u16(&reader);				/* error */
	reader_take(&reader, reader_u16(&reader));	/* other data */
	if (reader.bad || reader_left(&reader) != 0)
		return false;
	memcpy(ret_tsig->time_signed, time_signed.at, time_signed.len);
	ret_tsig->present = true;
	return true;
}

size_t tsig_write_badkey(const struct tsig *tsig, uint8_t *out)
{
	uint8_t *at = out + tsig->key.len;

	memcpy(out, tsig->key.wire, tsig->key.len);
	dns_put_u16(at, DNS_TSIG);
	dns_put_u16(at + 2, DNS_CLASS_ANY);
	dns_put_u32(at + 4, 0);
	dns_put_u16(at + 8, (uint16_t)(tsig->algorithm.len + 16));
	at += DNS_RR_FIXED_BYTES;
	memcpy(at, tsig->algorithm.wire, tsig->algorithm.len);
	at += tsig->algorithm.len;
	memcpy(at, tsig->time_signed, sizeof tsig->time_signed);
	dns_put_u16(at + 6, tsig->fudge);
	dns_put_u16(at + 8, 0);		/* no MAC: there is no key to make one with */
	dns_put_u16(at + 10, tsig->original_id);
	dns_put_u16(at + 12, BADKEY);
	dns_put_u16(at + 14, 0);
	return (size_t)(at + 16 - out);
}
