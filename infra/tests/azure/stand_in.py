"""A stand-in for Azure's Resource Manager and Entra, so that Terraform can apply without Azure.

    python stand_in.py <certificate> <key>

writes one line, its address, and serves HTTPS until its input ends. azurerm finds it by ARM_METADATA_HOSTNAME, azapi
by ARM_RESOURCE_MANAGER_ENDPOINT, both trust it by SSL_CERT_FILE. It stores the body of a PUT, returns it to a GET with
Azure's additions (`kinds.py`), and rejects a resource without its group, parent or scope. So it proves order and
shape, not Azure's rules: it accepts every value, name and api-version.
"""

import base64
import copy
import json
import re
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from kinds import ACTIONS, BORN_WITH_PARENT, COMPUTED, SLOW, TENANT, guid

PRINCIPAL = guid("the principal that applies")


class Rejected(Exception):
    """An error as the Resource Manager writes it."""

    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.body = status, {"error": {"code": code, "message": message}}


class Reply:
    def __init__(self, status, body=None, headers=()):
        self.status, self.body, self.headers = status, body, dict(headers)


class Path:
    """A path of the Resource Manager, compared without case."""

    def __init__(self, text):
        self.text = "/" + text.strip("/")
        self.key = self.text.lower()
        self.parts = self.key.strip("/").split("/")

    @property
    def is_group(self):
        return len(self.parts) == 4 and self.parts[2] == "resourcegroups"

    @property
    def of_provider(self):
        """The rest after the last `providers`: a namespace, and pairs of type and name."""
        last = len(self.parts) - 1 - self.parts[::-1].index("providers") if "providers" in self.parts else None
        return self.parts[last + 1 :] if last is not None else []

    @property
    def type(self):
        namespace, *pairs = self.of_provider or [""]
        return "/".join([namespace, *pairs[::2]])

    @property
    def is_collection(self):
        return len(self.of_provider) % 2 == 0 if self.of_provider else self.parts[-1] in ("resourcegroups", "providers")

    @property
    def parents(self):
        """The prerequisites of this resource: the parent or the scope, and the group."""
        found = []
        if len(self.of_provider) > 3:
            found.append("/" + "/".join(self.parts[:-2]))
        elif self.of_provider:
            scope = self.parts[: len(self.parts) - len(self.of_provider) - 1]
            if len(scope) > 2:
                found.append("/" + "/".join(scope))
        return found


class ResourceManager:
    def __init__(self):
        self.resources, self.operations, self.registered = {}, {}, set()
        self.lock = threading.Lock()

    def handle(self, method, path, query, body):
        if "api-version" not in query:
            raise Rejected(400, "MissingApiVersionParameter", "The api-version query parameter is required.")
        if path.parts[0] == "operations":
            return self.poll(path)
        if path.parts[0] != "subscriptions" and "providers" not in path.parts:
            raise Rejected(404, "NotFound", f"There is no {path.text}.")
        if len(path.parts) == 2:
            return Reply(200, self.subscription(path))
        if path.parts[2] == "providers" and len(path.parts) <= 5 and (len(path.parts) < 5 or method == "POST"):
            return self.provider(path)
        return getattr(self, method.lower())(path, query, body)

    def subscription(self, path):
        return {
            "id": path.text,
            "subscriptionId": path.parts[1],
            "displayName": "stand-in",
            "state": "Enabled",
            "tenantId": TENANT,
        }

    def provider(self, path):
        """Resource providers: `POST …/<namespace>/register` and the registered ones."""
        if len(path.parts) == 3:
            return Reply(200, {"value": [self.registration(name) for name in sorted(self.registered)]})
        if len(path.parts) == 5:
            if path.parts[4] != "register":
                return Reply(200, copy.deepcopy(ACTIONS.get(path.parts[4], {})))
            self.registered.add(path.parts[3])
        return Reply(200, self.registration(path.parts[3]))

    def registration(self, name):
        state = "Registered" if name in self.registered else "NotRegistered"
        return {"namespace": name, "registrationState": state, "resourceTypes": []}

    def get(self, path, query, _body):
        if path.is_collection:
            return Reply(200, {"value": self.children(path, query)})
        return Reply(200, self.shown(self.found(path)))

    def head(self, path, _query, _body):
        self.found(path)
        return Reply(204)

    def put(self, path, _query, body):
        for parent in path.parents:
            self.found(Path(parent), of=path)
        was_there = path.key in self.resources
        self.resources[path.key] = (path.text, body or {})
        reply = Reply(200 if was_there else 201, self.shown(path.key))
        return self.later(path, reply)

    def patch(self, path, _query, body):
        key = self.found(path)
        text, present = self.resources.get(key, (path.text, {}))
        self.resources[key] = (text, merged(present, body or {}))
        return self.later(path, Reply(200, self.shown(key)))

    def delete(self, path, _query, _body):
        if path.key not in self.resources:
            return Reply(204)
        gone = [key for key in self.resources if key == path.key or key.startswith(path.key + "/")]
        for key in gone:
            del self.resources[key]
        return self.later(path, Reply(200)) if path.type in SLOW else Reply(200)

    def post(self, path, _query, _body):
        action = path.parts[-1]
        self.found(Path("/" + "/".join(path.parts[:-1])))
        if action not in ACTIONS:
            raise Rejected(404, "InvalidAction", f"The stand-in does not know the action {action} of {path.type}.")
        return Reply(200, copy.deepcopy(ACTIONS[action]))

    def later(self, path, reply):
        """A slow type stays in progress until its operation was polled twice."""
        if path.type not in SLOW:
            return reply
        number = guid(path.key, str(len(self.operations)))
        self.operations[number] = 2
        reply.status = 201 if reply.status == 201 else 202
        reply.headers |= {"Azure-AsyncOperation": f"/operations/{number}?api-version=2026-01-01", "Retry-After": "0"}
        return reply

    def poll(self, path):
        left = self.operations.get(path.parts[-1])
        if left is None:
            raise Rejected(404, "OperationNotFound", "There is no such operation.")
        self.operations[path.parts[-1]] = max(left - 1, 0)
        return Reply(200, {"status": "InProgress" if left > 1 else "Succeeded"}, {"Retry-After": "0"})

    def found(self, path, of=None):
        """The key of an existing resource."""
        if path.key in self.resources or len(path.parts) <= 2:
            return path.key
        if path.type in BORN_WITH_PARENT and path.parents[0] in self.resources:
            return path.key
        if path.type == "microsoft.authorization/roledefinitions":
            return path.key
        if of is None:
            code = "ResourceGroupNotFound" if path.is_group else "ResourceNotFound"
            raise Rejected(404, code, f"{path.text} could not be found.")
        code = "ResourceGroupNotFound" if path.is_group else "ParentResourceNotFound"
        raise Rejected(404, code, f"{of.text} needs {path.text}, which could not be found.")

    def children(self, path, query):
        if path.type == "microsoft.authorization/roledefinitions":
            return self.definitions(query) + self.listed(path)
        return self.listed(path)

    def listed(self, path):
        depth = len(path.parts) + 1
        keys = [key for key in self.resources if key.startswith(path.key + "/")]
        return [self.shown(key) for key in keys if key.count("/") == depth]

    def definitions(self, query):
        """Azure's own roles, by name: each exists."""
        name = re.search(r"roleName eq '(.+?)'", "".join(query.get("$filter", [])))
        if not name:
            return []
        ours = [body for _, body in self.resources.values() if body.get("properties", {}).get("roleName") == name[1]]
        number = guid("role", name[1])
        identity = f"/providers/Microsoft.Authorization/roleDefinitions/{number}"
        properties = {"roleName": name[1], "type": "BuiltInRole", "permissions": [], "assignableScopes": ["/"]}
        return [] if ours else [{"id": identity, "name": number, "properties": properties}]

    def shown(self, key):
        text, body = self.resources.get(key, (key, {}))
        shown, path = copy.deepcopy(body), Path(text)
        name = text.rsplit("/", 1)[-1]
        if path.of_provider and path.type != "":
            added = {"provisioningState": "Succeeded"} | COMPUTED.get(path.type, lambda _: {})(name)
            shown["properties"] = merged(shown.get("properties") or {}, added)
            shown["type"] = path.type
        else:
            shown["properties"] = {"provisioningState": "Succeeded"}
        # The Resource Manager returns this type in lower case, for any case that it gets.
        return shown | {"id": re.sub("/serverFarms/", "/serverfarms/", text), "name": name}


def merged(into, more):
    result = dict(into)
    for key, value in more.items():
        both = isinstance(result.get(key), dict) and isinstance(value, dict)
        result[key] = merged(result[key], value) if both else value
    return result


def part_of_token(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def token():
    """Unsigned: providers read the claims and check nothing."""
    claims = {"oid": PRINCIPAL, "tid": TENANT, "appid": PRINCIPAL, "iss": f"https://sts.windows.net/{TENANT}/"}
    return ".".join([part_of_token({"alg": "none", "typ": "JWT"}), part_of_token(claims | {"exp": 4102444800}), "x"])


def entra(address, path):
    if path.parts[-1] == "token":
        return {"access_token": token(), "expires_in": 3600, "ext_expires_in": 3600, "token_type": "Bearer"}
    if path.parts[-1] == "openid-configuration":
        authority = f"{address}/{path.parts[0]}"
        return {
            "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
            "issuer": f"{authority}/v2.0",
            "token_endpoint": f"{authority}/oauth2/v2.0/token",
        }
    return None


def metadata(address):
    """The names of a cloud, as its Resource Manager gives them."""
    return {
        "authentication": {
            "audiences": [address, "https://management.azure.com"],
            "identityProvider": "AAD",
            "loginEndpoint": address,
            "tenant": "common",
        },
        "graph": address,
        "microsoftGraphResourceId": address,
        "name": "AzureCloud",
        "resourceManager": address,
        "suffixes": {
            "keyVaultDns": "vault.azure.net",
            "storage": "core.windows.net",
            "acrLoginServer": "azurecr.io",
        },
    }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def serve(self):
        url = urlsplit(self.path)
        path, query = Path(unquote(url.path)), parse_qs(url.query)
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            self.write(self.reply(path, query, sent))
        except Rejected as rejected:
            self.write(Reply(rejected.status, rejected.body))

    def reply(self, path, query, sent):
        address = self.server.address
        if path.key == "/metadata/endpoints":
            return Reply(200, metadata(address))
        answer = entra(address, path)
        if answer:
            return Reply(200, answer)
        if self.headers.get("Authorization") != f"Bearer {token()}":
            raise Rejected(401, "AuthenticationFailed", "The request has no token of this stand-in.")
        manager = self.server.manager
        with manager.lock:
            reply = manager.handle(self.command, path, query, json.loads(sent) if sent else None)
        operation = reply.headers.get("Azure-AsyncOperation")
        if operation:
            reply.headers["Azure-AsyncOperation"] = address + operation
        return reply

    do_DELETE = do_GET = do_HEAD = do_PATCH = do_POST = do_PUT = serve

    def write(self, reply):
        body = b"" if reply.body is None else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_):
        pass


def main(certificate, key):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.address, server.manager = f"https://localhost:{server.server_port}", ResourceManager()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
