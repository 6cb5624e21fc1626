#!/usr/bin/env python3
"""Validates events, one JSON object a line, against the OISP event schema.

usage: validate-events.py SPEC_DIR FILE...

The envelope is held to envelope.schema.json, and `data` of the event X.Y to
the definition Y of events/X.schema.json. A file without events fails: it
proves nothing. Exit status: 0 all valid, 1 not, 2 usage.
"""

import collections
import json
import pathlib
import sys

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

SHOWN = 20


def registry(schemas):
    """Every schema file, by the `$id` it gives itself."""
    resources = [Resource.from_contents(json.loads(path.read_text())) for path in schemas.rglob("*.schema.json")]
    return Registry().with_resources((resource.id(), resource) for resource in resources)


class Contract:
    """The envelope's validator, and one for the data of each event type."""

    def __init__(self, spec):
        self.schemas = pathlib.Path(spec) / "schema" / "v0.1"
        self.registry = registry(self.schemas)
        self.envelope = self.validator(json.loads((self.schemas / "envelope.schema.json").read_text()))
        self.data = {}

    def validator(self, schema):
        return Draft202012Validator(schema, registry=self.registry, format_checker=Draft202012Validator.FORMAT_CHECKER)

    def of_data(self, event_type):
        """The validator for `data`, or None where the schema has no such type."""
        if event_type not in self.data:
            family, _, kind = event_type.partition(".")
            path = self.schemas / "events" / f"{family}.schema.json"
            schema = json.loads(path.read_text()) if path.is_file() else {}
            # Only what the family lists is an event; other definitions are parts of them.
            known = {"$ref": f"#/$defs/{kind}"} in schema.get("oneOf", [])
            self.data[event_type] = self.validator({"$ref": f"{schema['$id']}#/$defs/{kind}"}) if known else None
        return self.data[event_type]

    def errors(self, event):
        """What is wrong with an event, in words."""
        yield from (words("", error) for error in self.envelope.iter_errors(event))
        data = self.of_data(str(event.get("event_type")))
        if data is None:
            yield f"event_type: the schema has no {event.get('event_type')}"
        else:
            yield from (words("data", error) for error in data.iter_errors(event.get("data")))


def words(prefix, error):
    place = ".".join([prefix, *map(str, error.absolute_path)]).strip(".")
    return f"{place or 'event'}: {error.message[:300]}"


def validate(contract, path, counts):
    """Prints what is wrong in one file; the number of invalid events."""
    invalid = 0
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                event = json.loads(line)
                if not isinstance(event, dict):
                    raise ValueError("a line must be one object")
                found = list(contract.errors(event))
                counts[str(event.get("event_type"))] += 1
            except ValueError as error:
                found = [f"no event: {error}"]
            if found:
                invalid += 1
            if found and invalid <= SHOWN:
                print(f"{path}:{number}: {'; '.join(found)}", file=sys.stderr)
    return invalid


def main(arguments):
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    contract = Contract(arguments[0])
    invalid = 0
    for path in arguments[1:]:
        counts = collections.Counter()
        invalid += validate(contract, path, counts)
        told = ", ".join(f"{count} {event_type}" for event_type, count in sorted(counts.items()))
        print(f"{path}: {told or 'no events'}", file=sys.stderr)
        invalid += not counts
    print(f"{invalid} invalid" if invalid else "all valid", file=sys.stderr)
    return 1 if invalid else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
