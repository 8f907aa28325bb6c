#!/usr/bin/python3
"""Judges each case of a corpus by a JSON schema, as an editor would: reads YAML 1.2 words and numbers.

usage: judge.py SCHEMA CORPUS: prints "good" or "bad" for each case, in order.
"""
import json
import re
import sys

import jsonschema
import yaml


class Loader(yaml.SafeLoader):
    """Of YAML 1.2: yes and on are texts, 010 and 1:20 are no numbers."""


Loader.yaml_implicit_resolvers = {}
for tag, pattern, first in (("bool", "true|false", "tf"), ("null", "~|null|", "~n"), ("int", "-?(0|[1-9][0-9]*)", "-0123456789"),
                            ("float", r"-?(0|[1-9][0-9]*)\.[0-9]+", "-0123456789")):
    Loader.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile("^(?:%s)$" % pattern), list(first) + ([""] if tag == "null" else []))

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)
with open(sys.argv[2], encoding="utf-8") as file:
    for case in file.read().split("### ")[1:]:
        content = case.split("\n", 1)[1]
        print("good" if validator.is_valid(yaml.load(content, Loader)) else "bad")
