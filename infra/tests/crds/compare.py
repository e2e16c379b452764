"""Compares the contracts beside this file with real CustomResourceDefinitions.

    python3 compare.py <file or folder with CRDs as YAML>...

Needs PyYAML. Every property of a contract must be one of the definition, of a type that it allows, and
every value of an enumeration too. Says what it compared; ends with 1 where they differ or nothing was.
"""

import json
import pathlib
import sys

import yaml


def definitions(paths):
    for path in map(pathlib.Path, paths):
        files = sorted(path.rglob("*.yaml")) if path.is_dir() else [path]
        for file in files:
            for document in yaml.safe_load_all(file.read_text()):
                if document and document.get("kind") == "CustomResourceDefinition":
                    spec = document["spec"]
                    for version in spec["versions"]:
                        name = f"{spec['group']}_{version['name']}_{spec['names']['kind']}"
                        yield name, version["schema"]["openAPIV3Schema"]


def types(schema):
    if schema.get("x-kubernetes-int-or-string"):
        return {"integer", "string"}
    declared = schema.get("type", [])
    if not declared and ("enum" in schema or "const" in schema):
        declared = "string"
    return {declared} if isinstance(declared, str) else set(declared)


def differences(ours, theirs, path=""):
    if theirs.get("x-kubernetes-preserve-unknown-fields"):
        return
    if not types(ours) <= types(theirs):
        yield f"{path}: {types(ours)} here, {types(theirs)} there"
    for value in ours.get("enum", []):
        if value not in theirs.get("enum", [value]):
            yield f"{path}: {value!r} is none of {theirs['enum']}"
    for name in theirs.get("required", []):
        if path and "properties" in ours and name not in ours.get("required", []):
            yield f"{path}: requires {name} there and not here"
    for name, schema in ours.get("properties", {}).items():
        there = theirs.get("properties", {}).get(name, theirs.get("additionalProperties"))
        if not isinstance(there, dict):
            yield f"{path}/{name}: not there"
        else:
            yield from differences(schema, there, f"{path}/{name}")
    for keyword in ("items", "additionalProperties"):
        if isinstance(ours.get(keyword), dict):
            yield from differences(ours[keyword], theirs.get(keyword, {}), f"{path}/*")


def main():
    here = pathlib.Path(__file__).parent
    contracts = {file.stem: json.loads(file.read_text()) for file in sorted(here.glob("*.json"))}
    compared, failed = set(), False
    for name, schema in definitions(sys.argv[1:]):
        if name not in contracts:
            continue
        compared.add(name)
        for difference in differences(contracts[name]["properties"]["spec"], schema["properties"]["spec"], "/spec"):
            failed = True
            print(f"{name}: {difference}")
    print("compared:", ", ".join(sorted(compared)) or "nothing")
    print("not compared:", ", ".join(sorted(set(contracts) - compared)) or "none")
    sys.exit(failed or not compared)


main()
