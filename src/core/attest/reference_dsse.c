/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DSSE envelopes, version 1 of the protocol. What is signed is the sha256 digest of
 *   "DSSEv1" SP len(type) SP type SP len(payload) SP payload      lengths in decimal
 * Nothing of an envelope is looked at before a signature by one of the given keys was found good.
 */
#include <errno.h>
#include <string.h>

#include "base/diag.h"
#include "core/attest/keylime.h"
#include "core/attest/reference_forms_internal.h"

#define PAYLOAD_TYPE "application/vnd.keylime+json"
#define MAX_SIGNATURES 64

static int digest_of(struct ima_hasher *h, const char *type, struct ima_bytes payload, struct ima_digest *ret)
{
	ima_cleanup(ima_buffer_done) struct ima_buffer head = { 0 };
	struct ima_bytes parts[2] = { [1] = payload };
	int r = ima_buffer_printf(&head, "DSSEv1 %zu %s %zu ", strlen(type), type, payload.len);

	parts[0] = ima_buffer_bytes(&head);
	return r < 0 ? r : ima_hash_parts(h, IMA_HASH_SHA256, parts, 2, ret);
}

static int put_base64(struct ima_buffer *out, const char *before, struct ima_bytes data, const char *after)
{
	int r = ima_buffer_append_str(out, before);

	if (r == 0)
		r = ima_base64(data, out);
	return r < 0 ? r : ima_buffer_append_str(out, after);
}

int ima_dsse_write(const struct ima_reference *r, struct ima_form_opts *opts, struct ima_buffer *out)
{
	ima_cleanup(ima_buffer_done) struct ima_buffer payload = { 0 };
	ima_cleanup(ima_buffer_done) struct ima_buffer sig = { 0 };
	struct ima_digest d;
	int e = opts->sign && opts->h ? ima_keylime_policy_write(r, opts, &payload) : -EINVAL;

	if (e == 0)
		e = digest_of(opts->h, PAYLOAD_TYPE, ima_buffer_bytes(&payload), &d);
	if (e == 0)
		e = opts->sign(opts->user, &d, &sig);
	if (e == 0)
		e = put_base64(out, "{\"payload\": \"", ima_buffer_bytes(&payload), "\", \"payloadType\": \"" PAYLOAD_TYPE "\", \"signatures\": [{\"keyid\": \"");
	if (e == 0)
		e = ima_buffer_append_str(out, opts->keyid ? opts->keyid : "");
	return e < 0 ? e : put_base64(out, "\", \"sig\": \"", ima_buffer_bytes(&sig), "\"}]}\n");
}

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

/* the standard and the URL-safe alphabet, as the protocol allows both; -EBADMSG */
static int decode(const json_t *v, struct ima_buffer *out)
{
	const char *text = json_string_value(v);
	size_t len = json_string_length(v);
	uint32_t word = 0;
	int r = text ? 0 : -EBADMSG;

	for (size_t pad = 0; r == 0 && pad < 2 && len && text[len - 1] == '='; pad++)
		len--;
	if (len % 4 == 1)
		return -EBADMSG;
	if (r == 0)
		r = ima_buffer_reserve(out, len / 4 * 3 + 3);
	for (size_t i = 0; i < len && r == 0; i++) {
		const int c = value_of(text[i]);

		if (c < 0)
			return -EBADMSG;
		word = word << 6 | (uint32_t)c;
		if (i % 4)
			r = ima_buffer_append_u8(out, (uint8_t)(word >> (6 - 2 * (i % 4))));
	}
	return r;
}

static bool is_signed_by(const struct ima_keyring *keys, struct ima_bytes sig, const struct ima_digest *d)
{
	for (size_t i = 0; i < ima_keyring_n_keys(keys); i++)
		if (ima_key_verify(ima_keyring_key(keys, i), sig, d) == IMA_SIG_GOOD)
			return true;
	return false;
}

static int check_signatures(const json_t *list, const struct ima_keyring *keys, const struct ima_digest *d, struct ima_diag *diag)
{
	json_t *item;
	size_t i;

	if (!json_is_array(list) || !json_array_size(list) || json_array_size(list) > MAX_SIGNATURES)
		return ima_diag_text(diag, -EBADMSG, "an envelope has a list of 1 to %d signatures", MAX_SIGNATURES);
	json_array_foreach(list, i, item) {
		ima_cleanup(ima_buffer_done) struct ima_buffer sig = { 0 };

		if (decode(json_object_get(item, "sig"), &sig) < 0)
			return ima_diag_text(diag, -EBADMSG, "signature %zu of the envelope is no base64", i + 1);
		if (is_signed_by(keys, ima_buffer_bytes(&sig), d))
			return 0;
	}
	return ima_diag_text(diag, -EKEYREJECTED, "none of the given keys signed the envelope as it is");
}

int ima_dsse_open(const json_t *root, const struct ima_keyring *keys, struct ima_buffer *ret, struct ima_diag *diag)
{
	const char *type = json_string_value(json_object_get(root, "payloadType"));
	struct ima_hasher *h = NULL;
	struct ima_digest d;
	int r;

	if (!keys)
		return ima_diag_text(diag, -EKEYREJECTED, "a signed envelope, and no key is given that it should be signed by (-k)");
	if (!type || strcmp(type, PAYLOAD_TYPE))
		return ima_diag_text(diag, -EBADMSG, "the envelope's payloadType is not " PAYLOAD_TYPE);
	r = decode(json_object_get(root, "payload"), ret);
	if (r < 0)
		return r == -EBADMSG ? ima_diag_text(diag, r, "the envelope's payload is no base64") : r;
	r = ima_hasher_new(&h);
	if (r == 0)
		r = digest_of(h, type, ima_buffer_bytes(ret), &d);
	ima_hasher_free(h);
	return r < 0 ? r : check_signatures(json_object_get(root, "signatures"), keys, &d, diag);
}
