"""The programs that the runbooks call, for the test that runs their lines in order.

    WORLD=<file> python programs.py <program> <argument>...

A call fails where the real one would: for an unknown verb or option, an empty value, and above all a login, state,
output, context, package or variable that no earlier line has made. WORLD stores the effects of calls. It stores failed
calls too, so that a failure inside of `$(…)` is not lost.
"""

import base64
import fcntl
import json
import os
import pathlib
import re
import sys
import time

from grammar import Call, Mistake

HERE = pathlib.Path.cwd()
# Cargo finds it from every folder below.
CHECKOUT = pathlib.Path(os.environ["CHECKOUT"])
ROOTS = CHECKOUT.resolve() / "infra/terraform"
ENVIRONMENT = ROOTS / "environment"
# Outputs that are not text: `terraform output -raw` rejects them.
STRUCTURED = {
    "environments": {name: {"environment": name} for name in ("test", "prod")},
    "helmfile": {},
    "name_servers": {"test": ["ns1.example"], "prod": ["ns2.example"]},
    "pipeline": {name: {role: f"id-{name}-{role}" for role in ("apply", "plan", "diff")} for name in ("test", "prod")},
}
OUTPUTS = {"state_account": "stmagnusstate", "api_url": "https://api.test.example.org"}
SELECTORS = {"tier", "version", "component", "name"}


def need(world, key, what):
    """Fails unless an earlier line has made this."""
    if key not in world:
        raise Mistake(f"{what}: no line before has made it")


def made(world, key, value=True):
    world[key] = value


def context(world, name):
    need(world, f"context {name}", f"the context {name}")
    need(world, f"login of {name}", f"kubelogin's login in the context {name}")


# Terraform, in a root of the copied checkout. A state is that of `bootstrap` or of an environment.


def terraform(world, call):
    folder = (HERE / call.chdir).resolve()
    if folder.parent != ROOTS or not (folder / "main.tf").exists():
        raise Mistake(f"{folder} is not a composition")
    if call.verb == "init" and call.option("-backend") == "false":
        (folder / ".terraform.lock.hcl").touch()
    elif folder == ENVIRONMENT:
        raise Mistake("only `cargo xtask infra` selects the state and the values of an environment")
    elif call.verb == "init":
        terraform_init(world, call, folder)
    else:
        need(world, "init bootstrap", "`terraform init` in bootstrap")
        terraform_command(world, call, folder, "bootstrap")


def terraform_command(world, call, folder, name):
    if call.verb == "output":
        terraform_output(world, call, folder, name)
    elif call.verb == "destroy":
        need(world, f"applied {name}", f"{name} to destroy")
        del world[f"applied {name}"]
    else:
        inputs(world, folder, name)
        if (folder / "backend_override.tf").exists():
            (folder / "terraform.tfstate").write_text("{}")
        apply(world, name)


def terraform_init(world, call, folder):
    account = call.option("-backend-config").removeprefix("storage_account_name=")
    if not (folder / "backend_override.tf").exists():
        need(world, "login", "`az login`")
        need(world, "applied bootstrap", "the account of the state")
        if account != OUTPUTS["state_account"]:
            raise Mistake(f"there is no account `{account}`; the state is in {OUTPUTS['state_account']}")
        if "-migrate-state" in call.options:
            need(world, f"role on {account}", "a role on the account's data")
            if not (folder / "terraform.tfstate").exists():
                raise Mistake("there is no local state to move")
    (folder / ".terraform.lock.hcl").touch()
    made(world, "init bootstrap")


def terraform_output(world, call, folder, name):
    need(world, f"applied {name}", f"an applied {name}")
    declared = re.findall(r'^output "(\w+)"', (folder / "outputs.tf").read_text(), re.MULTILINE)
    for output in call.words:
        if output not in declared:
            raise Mistake(f"{folder.name} has no output `{output}`")
        if "-raw" in call.options and output in STRUCTURED:
            raise Mistake(f"the output `{output}` is not text, which -raw needs")
        value = STRUCTURED.get(output) or OUTPUTS.get(output, f"{name}-{output.replace('_', '-')}")
        print(value if "-raw" in call.options else json.dumps(value))


def inputs(world, folder, name):
    """Every variable without a default has a value, and an environment's prerequisites exist."""
    text = (folder / "variables.tf").read_text()
    blocks = re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL)
    needed = {variable for variable, body in blocks if not re.search(r"^  default\b", body, re.MULTILINE)}
    values = folder / ("terraform.tfvars" if name == "bootstrap" else f"{name}.tfvars")
    given = set(re.findall(r"^(\w+)\s*=", values.read_text(), re.MULTILINE)) if values.exists() else set()
    if name != "bootstrap":
        need(world, "applied bootstrap", "what bootstrap makes")
        file = folder / f"{name}.bootstrap.tfvars.json"
        if not file.exists() or not isinstance(json.loads(file.read_text() or "null"), dict):
            raise Mistake(f"{file.name} has no values")
        # Another test compares its members with the variables.
        given = needed if given else given
    if needed - given:
        raise Mistake(f"nothing sets {sorted(needed - given)} of {name}")


def apply(world, name):
    need(world, "login", "`az login`")
    made(world, f"applied {name}")


# The cluster's programs.


def kubectl(world, call):
    name = call.option("--context")
    context(world, name)
    if call.verb == "run":
        made(world, f"pod {call.words[0]}")
    target = call.words[0].removeprefix("pod/") if call.words else ""
    if target == "psql" and call.verb in ("exec", "wait", "delete"):
        need(world, "pod psql", "the pod psql")
    if call.verb == "delete" and target == "pod":
        need(world, f"pod {call.words[1]}", f"the pod {call.words[1]}")
    if any(word.split("/")[-1].startswith("postgres") for word in call.words[:2]) and call.verb != "run":
        need(world, "databases", "a database on the cluster")
    if "--stdin" in call.options and not call.input.partition("\n")[0]:
        raise Mistake("the first line of the input is empty")
    if call.option("--output").startswith("jsonpath"):
        print(base64.b64encode(b"secret").decode(), end="")


def helmfile(world, call):
    environment = call.option("--environment")
    if not (HERE / "helmfile.yaml.gotmpl").exists():
        raise Mistake("there is no state file in this folder")
    values = HERE / "environments" / environment / "azure.json"
    if not values.exists():
        raise Mistake(f"environments/{environment}/azure.json: no line before has made it")
    context(world, json.loads(values.read_text())["contextName"])
    chosen = dict(item.split("=") for item in call.option("--selector").split(",") if item)
    if not set(chosen) <= SELECTORS or "" in chosen.values():
        raise Mistake(f"no release has the labels {chosen}")
    if call.verb == "destroy":
        need(world, "tier postfacto", "the releases")
    else:
        release(world, chosen)


def release(world, chosen):
    """Installs the releases that the labels choose, in the order of the tiers."""
    tiers = {chosen.get("tier")} if "tier" in chosen else {"namespaces", "platform", "gateway", "hello", "postfacto"}
    if "version" in chosen or "component" in chosen:
        tiers = {"postfacto"}
    for before, after in (("namespaces", "platform"), ("platform", "postfacto")):
        if after in tiers and before not in tiers:
            need(world, f"tier {before}", f"the tier {before}, which {after} needs")
    for tier in tiers:
        made(world, f"tier {tier}")
    if "postfacto" in tiers and chosen.get("component", "database") == "database":
        made(world, "databases")


def velero(world, call):
    context(world, call.option("--kubecontext"))
    need(world, "tier platform", "Velero on the cluster")


def helm(world, call):
    context(world, call.option("--kube-context"))
    need(world, "tier postfacto", "the release")


def kubelogin(world, call):
    need(world, "login", "`az login`")
    for key in [key for key in world if key.startswith("context ")]:
        made(world, f"login of {key.removeprefix('context ')}")


# Azure, GitHub, git.


def az(world, call):
    if call.verb == "login":
        return made(world, "login")
    need(world, "login", "`az login`")
    group = call.option("--resource-group")
    if group.startswith("rg-magnus-"):
        need(world, f"applied {group.removeprefix('rg-magnus-')}", f"what is in {group}")
    if call.verb == "role assignment create":
        made(world, f"role on {call.option('--scope').split('/')[-1]}")
    elif call.verb == "storage account show":
        need(world, "applied bootstrap", "the account of the state")
        print(f"/subscriptions/s/storageAccounts/{call.option('--name')}")
    elif call.verb == "aks get-credentials":
        name = call.option("--context") or call.option("--name")
        made(world, f"context {name}")
        world.pop(f"login of {name}", None)
    elif call.verb == "storage blob download":
        need(world, f"package of {call.option('--container-name')}", "the deployed package")
        pathlib.Path(call.option("--file")).write_text("a package")
    elif call.verb == "storage blob upload" and not (HERE / call.option("--file")).exists():
        raise Mistake(f"there is no file {call.option('--file')}")
    elif "--query" in call.options or call.verb == "account get-access-token":
        print("00000000-0000-0000-0000-000000000000")
    return None


def azd(world, call):
    if call.verb == "env set":
        need(world, "azd environment", "`azd env new`")
        made(world, f"azd {call.words[0]}")
    elif call.verb == "env new":
        made(world, "azd environment")
    else:
        need(world, "azd AZURE_RESOURCE_GROUP", "AZURE_RESOURCE_GROUP of the environment")
        if not (HERE / "azure.yaml").exists():
            raise Mistake("there is no azure.yaml in this folder")


def gh(world, call):
    environment = call.option("--env")
    if call.verb == "api":
        path = re.fullmatch(r"repos/\{owner\}/\{repo\}/environments/([\w-]+)", call.words[0])
        if not path or call.option("--method") != "PUT":
            raise Mistake(f"GitHub has no `{call.words[0]}`")
        made(world, f"environment {path[1]}")
    elif environment:
        need(world, f"environment {environment}", f"GitHub's environment {environment}")
    elif call.verb == "variable set":
        made(world, f"variable {call.words[0]}", call.option("--body"))
    elif call.verb == "variable get":
        need(world, f"variable {call.words[0]}", f"the repository's variable {call.words[0]}")
        print(world[f"variable {call.words[0]}"])


def git(world, call):
    if call.verb == "rev-parse":
        print("0" * 40)
    for path in call.words if call.verb == "add" else []:
        if not (HERE / path).exists():
            raise Mistake(f"there is no {path}")


# This project's own programs.


def cargo(world, call):
    if call.verb == "run":
        return backup(call.words)
    target = CHECKOUT / "target/magnusapi.zip"
    if call.verb == "xtask package":
        target.parent.mkdir(exist_ok=True)
        target.write_text("a package")
    if not call.words:
        return None
    environment = call.words[0]
    need(world, "login", "`az login`")
    if call.verb != "xtask infra values":
        if os.environ.get("STATE_ACCOUNT") != OUTPUTS["state_account"]:
            raise Mistake("STATE_ACCOUNT does not name the account of the state")
        if not (ENVIRONMENT / ".terraform.lock.hcl").exists():
            raise Mistake("there is no .terraform.lock.hcl, and init may write none here")
        made(world, f"init {environment}")
    if call.verb == "xtask infra plan":
        inputs(world, ENVIRONMENT, environment)
        return made(world, f"plan {environment}")
    if call.verb == "xtask infra apply":
        need(world, f"plan {environment}", f"a plan of {environment}")
        return apply(world, environment)
    if call.verb == "xtask infra terraform":
        return terraform_command(world, Call("terraform", call.words[1:]), ENVIRONMENT, environment)
    need(world, f"init {environment}", f"the selected state of {environment}")
    need(world, f"applied {environment}", f"an applied {environment}")
    if call.verb in ("xtask infra values", "xtask helmfile"):
        write_values(environment)
    if call.verb == "xtask helmfile" and "--dry-run" not in call.options:
        release(world, {})
    if call.verb in ("xtask deploy", "xtask publish", "xtask smoke"):
        deploy(world, call, environment, pathlib.Path(call.option("--package", target)))
    return None


def deploy(world, call, environment, package):
    if "--commit" in call.options:
        need(world, f"package of {environment}", "a package that was deployed")
    elif call.verb != "xtask smoke" and not package.exists():
        raise Mistake(f"{package}: no line before has made it")
    if call.verb == "xtask deploy":
        made(world, f"package of {environment}")


def write_values(environment):
    sample = json.loads((CHECKOUT / "infra/tests/azure.sample.json").read_text())
    sample["contextName"] = f"magnus-{environment}"
    sample["clusterResourceGroup"] = f"rg-magnus-{environment}"
    folder = CHECKOUT / "infra/helmfile/environments" / environment
    (folder / "azure.json").write_text(json.dumps(sample))


def backup(words):
    for variable in ("BACKUP_URL", "BACKUP_STORAGE_ACCOUNT"):
        if not os.environ.get(variable):
            raise Mistake(f"{variable} is not exported")
    if "restore" in words and not os.environ.get("PGPASSWORD"):
        raise Mistake("PGPASSWORD is not exported")


def magnusapi(world, call):
    backup([call.verb])


# Programs of every machine, or with output that later lines read.


def curl(world, call):
    if not re.match(r"https://[\w.-]+\.\w+/", call.words[0]):
        raise Mistake(f"`{call.words[0]}` is not an address")
    if call.words[0].endswith("/health"):
        print(json.dumps({"releaseId": "0" * 40, "checks": {}}))


def jq(world, call):
    wanted, *file = call.words
    if not file and not call.input.strip():
        return
    value = json.loads((HERE / file[0]).read_text() if file else call.input)
    is_path = re.fullmatch(r"(\.[A-Za-z]\w*)+", wanted)
    for name in wanted[1:].split(".") if is_path else []:
        value = value.get(name)
    if value in (None, "", {}):
        raise Mistake(f"`{wanted}` finds nothing")
    print(value if "--raw-output" in call.options else json.dumps(value))


def openssl(world, call):
    print("5" * 2 * int(call.words[0]))


def main(program, words):
    problem = call = None
    try:
        call = Call(program, words)
        # Before the lock of WORLD: the writer of this input may have to change WORLD first.
        reads = "--stdin" in call.options or (program == "jq" and len(call.words) == 1)
        call.input = sys.stdin.read() if reads else ""
    except Mistake as mistake:
        problem = mistake
    with open(os.environ["WORLD"], "a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        world = json.loads(file.read() or "{}")
        try:
            if call:
                globals()[program](world, call)
        except Mistake as mistake:
            problem = mistake
        if problem:
            world.setdefault("failures", []).append(f"{program} {' '.join(words)}: {problem}")
        file.seek(0)
        file.truncate()
        file.write(json.dumps(world))
    if problem:
        sys.exit(f"{program}: {problem}")
    if call.verb == "port-forward":
        # Until the runbook ends it.
        time.sleep(60)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
