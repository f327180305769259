#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Is each file an EAR as JWT, by the schema of its claims?   ear_check.py SCHEMA FILE...   status 0 yes, 1 no, 77 Python has no jsonschema"""
import base64
import json
import sys

import schema

checks = schema.validator(sys.argv[1])
TIERS = ["none", "affirming", "warning", "contraindicated"]


def decode(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def once(pairs):
    """JSON without a name that stands twice in an object (RFC 7519, 4)"""
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise ValueError("a claim stands twice")
    return dict(pairs)


def tier_of(claim):
    """AR4SI 3.2: both signs; what says nothing, or that the verifier failed, makes no status worse"""
    for tier, least in (("contraindicated", 96), ("warning", 32), ("affirming", 2)):
        if claim >= least or claim <= -least - (tier != "affirming"):
            return tier
    return "none"


def beyond(claims):
    """what the schema cannot say: a status is no better than the worst claim, and a nonce is base64url of 8 to 64 bytes"""
    for name, appraisal in claims["submods"].items():
        status = appraisal["ear.status"]
        worst = max((TIERS.index(tier_of(c)) for c in appraisal["ear.trustworthiness-vector"].values()), default=0)
        if worst > 1 and TIERS.index(status) < worst:
            yield f"{name}: {status}, with a claim that is {TIERS[worst]}"
    for place in [claims, *claims["submods"].values()]:
        if "eat_nonce" in place and not 8 <= len(decode(place["eat_nonce"])) <= 64:
            yield f"eat_nonce {place['eat_nonce']}"


status = 0
for name in sys.argv[2:]:
    try:
        head, body, signature = open(name, encoding="ascii").read().strip().split(".")
        claims = json.loads(decode(body), object_pairs_hook=once)
        wrong = [] if json.loads(decode(head)) == {"alg": "ES256", "typ": "JWT"} and len(decode(signature)) == 64 else ["not a JWT by ES256"]
        wrong += schema.faults(checks, claims)
        wrong = wrong or list(beyond(claims))
    except ValueError as e:
        wrong = [str(e)]
    for w in wrong[:20]:
        print(f"{name}: {w}")
    status |= bool(wrong)
sys.exit(status)
