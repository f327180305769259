/* SPDX-License-Identifier: BSD-2-Clause */
/* Reference values, keys, rules, attestation keys and nonces from files: each option adds to what is there. */
#include "imactl/evidence_sources.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "core/attest/ak.h"
#include "core/attest/reference.h"
#include "imactl/ak_files.h"
#include "imactl/keyring_source.h"
#include "imactl/quote_source.h"
#include "imactl/reference_opts.h"

#define MAX_THREADS 64

static int add_reference(struct evidence_sources *s, const char *path)
{
	struct ima_diag diag = { 0 };
	int r = s->builder ? 0 : ima_reference_builder_new(&s->builder);

	if (r == 0)
		r = ima_reference_load(s->builder, imactl_reference_path(path), &diag);
	return r < 0 ? imactl_fail_diag(EXIT_UNABLE, path, &diag, r) : EXIT_GOOD;
}

static int add_ak_file(struct evidence_sources *s, const char *path)
{
	struct ima_buffer b = { 0 };
	struct ima_diag diag = { 0 };
	struct ima_ak **more = reallocarray(s->aks, s->n_aks + 1, sizeof(*more));
	int r = imactl_read_named(NULL, path, 64U << 10, &b), e;

	if (more)
		s->aks = more;
	if (!r && !more)
		r = imactl_fail(EXIT_UNABLE, "out of memory");
	if (!r && (e = ima_ak_parse(ima_buffer_bytes(&b), &s->aks[s->n_aks], &diag)) < 0)
		r = imactl_fail_diag(EXIT_UNABLE, path, &diag, e);
	s->n_aks += !r;
	ima_buffer_done(&b);
	return r;
}

/* a folder that imactl ak enroll made, or one of such folders and of keys */
static int add_ak(struct evidence_sources *s, const char *path)
{
	ima_cleanup(ima_freep) char *trusted = NULL;
	const size_t before = s->n_aks;
	struct dirent **entries;
	struct stat st;
	int n, r = EXIT_GOOD;

	if (stat(path, &st) < 0)
		return imactl_fail(EXIT_UNABLE, "%s: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return add_ak_file(s, path);
	if (asprintf(&trusted, "%s/trusted.pub", path) < 0)
		return imactl_fail(EXIT_UNABLE, "out of memory");
	if (access(trusted, F_OK) == 0)
		return add_ak_file(s, trusted);
	n = scandir(path, &entries, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		ima_cleanup(ima_freep) char *name = NULL;
		const char *dot = strrchr(entries[i]->d_name, '.');

		if (entries[i]->d_name[0] != '.' && asprintf(&name, "%s/%s", path, entries[i]->d_name) < 0)
			r = imactl_fail(EXIT_UNABLE, "out of memory");
		/* what was only challenged has no trusted.pub, and is not looked into */
		if (!r && name && entries[i]->d_type == DT_DIR) {
			ima_cleanup(ima_freep) char *below = NULL;

			if (asprintf(&below, "%s/trusted.pub", name) >= 0 && access(below, F_OK) == 0)
				r = add_ak_file(s, below);
		} else if (!r && name && dot && (!strcmp(dot, ".pub") || !strcmp(dot, ".pem"))) {
			r = add_ak_file(s, name);
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	if (n < 0)
		return imactl_fail(EXIT_UNABLE, "%s: %s", path, strerror(errno));
	return r || s->n_aks != before ? r : imactl_fail(EXIT_UNABLE, "%s: no trusted.pub in it or below, and no .pub or .pem", path);
}

static int add_ca(struct evidence_sources *s, const char *path)
{
	struct ima_buffer b = { 0 };
	struct ima_diag diag = { 0 };
	int r = imactl_read_named(NULL, path, 64U << 10, &b), e = s->chain ? 0 : ima_ak_chain_new(&s->chain);

	if (!r && e == 0)
		e = ima_ak_chain_add(s->chain, ima_buffer_bytes(&b), &diag);
	if (!r && e < 0)
		r = imactl_fail_diag(EXIT_UNABLE, path, &diag, e);
	ima_buffer_done(&b);
	return r;
}

static int add_keys(struct evidence_sources *s, const char *path)
{
	if (!s->keys && ima_keyring_new(&s->keys) < 0)
		return imactl_fail(EXIT_UNABLE, "out of memory");
	return imactl_keyring_add(s->keys, path);
}

/* a digest of the file's bytes; verification itself does not need it */
static void name_rules(struct evidence_sources *s, struct ima_bytes text)
{
	struct ima_hasher *h = NULL;
	struct ima_digest d;

	if (ima_hasher_new(&h) < 0 || ima_hash_bytes(h, IMA_HASH_SHA256, text, &d) < 0) {
		ima_hasher_free(h);
		return;
	}
	ima_hasher_free(h);
	strcpy(s->rules_id, "urn:imad:rules:sha256:");
	ima_hex_encode(d.data, d.len, s->rules_id + strlen(s->rules_id));
}

static int read_rules(struct evidence_sources *s, const char *path)
{
	struct ima_buffer b = { 0 };
	struct ima_diag diag = { 0 };
	int r = imactl_read_named(NULL, path, 64U << 20, &b), e;

	ima_rules_done(&s->rules);
	if (!r && (e = ima_rules_parse(ima_buffer_bytes(&b), &s->rules, &diag)) < 0)
		r = imactl_fail_diag(EXIT_UNABLE, path, &diag, e);
	if (!r)
		name_rules(s, ima_buffer_bytes(&b));
	ima_buffer_done(&b);
	return r;
}

static int take_skip(struct evidence_sources *s, const char *name)
{
	enum ima_check check;

	if (ima_check_by_name(name, &check) < 0)
		return imactl_fail(EXIT_USAGE, "--skip %s: there is no such check", name);
	s->skip[check] = true;
	return 0;
}

static int take_threads(struct evidence_sources *s, const char *text)
{
	char *end;
	const unsigned long n = strtoul(text, &end, 10);

	if (!n || n > MAX_THREADS || *end || *text == '-')
		return imactl_fail(EXIT_USAGE, "--threads %s: not a number from 1 to %d", text, MAX_THREADS);
	s->n_threads = (unsigned int)n;
	return 0;
}

static int take_nonces(struct evidence_sources *s, const char *path)
{
	s->has_nonces = true;
	return imactl_nonces_read(&s->nonces, path);
}

int evidence_sources_option(struct evidence_sources *s, int opt)
{
	switch (opt) {
	case 'n': s->has_hex = true; return imactl_nonce(optarg, s->nonce, &s->nonce_len);
	case 'N': s->has_text = true; return imactl_nonce_text(optarg, s->nonce, &s->nonce_len);
	case 'M': return take_nonces(s, optarg);
	case 'a': return add_ak(s, optarg);
	case 'A': return add_ca(s, optarg);
	case 'r': return add_reference(s, optarg);
	case 'k': return add_keys(s, optarg);
	case 'R': return read_rules(s, optarg);
	case 's': s->state = optarg; return EXIT_GOOD;
	case 'S': return take_skip(s, optarg);
	case 'T': return take_threads(s, optarg);
	default: return -1;
	}
}

static int make_state_folder(const char *path)
{
	struct stat st;

	if (mkdir(path, 0700) == 0)
		return EXIT_GOOD;
	if (errno == EEXIST && stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return EXIT_GOOD;
		errno = ENOTDIR;
	}
	return imactl_fail(EXIT_UNABLE, "%s: %s", path, strerror(errno));
}

int evidence_sources_finish(struct evidence_sources *s)
{
	if (s->has_nonces + s->has_hex + s->has_text > 1)
		return imactl_fail(EXIT_USAGE, "--nonce, --nonce-text and --nonces: one of them");
	for (unsigned int i = 0; i < IMA_CHECK__LAST; i++)
		s->rules.rules.skip[i] |= s->skip[i];
	if (!s->rules_id[0])
		strcpy(s->rules_id, "urn:imad:rules:default");
	for (unsigned int i = 0; i < IMA_CHECK__LAST; i++)
		if (s->skip[i] && strlen(s->rules_id) + 16 < sizeof(s->rules_id)) {
			strcat(s->rules_id, ":changed");
			break;
		}
	if (s->builder && ima_reference_finish(s->builder, &s->reference) < 0)
		return imactl_fail(EXIT_UNABLE, "out of memory");
	return s->state ? make_state_folder(s->state) : EXIT_GOOD;
}

size_t evidence_sources_nonce(const struct evidence_sources *s, const char *path, uint8_t ret[static IMA_QUOTE_NONCE_MAX])
{
	const char *slash = strrchr(path, '/');

	if (s->has_nonces)
		return imactl_nonces_find(&s->nonces, slash ? slash + 1 : path, ret);
	memcpy(ret, s->nonce, s->nonce_len);
	return s->nonce_len;
}

void evidence_sources_done(struct evidence_sources *s)
{
	ima_rules_done(&s->rules);
	ima_reference_builder_free(s->builder);
	ima_reference_free(s->reference);
	ima_keyring_free(s->keys);
	for (size_t i = 0; i < s->n_aks; i++)
		ima_ak_free(s->aks[i]);
	free(s->aks);
	ima_ak_chain_free(s->chain);
	imactl_nonces_done(&s->nonces);
}
