# SPDX-License-Identifier: BSD-2-Clause
"""What the checks of JSON outputs share. Without jsonschema they end with status 77."""
import json
import sys

try:
    import jsonschema
except ImportError:
    sys.exit(77)


def validator(path):
    """of the JSON schema in this file, its formats included"""
    with open(path, encoding="utf-8") as f:
        schema = json.load(f)
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    return kind(schema, format_checker=jsonschema.FormatChecker())


def faults(checks, document):
    """a text for each place that is not by the schema"""
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in checks.iter_errors(document)]
