"""The words of the protocol, each defined once: states, fields and headers."""

DOCUMENTED = "inference"
"""The name of the profile of docs/protocol.md."""
TERMINAL = frozenset({"completed", "failed", "timeout"})
UNENDED = frozenset({"queued", "processing"})
STATUSES = UNENDED | TERMINAL
TAKEN = range(200, 300)  # status codes
CALLBACK_STATUSES = frozenset({"delivered", "failed", "expired", "skipped", "error"})
CALLBACK_FIELDS = ("job_id", "status", "completed_at", "image_url", "error")
"""The text fields of a callback's form, which also has the part ``image``."""
SECRET_HEADER = "X-Callback-Secret"
TOO_MANY = 429
"""The status code of a server that asks to wait; its header Retry-After says for how long."""
REDACTED = b"[secret]"
"""Replaces a secret in a record if the target disclosed one."""
