#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Is each file a SARIF 2.1.0 log, by the published schema?   sarif_check.py SCHEMA FILE...   status 0 yes, 1 no, 77 Python has no jsonschema"""
import json
import sys

import schema

checks = schema.validator(sys.argv[1])


def indices(run):
    """what the schema cannot say: a result's ruleIndex is that of its rule"""
    rules = [r["id"] for r in run["tool"]["driver"].get("rules", [])]
    for r in run.get("results") or []:
        if "ruleIndex" in r and rules[r["ruleIndex"]] != r["ruleId"]:
            yield f"ruleIndex {r['ruleIndex']} is not rule {r['ruleId']}"


status = 0
for name in sys.argv[2:]:
    log = json.load(open(name, encoding="utf-8"))
    wrong = schema.faults(checks, log)
    if not wrong:
        wrong = [w for run in log["runs"] for w in indices(run)]
    for w in wrong[:20]:
        print(f"{name}: {w}")
    status |= bool(wrong)
sys.exit(status)
