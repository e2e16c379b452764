"""Verbs and options of the programs that the runbooks call.

A verb's text lists its options: `--name` takes a value, `--name!` is required, `--name?` takes none, `<n>` is the
number of other words (`<*>` is any number). From the help of az 2.91, gh 2.80, Terraform 1.11, kubectl 1.34,
Helm 4.1, Helmfile 1.7, Velero 1.18, azd 1.20 and kubelogin 0.2. Other
tests check the options of `cargo xtask` and `magnusapi` with their own parsers.
"""

GRAMMAR = {
    "az": {
        "account get-access-token": "--resource --resource-type --query --output",
        "account show": "--query --output",
        "ad signed-in-user show": "--query --output",
        "aks get-credentials": "--subscription --resource-group! --name! --context --file",
        "aks get-upgrades": "--resource-group! --name! --output",
        "functionapp config appsettings set": "--resource-group! --name! --settings!",
        "functionapp function keys list": "--resource-group! --name! --function-name! --query --output",
        "functionapp function list": "--resource-group! --name! --output",
        "functionapp restart": "--resource-group! --name!",
        "keyvault secret set": "--vault-name! --name! --value! --output",
        "login": "",
        "monitor activity-log list": "--resource-group --offset --query --output",
        "monitor app-insights query": "--resource-group --app! --analytics-query!",
        "postgres flexible-server restore": "--resource-group! --name! --source-server! --restore-time",
        "role assignment create": "--role! --assignee! --scope!",
        "storage account show": "--name! --query --output",
        "storage blob download": "--auth-mode! --account-name! --container-name! --name! --file!",
        "storage blob upload": "--auth-mode! --account-name! --container-name! --name --file! --overwrite?",
    },
    "azd": {"deploy": "", "env new": "<1>", "env set": "<2>"},
    "cargo": {
        "run": "<*>",
        "xtask deploy": "<1> --commit --package",
        "xtask helmfile": "<1> --dry-run?",
        "xtask infra apply": "<1>",
        "xtask infra plan": "<1> --drift? --no-lock?",
        "xtask infra terraform": "<*>",
        "xtask infra values": "<1>",
        "xtask package": "",
        "xtask publish": "<1> --package!",
        "xtask release": "--check?",
        "xtask smoke": "<1> --package --tick-timeout --timeout",
    },
    "curl": {"": "<1> --head? --header --insecure? --silent?"},
    "gh": {
        "api": "<1> --field --method",
        "attestation verify": "<1> --repo!",
        "secret set": "<1> --body!",
        "variable get": "<1> --env",
        "variable set": "<1> --body! --env",
    },
    "git": {"add": "<*>", "commit": "--message!", "rev-parse": "<1>", "revert": "<1>"},
    "helm": {"get notes": "<1> --kube-context! --namespace!"},
    "helmfile": {
        "apply": "--environment! --selector",
        "destroy": "--environment! --selector",
        "sync": "--environment! --selector --set",
    },
    "jq": {"": "<*> --raw-output?"},
    "kubectl": {
        "delete": "<*> --context! --namespace --selector",
        "exec": "<*> --container --context! --namespace --stdin?",
        "get": "<*> --all-namespaces? --context! --namespace --output --selector --sort-by",
        "port-forward": "<2> --context! --namespace",
        "rollout restart": "<1> --context! --namespace",
        "run": "<1> --command? --context! --image! --restart",
        "wait": "<1> --context! --for! --namespace",
    },
    "kubelogin": {"convert-kubeconfig": "--login!"},
    "magnusapi": {"backup restore": "<1> --replace? --roles --source! --to!"},
    "openssl": {"rand": "<1> -hex?"},
    "terraform": {
        "apply": "<*> -replace",
        "destroy": "",
        "init": "-backend -backend-config -migrate-state?",
        "output": "<*> -json? -raw?",
    },
    "velero": {
        "backup get": "--kubecontext!",
        "restore create": "--from-schedule! --kubecontext! --wait?",
    },
}


class Mistake(Exception):
    """A call that the real program would reject."""


class Call:
    """One call, read by its grammar."""

    def __init__(self, program, words):
        self.program, self.options, self.words = program, {}, []
        self.chdir = "."
        if program == "terraform" and words and words[0].startswith("-chdir="):
            self.chdir, words = words[0].split("=", 1)[1], words[1:]
        verbs = GRAMMAR[program]
        self.verb, rest = self._verb(verbs, words)
        self._read(verbs[self.verb].split(), rest)

    def _verb(self, verbs, words):
        """The longest verb that the words begin with; options may stand before it."""
        before = []
        while words and words[0].startswith("-") and "" not in verbs:
            # In all calls here, an option before a verb takes a value: --context, --environment.
            width = 1 if "=" in words[0] else 2
            before, words = before + words[:width], words[width:]
        # The verb of helmfile follows its options; that of the others precedes them.
        for length in range(min(len(words), 4), -1, -1):
            verb = " ".join(words[:length])
            if verb in verbs:
                return verb, before + words[length:]
        raise Mistake(f"{self.program} has no verb `{' '.join(words[:2])}`")

    def _read(self, grammar, words):
        takes = {item.rstrip("!?"): item[-1] for item in grammar if item.startswith("-")}
        words = list(words)
        while words:
            word = words.pop(0)
            name, equals, value = word.partition("=")
            if word == "--":
                self.words += words
                break
            if not word.startswith("-") or word == "-":
                self.words.append(word)
            elif name not in takes:
                if grammar == ["<*>"]:
                    self.words.append(word)
                    continue
                raise Mistake(f"{self.program} {self.verb} has no option `{name}`")
            elif takes[name] == "?":
                self.options[name] = True
            else:
                if not equals:
                    value = words.pop(0) if words else ""
                if not value:
                    raise Mistake(f"{self.program} {self.verb}: `{name}` has no value")
                self.options[name] = value
        for name, mark in takes.items():
            if mark == "!" and name not in self.options:
                raise Mistake(f"{self.program} {self.verb} needs `{name}`")
        count = next((item[1:-1] for item in grammar if item.startswith("<")), "0")
        words_are_right = count == "*" or ("--" in words or len(self.words) >= int(count))
        if not words_are_right or "" in self.words:
            raise Mistake(f"{self.program} {self.verb}: {count} words are needed, and there are {self.words}")

    def option(self, name, default=""):
        return self.options.get(name, default)
