"""A client that keeps the rule of Idempotency-Key: a new one for each creation.

Schemathesis sends the same few keys with ever other bodies, and rightly gets 422 for that. Keys
that are not valid are left as they are, so that their refusal is tested too.
"""

import re
import uuid

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and re.fullmatch(r"[!-~]{1,255}", key):
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
