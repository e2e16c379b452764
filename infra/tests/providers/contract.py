"""Reduces the providers' schemas to the parts that infra/terraform uses.

    terraform -chdir=infra/terraform/modules/function-app providers schema -json \\
        | python3 infra/tests/providers/contract.py --write     (or --check)

`azapi.json` and `azurerm.json` beside this file are the contract that `stub.py` serves. Kept are the
types that infra/terraform names, of each the names, types and flags; descriptions are left out.
`--check` changes nothing and fails where the files are not what would be written.
"""

import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
TERRAFORM = HERE.parents[1] / "terraform"
PROVIDERS = {
    "registry.terraform.io/azure/azapi": "azapi.json",
    "registry.terraform.io/hashicorp/azurerm": "azurerm.json",
}
LEFT_OUT = {"description", "description_kind", "deprecation_message", "write_only"}
WIDTH = 100


def used(kind):
    """The types of all `resource` or `data` blocks."""
    block = re.compile(rf'^{kind} "(\w+)"', re.MULTILINE)
    files = TERRAFORM.rglob("*.tf")
    return {name for file in files for name in block.findall(file.read_text("utf-8"))}


def bare(value):
    """Without what no check looks at. Names of arguments are no keys of a schema."""
    if not isinstance(value, dict):
        return value
    kept = {}
    for key, inner in value.items():
        if key in ("attributes", "block_types"):
            kept[key] = {name: bare(of) for name, of in inner.items()}
        elif key not in LEFT_OUT:
            kept[key] = bare(inner)
    return kept


def contract(schemas):
    kept = {"provider": bare(schemas["provider"])}
    for kind, key in (("resource", "resource_schemas"), ("data", "data_source_schemas")):
        offered = schemas.get(key, {})
        kept[key] = {name: bare(offered[name]) for name in used(kind) if name in offered}
    return kept


def text(value, indent=0):
    """JSON with one line for what fits in one, so that a difference can be read."""
    line = json.dumps(value, sort_keys=True)
    if not isinstance(value, dict) or len(line) + indent <= WIDTH:
        return line
    pad = " " * (indent + 2)
    members = (f"{pad}{json.dumps(key)}: {text(value[key], indent + 2)}" for key in sorted(value))
    return "{\n" + ",\n".join(members) + "\n" + " " * indent + "}"


def main(mode):
    if mode not in ("--write", "--check"):
        sys.exit(__doc__)
    document = json.load(sys.stdin)
    stale = []
    for name, file in PROVIDERS.items():
        kept = {"provider_schemas": {name: contract(document["provider_schemas"][name])}}
        wanted, path = text(kept) + "\n", HERE / file
        if mode == "--write":
            path.write_text(wanted, "utf-8")
        elif path.read_text("utf-8") != wanted:
            stale.append(file)
    if stale:
        sys.exit(f"{' and '.join(stale)} differ from the providers' schemas; write them anew with --write")


if __name__ == "__main__":
    main("".join(sys.argv[1:]))
