"""A client that keeps the rules that a schema cannot say.

Idempotency-Key is a new one for each creation: Schemathesis sends the same few keys with ever other
bodies, and rightly gets 422 for that. An action is one that is possible. The least of a size is not above the most. A hold of a target that
there is has a size within its bounds and ends within seven days. What is not valid by the schema is left as it is, so that its refusal is
tested too.
"""

import datetime
import re
import uuid

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and re.fullmatch(r"[!-~]{1,255}", key):
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    body = case.body
    if case.operation.path == "/ops" and isinstance(body, dict) and case.meta.generation.mode.is_positive:
        case.body = {"action": "hold", "target": "web", "size": "4", "until": "1h"}
    if case.operation.path != "/scale/hold" or not isinstance(body, dict):
        return
    if not case.meta.generation.mode.is_positive:
        return
    size = body.get("size")
    if isinstance(size, dict):
        least, most = sorted([size["min"], size["max"]])
        case.body = {**body, "size": {"min": least, "max": most}}
    if body.get("target") == "web":
        soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        case.body = {**body, "size": 4, "until": soon.isoformat(), "reason": "r", "by": "b"}
