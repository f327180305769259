/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verifying evidence: a quote, the list it anchors, the firmware's log. Every check has its own named result, and one that could not run is never
 * a pass.
 *
 * A verifier is made once of rules, reference values, keys and trusted attestation keys, which it borrows; any number of threads then check
 * evidence with it, each with a hasher of its own. What one finds out of a record or a signature serves the others.
 */
#pragma once

#include <ima/eventlog.h>
#include <ima/mlist.h>
#include <ima/paths.h>
#include <ima/policy.h>
#include <ima/quote.h>
#include <ima/reference.h>
#include <ima/replay.h>
#include <ima/sig.h>

#ifdef __cplusplus
extern "C" {
#endif

/** enum ima_check - what is checked, in the order it is told */
enum ima_check {
	IMA_CHECK_ARCHIVE = 0,    /* the archive is whole and says nothing twice; who hands evidence over in memory vouches for that */
	IMA_CHECK_AK,             /* the attestation key is one that is trusted */
	IMA_CHECK_QUOTE,          /* a quote, by a TPM */
	IMA_CHECK_SIGNATURE,      /* signed by that key */
	IMA_CHECK_NONCE,          /* made for this question, and for no earlier one */
	IMA_CHECK_PCR_SELECTION,  /* the quote covers every PCR that the list uses, in an accepted bank */
	IMA_CHECK_PCR_DIGEST,     /* the values that came along are those of the quote */
	IMA_CHECK_CLOCK,          /* resets, restarts and time go on from the last time */
	IMA_CHECK_LIST,           /* the list can be read, goes on where the last one ended, and each digest is that of its data */
	IMA_CHECK_REPLAY,         /* the list leads to the quoted values */
	IMA_CHECK_TAIL,           /* no more records after the quoted ones than allowed */
	IMA_CHECK_EVENT_LOG,      /* the firmware's log leads to the quoted boot PCRs */
	IMA_CHECK_BOOT_AGGREGATE, /* the list's first record is of the quoted boot PCRs */
	IMA_CHECK_FILES,          /* each file has a reference value or a good signature, or is excluded */
	IMA_CHECK_FILE_SIGNATURES,/* no file has a bad signature, where they are asked for */
	IMA_CHECK_KEYS,           /* each key that was added to a keyring is allowed */
	IMA_CHECK_BUFFERS,        /* each other buffer is allowed */
	IMA_CHECK_POLICY,         /* each policy that was loaded is allowed */
	IMA_CHECK_VIOLATIONS,     /* no more files were open for writing while they were measured than allowed */
	IMA_CHECK_GAPS,           /* no time without measurement */
	IMA_CHECK__LAST
};

const char *ima_check_name(enum ima_check c); /* "archive", "ak", ...; NULL out of range */
ima_must_check int ima_check_by_name(const char *name, enum ima_check *ret); /* -ENOENT */

/** enum ima_check_status - zero is never good */
enum ima_check_status {
	IMA_CHECK_UNABLE = 0, /* could not be made: something is missing */
	IMA_CHECK_PASS,
	IMA_CHECK_FAIL,
	IMA_CHECK_SKIPPED,    /* the rules leave it out, or there is nothing that asks for it */
	IMA_CHECK_STATUS__LAST
};
const char *ima_check_status_name(enum ima_check_status s); /* "unable", "pass", "fail", "skipped" */

/** enum ima_entry_verdict - what was found of one record; zero is never good */
enum ima_entry_verdict {
	IMA_ENTRY_UNCHECKED = 0,
	/* good */
	IMA_ENTRY_KNOWN,          /* a reference value */
	IMA_ENTRY_SIGNED,         /* a good signature by a trusted key */
	IMA_ENTRY_EXCLUDED,       /* the rules leave it out */
	IMA_ENTRY_BOOT_AGGREGATE, /* judged by the quote */
	IMA_ENTRY_ALLOWED,        /* a key, buffer or policy that the rules name, or that is only reported */
	/* judged by number or by place */
	IMA_ENTRY_VIOLATION,
	IMA_ENTRY_GAP,
	/* bad */
	IMA_ENTRY_UNKNOWN,        /* neither path nor digest is known */
	IMA_ENTRY_CHANGED,        /* the path is known, with another digest */
	IMA_ENTRY_MOVED,          /* the digest is known, of another path */
	IMA_ENTRY_EXPIRED,        /* its reference value has expired */
	IMA_ENTRY_UNSIGNED,       /* a signature is required, and there is none */
	IMA_ENTRY_BAD_SIGNATURE,  /* the key did not make it, or its key is not trusted or revoked */
	IMA_ENTRY_WEAK,           /* hashed or signed by what the rules do not accept */
	IMA_ENTRY_UNKNOWN_KEY,
	IMA_ENTRY_UNKNOWN_BUFFER,
	IMA_ENTRY_UNKNOWN_POLICY,
	IMA_ENTRY_BAD_BUFFER,     /* its digest is not that of its data */
	IMA_ENTRY_BAD_DIGEST,     /* the template digest is not that of the record's data */
	IMA_ENTRY_FOREIGN_PCR,    /* of a PCR that the rules do not expect */
	IMA_ENTRY_MALFORMED,      /* no name or no digest, or one that makes no sense */
	IMA_ENTRY__LAST
};
const char *ima_entry_verdict_name(enum ima_entry_verdict v); /* "known", "changed", ... */
bool ima_entry_is_good(enum ima_entry_verdict v);

enum ima_rules_signatures {
	IMA_SIGNATURES_ACCEPT = 0, /* a good signature is as good as a reference value */
	IMA_SIGNATURES_REQUIRE,    /* every file needs one, and where there are reference values, one of those as well */
	IMA_SIGNATURES_IGNORE,
	IMA_SIGNATURES__LAST
};

#define IMA_UNLIMITED UINT64_MAX

/** struct ima_attest_rules - what is asked of evidence; zeroed: everything, nothing tolerated. Pointers are borrowed; NULL: none */
struct ima_attest_rules {
	bool skip[IMA_CHECK__LAST];
	const struct ima_paths *excludes;
	uint32_t pcrs;             /* bitmap of the PCRs that a list may use; 0: PCR 10 */
	uint32_t algorithms;       /* bitmap of enum ima_hash_algo, of files and signatures; 0: sha256, sha384, sha512, the sha3s, sm3 */
	uint32_t banks;            /* of the quote; 0: as @algorithms */
	unsigned int min_rsa_bits; /* of attestation and signing keys; 0: 2048 */
	unsigned int min_ec_bits;  /* 0: 256 */
	enum ima_rules_signatures signatures;
	uint64_t max_violations;
	const struct ima_paths *violation_paths; /* violations of these do not count */
	uint64_t max_gaps;
	bool limit_tail;
	uint64_t max_tail;         /* when @limit_tail */
	bool any_key, any_buffer, any_policy; /* only reported */
	const struct ima_reference *keys;     /* path: the keyring's name */
	const struct ima_reference *buffers;  /* path: the buffer's name */
	const struct ima_reference *policies; /* path: of the file; empty for any */
	const struct ima_paths *policy_paths; /* files that are policies, beside /etc/ima/ima-policy */
	enum ima_profile profile;  /* whose kernel's algorithms sign files: SM2 in 6.1 only */
	uint8_t reserved[12];      /* zero */
};

/** struct ima_attest_state - what to keep of a verified host until the next time; open, copied; zeroed: never seen */
struct ima_attest_state {
	bool known;
	char ak[65];               /* ima_ak_fingerprint() */
	uint64_t clock;
	uint32_t reset_count, restart_count;
	uint64_t n_entries;        /* records up to the quoted values */
	uint64_t n_violations, n_gaps; /* that count, among them */
	struct ima_pcrs pcrs;      /* the quoted values */
	struct ima_digest boot_aggregate;
	uint8_t nonce[32];         /* sha256 of the last one */
};

/** struct ima_evidence - what came from a host; views that the caller keeps until the check is done. len 0: not there */
struct ima_evidence {
	struct ima_bytes attest, signature, pcrs; /* as tpm2_quote(1) writes them */
	struct ima_bytes ak;        /* TPM2B_PUBLIC, public key or certificate */
	struct ima_bytes ak_cert, ek_cert;
	struct ima_bytes list;
	struct ima_list_reader_opts list_opts;
	uint64_t first_entry;       /* number of records before the list's first */
	struct ima_bytes event_log;
	bool archive_checked;
};

/** struct ima_attest_entry - one record with what was found; views valid for the call */
struct ima_attest_entry {
	uint64_t number;            /* from 1, since the list's beginning */
	uint64_t position;          /* line or byte offset in what was sent */
	uint32_t pcr;
	enum ima_entry_verdict verdict;
	const struct ima_template *templ;
	struct ima_bytes name;
	struct ima_digest digest;   /* of the file or buffer; len 0: none */
	enum ima_sig_verdict signature; /* UNCHECKED: none, or not looked at */
	uint32_t keyid;             /* when there is a signature */
	bool has_reference;
	uint32_t reference;         /* index in the verifier's set */
	struct ima_bytes label;     /* security.ima as the record carries it; len 0: none */
};

/** struct ima_attest_finding - a record that is not plainly good, kept in the result */
struct ima_attest_finding {
	uint64_t number, position;
	uint32_t pcr;
	enum ima_entry_verdict verdict;
	bool tolerated;             /* by the rules: a violation or a gap */
	char *name;                 /* printable, cut to IMA_FINDING_NAME_MAX; owned by the result */
	struct ima_digest digest;
	enum ima_sig_verdict signature;
	uint32_t keyid;
	bool has_reference;
	uint32_t reference;
};

#define IMA_FINDING_NAME_MAX 4096
#define IMA_FINDINGS_MAX 1000 /* kept in a result; all are counted */

struct ima_check_result {
	enum ima_check_status status;
	char text[200]; /* one sentence */
};

/** enum ima_attest_verdict - REFUSED: a check failed; UNABLE: none failed, and one could not be made; zero is never good */
enum ima_attest_verdict { IMA_ATTEST_UNABLE = 0, IMA_ATTEST_TRUSTED, IMA_ATTEST_REFUSED, IMA_ATTEST__LAST };

/** struct ima_attestation - the result */
struct ima_attestation {
	enum ima_attest_verdict verdict;
	struct ima_check_result checks[IMA_CHECK__LAST];
	char ak[65];                /* fingerprint of the key that signed; empty: none could be read */
	char ak_algorithm[32];
	bool has_quote;
	uint64_t clock, firmware;
	uint32_t reset_count, restart_count;
	enum ima_hash_algo bank;    /* that the list was replayed in */
	uint64_t first_entry;       /* records before the first that was sent */
	uint64_t n_entries;         /* that were sent */
	uint64_t n_quoted;          /* of them, up to the quoted values */
	uint64_t n[IMA_ENTRY__LAST];/* by verdict */
	uint64_t n_violations_counted, n_gaps_counted; /* not tolerated by path, with those of the state */
	struct ima_attest_finding *findings;
	size_t n_findings;          /* kept; the list's order */
	uint64_t n_findings_all;
	struct ima_pcrs pcrs;       /* quoted */
	struct ima_digest boot_aggregate; /* of the list, or the state's */
};

void ima_attestation_done(struct ima_attestation *a);

struct ima_verifier;
struct ima_ak_chain; /* made by the programs of this project: src/core/attest/ak.h */

/** struct ima_verifier_opts - zeroed: nothing is trusted and nothing known */
struct ima_verifier_opts {
	const struct ima_attest_rules *rules;
	const struct ima_reference *reference;
	const struct ima_keyring *keys;   /* of file signatures */
	const struct ima_ak *const *aks;  /* attestation keys that are trusted */
	size_t n_aks;
	const struct ima_ak_chain *ak_chain; /* certificates that vouch for attestation keys */
	int64_t now;                      /* for expiries; 0: the clock */
	size_t cache_bytes;               /* for records, worth it when several lists are alike; 0: none. Signatures have their own, 64 MiB at most */
	unsigned int n_threads;           /* for one list; 0: one a processor. 1 when the caller checks several at once */
	uint8_t reserved[12];
};

/** ima_verifier_new() - everything that @opts names is borrowed until ima_verifier_free(). -EINVAL reserved not zero, -ENOMEM, -EIO */
ima_must_check int ima_verifier_new(const struct ima_verifier_opts *opts, struct ima_verifier **ret);
struct ima_verifier *ima_verifier_free(struct ima_verifier *v);

/** struct ima_attest_question - what goes with one evidence */
struct ima_attest_question {
	struct ima_bytes nonce;              /* len 0: not known, so it cannot be checked */
	const struct ima_attest_state *state; /* NULL: nothing is kept; zeroed: the first time */
	struct ima_hasher *h;                /* of the calling thread; NULL: one is made */
	/* every record in the list's order, when set: an error ends the check */
	int (*visit)(void *user, const struct ima_attest_entry *entry);
	void *user;
};

/**
 * ima_verifier_check() - all checks over one evidence
 * @ret: always filled, freed with ima_attestation_done()
 * @ret_state: what to keep, only written when the verdict is TRUSTED; may be NULL
 * Return: 0 whatever the verdict, -ENOMEM, -EIO, or what @visit returned
 */
ima_must_check int ima_verifier_check(struct ima_verifier *v, const struct ima_evidence *evidence,
				      const struct ima_attest_question *question, struct ima_attestation *ret,
				      struct ima_attest_state *ret_state);

#ifdef __cplusplus
}
#endif
