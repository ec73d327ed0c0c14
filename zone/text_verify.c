/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/text_verify.h"

#include <ldns/ldns.h>

#include "conf/base/err.h"

/* The library underneath wants the two numbers of an ECDSA signature in ASN.1, not as they stand in an RRSIG (RFC
 * 6605, 4). */
static ldns_status put_signature(uint8_t algorithm, struct span signature, ldns_buffer *out)
{
	size_t ecdsa = algorithm == LDNS_ECDSAP256SHA256 ? 64 : algorithm == LDNS_ECDSAP384SHA384 ? 96 : 0;

	if (ecdsa == 0) {
		ldns_buffer_reserve(out, signature.len);
		ldns_buffer_write(out, signature.at, signature.len);
		return ldns_buffer_status(out);
	}
	if (signature.len != ecdsa)
		return LDNS_STATUS_CRYPTO_BOGUS;
	ldns_rdf *rdf = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_B64, signature.len, signature.at);
	ldns_status status = rdf ? ldns_convert_ecdsa_rrsig_rdf2asn1(out, rdf) : LDNS_STATUS_MEM_ERR;
	ldns_rdf_deep_free(rdf);
	return status;
}

static ldns_status verify(uint8_t algorithm, struct span public_key, ldns_buffer *raw, struct span data)
{
	ldns_buffer *buffer = ldns_buffer_new(data.len);

	if (buffer == NULL)
		return LDNS_STATUS_MEM_ERR;
	ldns_buffer_write(buffer, data.at, data.len);
	/* It takes the key without const, and does not write to it. */
	ldns_status status = ldns_verify_rrsig_buffers_raw(ldns_buffer_begin(raw), ldns_buffer_position(raw), buffer,
							   (unsigned char *)(uintptr_t)public_key.at, public_key.len,
							   algorithm);
	ldns_buffer_free(buffer);
	return status;
}

int zone_text_verify(uint8_t algorithm, struct span public_key, struct span signature, struct span data)
{
	ldns_buffer *raw = ldns_buffer_new(signature.len);

	if (raw == NULL)
		return ERR_UNAVAILABLE;
	ldns_status status = put_signature(algorithm, signature, raw);
	if (status == LDNS_STATUS_OK)
		status = verify(algorithm, public_key, raw, data);
	ldns_buffer_free(raw);
	switch (status) {
	case LDNS_STATUS_OK: return 0;
	case LDNS_STATUS_CRYPTO_UNKNOWN_ALGO:
	case LDNS_STATUS_MEM_ERR: return ERR_UNAVAILABLE;
	default: return ERR_INVALID;
	}
}
