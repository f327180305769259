/* SPDX-License-Identifier: BSD-2-Clause */
/* The functions in front. Each asks its_turn() and fails as the real one would. */
#include "inject.h"

#define OPENSSL_SUPPRESS_DEPRECATED
#include <errno.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_esys.h>

#include <cmocka.h>

#define MAX_TURNS 20000
#define SLOTS (1U << 18)

static struct {
	bool armed, all, fired;
	enum fault_kind kind;
	unsigned long nth, at;
} fault;

const char *fault_kind_name(enum fault_kind k)
{
	static const char *const names[FAULT__LAST] = { "memory", "crypto", "tpm" };

	return names[k];
}

void fault_arm(enum fault_kind k, unsigned long nth, bool all)
{
	fault.kind = k;
	fault.nth = nth;
	fault.at = 0;
	fault.all = all;
	fault.fired = false;
	fault.armed = true;
}

bool fault_disarm(void)
{
	fault.armed = false;
	return fault.fired;
}

static bool its_turn(enum fault_kind k)
{
	if (!fault.armed || fault.kind != k)
		return false;
	fault.at++;
	if (fault.at != fault.nth && !(fault.all && fault.at > fault.nth))
		return false;
	fault.fired = true;
	return true;
}

/* ------------------------------------------------------------------------------------------ what is held: open addressing */

static uintptr_t held[SLOTS];
static size_t n_held;
#define GONE 1U

static size_t slot_of(uintptr_t p)
{
	return (size_t)(p >> 4) * 2654435761U % SLOTS;
}

static void *hold(void *p)
{
	size_t i = slot_of((uintptr_t)p);

	if (!p)
		return NULL;
	while (held[i] > GONE)
		i = (i + 1) % SLOTS;
	held[i] = (uintptr_t)p;
	n_held++;
	return p;
}

/* what a library made is not among it */
static void let_go(const void *p)
{
	for (size_t i = slot_of((uintptr_t)p); p && held[i]; i = (i + 1) % SLOTS) {
		if (held[i] != (uintptr_t)p)
			continue;
		held[i] = GONE;
		n_held--;
		return;
	}
}

static bool count_nothing;

void fault_count_nothing(void)
{
	count_nothing = true;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t to, size_t n);
void *__real_reallocarray(void *p, size_t n, size_t size);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
int __real_vasprintf(char **ret, const char *fmt, va_list ap);
void __real_free(void *p);

void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t to, size_t n);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);
int __wrap_vasprintf(char **ret, const char *fmt, va_list ap);
int __wrap_asprintf(char **ret, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void __wrap_free(void *p);

static bool no_memory(void)
{
	if (!its_turn(FAULT_MEMORY))
		return false;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t n)
{
	return no_memory() ? NULL : hold(__real_malloc(n));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return no_memory() ? NULL : hold(__real_calloc(n, size));
}

void *__wrap_realloc(void *p, size_t n)
{
	if (no_memory())
		return NULL;
	let_go(p);
	return hold(__real_realloc(p, n));
}

void *__wrap_aligned_alloc(size_t to, size_t n)
{
	return no_memory() ? NULL : hold(__real_aligned_alloc(to, n));
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	if (no_memory())
		return NULL;
	let_go(p);
	return hold(__real_reallocarray(p, n, size));
}

char *__wrap_strdup(const char *s)
{
	return no_memory() ? NULL : hold(__real_strdup(s));
}

char *__wrap_strndup(const char *s, size_t n)
{
	return no_memory() ? NULL : hold(__real_strndup(s, n));
}

int __wrap_vasprintf(char **ret, const char *fmt, va_list ap)
{
	const int n = no_memory() ? -1 : __real_vasprintf(ret, fmt, ap);

	if (n >= 0)
		hold(*ret);
	return n;
}

int __wrap_asprintf(char **ret, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = __wrap_vasprintf(ret, fmt, ap);
	va_end(ap);
	return n;
}

void __wrap_free(void *p)
{
	let_go(p);
	__real_free(p);
}

/* ------------------------------------------------------------------------------------------ libcrypto, TSS */

#define FRONT(kind, type, failed, name, params, args)                                              \
	type __real_##name params;                                                                 \
	type __wrap_##name params;                                                                 \
	type __wrap_##name params                                                                  \
	{                                                                                          \
		return its_turn(kind) ? (failed) : __real_##name args;                             \
	}
#define CRYPTO(type, failed, name, params, args) FRONT(FAULT_CRYPTO, type, failed, name, params, args)

CRYPTO(OSSL_LIB_CTX *, NULL, OSSL_LIB_CTX_new, (void), ())
CRYPTO(OSSL_PROVIDER *, NULL, OSSL_PROVIDER_load, (OSSL_LIB_CTX *l, const char *name), (l, name))
CRYPTO(EVP_MD *, NULL, EVP_MD_fetch, (OSSL_LIB_CTX *l, const char *a, const char *p), (l, a, p))
CRYPTO(EVP_MD_CTX *, NULL, EVP_MD_CTX_new, (void), ())
CRYPTO(int, 0, EVP_DigestInit_ex2, (EVP_MD_CTX *c, const EVP_MD *m, const OSSL_PARAM p[]), (c, m, p))
CRYPTO(int, 0, EVP_DigestUpdate, (EVP_MD_CTX *c, const void *d, size_t n), (c, d, n))
CRYPTO(int, 0, EVP_DigestFinal_ex, (EVP_MD_CTX *c, unsigned char *d, unsigned int *n), (c, d, n))
CRYPTO(unsigned char *, NULL, EVP_Q_mac,
       (OSSL_LIB_CTX *l, const char *name, const char *q, const char *sub, const OSSL_PARAM *p, const void *key, size_t klen,
	const unsigned char *data, size_t len, unsigned char *out, size_t size, size_t *ret),
       (l, name, q, sub, p, key, klen, data, len, out, size, ret))
CRYPTO(BIO *, NULL, BIO_new_mem_buf, (const void *b, int n), (b, n))
CRYPTO(X509 *, NULL, d2i_X509, (X509 **x, const unsigned char **in, long n), (x, in, n))
CRYPTO(X509 *, NULL, d2i_X509_bio, (BIO *b, X509 **x), (b, x))
CRYPTO(X509 *, NULL, PEM_read_bio_X509, (BIO *b, X509 **x, pem_password_cb *cb, void *u), (b, x, cb, u))
CRYPTO(EVP_PKEY *, NULL, X509_get0_pubkey, (const X509 *x), (x))
CRYPTO(const ASN1_OCTET_STRING *, NULL, X509_get0_subject_key_id, (X509 *x), (x))
CRYPTO(EVP_PKEY *, NULL, PEM_read_bio_PrivateKey, (BIO *b, EVP_PKEY **k, pem_password_cb *cb, void *u), (b, k, cb, u))
CRYPTO(EVP_PKEY *, NULL, d2i_PrivateKey_bio, (BIO *b, EVP_PKEY **k), (b, k))
CRYPTO(EVP_PKEY_CTX *, NULL, EVP_PKEY_CTX_new_from_pkey, (OSSL_LIB_CTX *l, EVP_PKEY *k, const char *q), (l, k, q))
CRYPTO(int, 0, EVP_PKEY_get_bn_param, (const EVP_PKEY *k, const char *name, BIGNUM **n), (k, name, n))
CRYPTO(BIGNUM *, NULL, BN_new, (void), ())
CRYPTO(BIGNUM *, NULL, BN_bin2bn, (const unsigned char *s, int len, BIGNUM *n), (s, len, n))
CRYPTO(int, -1, BN_bn2binpad, (const BIGNUM *n, unsigned char *to, int len), (n, to, len))
CRYPTO(BN_CTX *, NULL, BN_CTX_new, (void), ())
CRYPTO(BN_MONT_CTX *, NULL, BN_MONT_CTX_new, (void), ())
CRYPTO(int, 0, BN_MONT_CTX_set, (BN_MONT_CTX *m, const BIGNUM *n, BN_CTX *c), (m, n, c))
CRYPTO(int, 0, BN_to_montgomery, (BIGNUM *r, const BIGNUM *a, BN_MONT_CTX *m, BN_CTX *c), (r, a, m, c))
CRYPTO(int, 0, BN_mod_mul_montgomery, (BIGNUM *r, const BIGNUM *a, const BIGNUM *b, BN_MONT_CTX *m, BN_CTX *c), (r, a, b, m, c))
CRYPTO(BIGNUM *, NULL, BN_dup, (const BIGNUM *n), (n))
CRYPTO(BIGNUM *, NULL, BN_mod_inverse, (BIGNUM *r, const BIGNUM *a, const BIGNUM *n, BN_CTX *c), (r, a, n, c))
CRYPTO(int, 0, BN_mod_mul, (BIGNUM *r, const BIGNUM *a, const BIGNUM *b, const BIGNUM *n, BN_CTX *c), (r, a, b, n, c))
CRYPTO(int, 0, BN_nnmod, (BIGNUM *r, const BIGNUM *a, const BIGNUM *n, BN_CTX *c), (r, a, n, c))
CRYPTO(int, 0, EVP_PKEY_get_group_name, (const EVP_PKEY *k, char *name, size_t room, size_t *len), (k, name, room, len))
CRYPTO(int, 0, EVP_PKEY_get_octet_string_param, (const EVP_PKEY *k, const char *name, unsigned char *to, size_t room, size_t *len),
       (k, name, to, room, len))
CRYPTO(EC_GROUP *, NULL, EC_GROUP_new_by_curve_name, (int nid), (nid))
CRYPTO(int, 0, EC_GROUP_set_generator, (EC_GROUP *g, const EC_POINT *p, const BIGNUM *order, const BIGNUM *cofactor), (g, p, order, cofactor))
CRYPTO(int, 0, EC_GROUP_precompute_mult, (EC_GROUP *g, BN_CTX *c), (g, c))
CRYPTO(int, 0, EC_GROUP_have_precompute_mult, (const EC_GROUP *g), (g))
CRYPTO(EC_POINT *, NULL, EC_POINT_new, (const EC_GROUP *g), (g))
CRYPTO(int, 0, EC_POINT_oct2point, (const EC_GROUP *g, EC_POINT *p, const unsigned char *b, size_t n, BN_CTX *c), (g, p, b, n, c))
CRYPTO(int, 0, EC_POINT_mul, (const EC_GROUP *g, EC_POINT *r, const BIGNUM *n, const EC_POINT *q, const BIGNUM *m, BN_CTX *c), (g, r, n, q, m, c))
CRYPTO(int, 0, EC_POINT_add, (const EC_GROUP *g, EC_POINT *r, const EC_POINT *a, const EC_POINT *b, BN_CTX *c), (g, r, a, b, c))
CRYPTO(int, -1, EC_POINT_cmp, (const EC_GROUP *g, const EC_POINT *a, const EC_POINT *b, BN_CTX *c), (g, a, b, c))
CRYPTO(int, 0, EC_POINT_get_affine_coordinates, (const EC_GROUP *g, const EC_POINT *p, BIGNUM *x, BIGNUM *y, BN_CTX *c), (g, p, x, y, c))
CRYPTO(int, 0, EVP_PKEY_verify_init, (EVP_PKEY_CTX *c), (c))
CRYPTO(int, -1, EVP_PKEY_verify,
       (EVP_PKEY_CTX *c, const unsigned char *s, size_t sn, const unsigned char *d, size_t dn), (c, s, sn, d, dn))
CRYPTO(int, 0, EVP_PKEY_sign_init, (EVP_PKEY_CTX *c), (c))
CRYPTO(int, 0, EVP_PKEY_sign,
       (EVP_PKEY_CTX *c, unsigned char *s, size_t *sn, const unsigned char *d, size_t dn), (c, s, sn, d, dn))
CRYPTO(int, 0, EVP_PKEY_CTX_set_signature_md, (EVP_PKEY_CTX *c, const EVP_MD *m), (c, m))
CRYPTO(int, 0, EVP_PKEY_CTX_set_rsa_padding, (EVP_PKEY_CTX *c, int pad), (c, pad))
CRYPTO(int, 0, EVP_PKEY_up_ref, (EVP_PKEY *k), (k))
CRYPTO(EVP_PKEY *, NULL, EVP_PKEY_dup, (EVP_PKEY *k), (k))

#define TPM(name, params, args) FRONT(FAULT_TPM, TSS2_RC, TSS2_ESYS_RC_GENERAL_FAILURE, name, params, args)

TPM(Esys_Initialize, (ESYS_CONTEXT **c, TSS2_TCTI_CONTEXT *t, TSS2_ABI_VERSION *v), (c, t, v))
TPM(Esys_Startup, (ESYS_CONTEXT *c, TPM2_SU s), (c, s))
TPM(Esys_GetCapability,
    (ESYS_CONTEXT *c, ESYS_TR a, ESYS_TR b, ESYS_TR d, TPM2_CAP cap, UINT32 p, UINT32 n, TPMI_YES_NO *more, TPMS_CAPABILITY_DATA **ret),
    (c, a, b, d, cap, p, n, more, ret))
TPM(Esys_PCR_Extend,
    (ESYS_CONTEXT *c, ESYS_TR pcr, ESYS_TR a, ESYS_TR b, ESYS_TR d, const TPML_DIGEST_VALUES *v), (c, pcr, a, b, d, v))
TPM(Esys_PCR_Read,
    (ESYS_CONTEXT *c, ESYS_TR a, ESYS_TR b, ESYS_TR d, const TPML_PCR_SELECTION *in, UINT32 *n, TPML_PCR_SELECTION **out,
     TPML_DIGEST **v),
    (c, a, b, d, in, n, out, v))

/* ------------------------------------------------------------------------------------------ turns */

static void one_turn(enum fault_kind k, int (*scenario)(void), unsigned long nth, bool all, bool *ret_fired)
{
	const size_t before = n_held;
	int r;

	fault_arm(k, nth, all);
	r = scenario();
	*ret_fired = fault_disarm();
	if (!*ret_fired && r < 0)
		fail_msg("%s, turn %lu: nothing was made to fail, and it says %d", fault_kind_name(k), nth, r);
	if (n_held != before && !count_nothing)
		fail_msg("%s, turn %lu%s: %zu blocks more than before", fault_kind_name(k), nth, all ? " and on" : "",
			 n_held - before);
}

unsigned long fault_turns(enum fault_kind k, int (*scenario)(void))
{
	unsigned long n = 0;
	bool fired;

	if (scenario() < 0) /* what is made once in the process's life is made now */
		fail_msg("%s: it fails by itself", fault_kind_name(k));
	one_turn(k, scenario, 0, false, &fired);
	for (unsigned int all = 0; all < 2; all++)
		for (unsigned long nth = 1;; nth++) {
			one_turn(k, scenario, nth, all, &fired);
			if (!fired)
				break;
			n++;
			if (nth > MAX_TURNS)
				fail_msg("%s: more than %u calls", fault_kind_name(k), MAX_TURNS);
		}
	return n;
}
