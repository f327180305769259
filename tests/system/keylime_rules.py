#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The rules that a verifier of Keylime asks of a runtime policy, one function each, written from its documentation and not from our writer.

keylime_rules.py check FILE           every rule holds
keylime_rules.py breaks FILE FOLDER   write copies that each break one rule: the checker refuses every one; imactl has to, too
"""
import copy
import json
import re
import sys

HEX = re.compile(r"[0-9a-f]{40,128}\Z")


def is_int(v):
    return isinstance(v, int) and not isinstance(v, bool)


def texts(v):
    return isinstance(v, list) and all(isinstance(x, str) for x in v)


def digests(v):
    return isinstance(v, dict) and all(isinstance(x, list) and x and all(isinstance(d, str) and HEX.match(d) for d in x) for x in v.values())


def at(p, *keys):
    for k in keys:
        if not isinstance(p, dict) or k not in p:
            return None
        p = p[k]
    return p


RULES = [
    # name, does it hold, (where, what breaks it)...
    ("meta.version is 1", lambda p: is_int(at(p, "meta", "version")) and at(p, "meta", "version") == 1, (("meta", "version"), "1", 2, True, None)),
    ("meta.generator is 0 to 3", lambda p: is_int(at(p, "meta", "generator")) and 0 <= at(p, "meta", "generator") <= 3, (("meta", "generator"), -1, 4, "0", 1.5, None)),
    ("meta.timestamp is a text", lambda p: at(p, "meta", "timestamp") is None or isinstance(at(p, "meta", "timestamp"), str), (("meta", "timestamp"), 5, [])),
    ("release is a number from 0 on", lambda p: is_int(at(p, "release")) and p["release"] >= 0, (("release",), -1, "0", None)),
    ("digests maps paths to lists of hexadecimal digests", lambda p: digests(at(p, "digests")),
     (("digests",), [], {"/a": []}, {"/a": "00" * 32}, {"/a": ["00" * 19]}, {"/a": ["00" * 65]}, {"/a": ["AB" * 32]}, {"/a": [7]}, {"/a": ["g0" * 32]}, None)),
    ("no blank in a path", lambda p: all(" " not in k for k in at(p, "digests") or {}), ()),
    ("excludes are texts", lambda p: texts(at(p, "excludes")), (("excludes",), "x", [1])),
    ("keyrings maps names to digests", lambda p: digests(at(p, "keyrings")), (("keyrings",), [], {".ima": []}, {".ima": ["zz"]})),
    ("ima.ignored_keyrings are texts", lambda p: texts(at(p, "ima", "ignored_keyrings")), (("ima", "ignored_keyrings"), "*", [1])),
    ("ima.log_hash_alg is known", lambda p: at(p, "ima", "log_hash_alg") in ("sha1", "sha256", "sha384", "sha512"), (("ima", "log_hash_alg"), "md5", "SHA1", 1)),
    ("ima.dm_policy is null", lambda p: "dm_policy" in p["ima"] and p["ima"]["dm_policy"] is None, (("ima", "dm_policy"), {}, "")),
    ("ima-buf maps labels to digests", lambda p: digests(at(p, "ima-buf")), (("ima-buf",), [], {"kexec-cmdline": []}, {"kexec-cmdline": [1]})),
    ("verification-keys is a text", lambda p: isinstance(at(p, "verification-keys"), str), (("verification-keys",), [], {}, 3)),
    ("nothing else", lambda p: set(p) <= {"meta", "release", "digests", "excludes", "keyrings", "ima", "ima-buf", "verification-keys"}, ()),
]


def broken(policy):
    return [name for name, holds, _ in RULES if not holds(policy)]


def breaks(policy, folder):
    n = 0
    for name, _, how in RULES:
        for bad in how[1:]:
            p = copy.deepcopy(policy)
            inner = p
            for k in how[0][:-1]:
                inner = inner[k]
            if bad is None:
                del inner[how[0][-1]]
            else:
                inner[how[0][-1]] = bad
            if name not in broken(p):
                sys.exit("the checker takes %s = %r" % (".".join(how[0]), bad))
            with open("%s/%02d-%s.json" % (folder, n, how[0][-1]), "w") as f:
                json.dump(p, f)
            n += 1
    print(n)


def no_doubles(pairs):
    d = dict(pairs)
    if len(d) != len(pairs):
        raise ValueError("a key comes twice")
    return d


with open(sys.argv[2], encoding="utf-8") as f:
    policy = json.load(f, object_pairs_hook=no_doubles)
if broken(policy):
    sys.exit("broken: " + ", ".join(broken(policy)))
if sys.argv[1] == "breaks":
    breaks(policy, sys.argv[3])
