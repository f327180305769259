/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket: local programs ask the daemon. UNIX stream socket, mode 0600, one JSON object a line each way.
 *
 *   request   {"op":"status"}                       reply  {"ok":true, ...}
 *   failure   {"ok":false,"errno":22,"error":"one sentence","diag":{"line":3,"column":9,"token":"x","text":"..."}}
 *
 *   op             arguments        reply
 *   status         -                see docs/FORMATS.md "Control socket"
 *   pcrs           "mask": int      "banks": {"sha256": {"10": "hex"}}
 *   tpm            "command": hex   "response": hex; one connection at a time, commands of quoting and enrolling only
 *   policy_show    -                "text": the read-back text
 *   policy_begin   -                one upload a connection; a lost connection drops the upload
 *   policy_line    "line": text     "line" without newline
 *   policy_path    "path": text     the daemon reads and measures the file
 *   policy_commit  -
 *   policy_abort   -
 *   evm_names      -                "text": the names that EVM covers
 *   evm_name       "name": hex      one more, or "."
 *   trim           "n": int         the n oldest records are deleted; "entries", "deleted": counters
 *   restart        -                the program now installed takes over, without a gap in what is enforced
 *   stage          -                all records are set apart
 *   drop_staged    -                and deleted
 *   measure        "label", "name" or "keyring": text; "data": hex; "by_hash": bool
 *                                   "wanted": a rule names it; "added": it is a new record
 *
 * This file is the one owner of the wire; callers see struct json_t from jansson.
 */
#pragma once

#include <jansson.h>

#include <ima/types.h>

#define IMA_CONTROL_SOCKET "/run/imad/control"
#define IMA_CONTROL_MAX (1U << 20) /* bytes of one request line */

/** struct ima_control - a client connection */
struct ima_control;

/** ima_control_open() - @path NULL: $IMAD_CONTROL, else IMA_CONTROL_SOCKET. -ENOENT, -ECONNREFUSED: no daemon; errno */
ima_must_check int ima_control_open(const char *path, struct ima_control **ret);
struct ima_control *ima_control_free(struct ima_control *c);

/**
 * ima_control_call() - send @request (borrowed), wait for the reply
 * @timeout_ms: for the whole call
 * @ret: the reply object, freed with json_decref(); set when the daemon answered, also for {"ok":false}
 * Return: 0 ok, the negative "errno" of a refused request (with @diag), -ETIMEDOUT, -EPROTO, -ECONNRESET
 */
ima_must_check int ima_control_call(struct ima_control *c, json_t *request, int timeout_ms,
				    json_t **ret, struct ima_diag *diag);

/* the daemon's side */

/** ima_control_listen() - bind and listen, mode 0600, a dead socket file is replaced. -EADDRINUSE when somebody answers there */
ima_must_check int ima_control_listen(const char *path, int *ret_fd);

/** struct ima_control_peer - one accepted connection: buffers partial lines both ways; fd non-blocking */
struct ima_control_peer;

ima_must_check int ima_control_peer_new(int fd /* taken on success */, struct ima_control_peer **ret);
struct ima_control_peer *ima_control_peer_free(struct ima_control_peer *p);
int ima_control_peer_fd(const struct ima_control_peer *p);
bool ima_control_peer_wants_write(const struct ima_control_peer *p);

/** ima_control_peer_read() - 1 a request (json_decref), 0 nothing whole yet, -EPIPE closed, -EPROTO not JSON, -EMSGSIZE */
ima_must_check int ima_control_peer_read(struct ima_control_peer *p, json_t **ret);

/** ima_control_peer_reply() - queue @reply (borrowed) and write what goes; the rest with _flush() */
ima_must_check int ima_control_peer_reply(struct ima_control_peer *p, json_t *reply);
ima_must_check int ima_control_peer_flush(struct ima_control_peer *p);

/** ima_control_error() - a new {"ok":false,...} object; @diag may be NULL */
json_t *ima_control_error(int error, const struct ima_diag *diag, const char *fmt, ...)
	ima_printf(3, 4);
