"""What is signed: three texts of lines, each ending with the SHA-256 of the body that was sent.

    request <method> <path with query> <merchant> <unix seconds> <nonce> <digest>
    answer  <status> <the request's nonce> <unix seconds> <digest>
    notice  <merchant> <unix seconds> <event id> <digest>

(with line feeds instead of spaces). An answer belongs to one request, a notice to one merchant.
"""

from __future__ import annotations

import hashlib

# How far a signed time may be from the clock.
WINDOW_SECONDS = 300

MERCHANT = "Sandbox-Merchant"
TIME = "Sandbox-Time"
NONCE = "Sandbox-Nonce"
SIGNATURE = "Sandbox-Signature"
KEY = "Sandbox-Key"


def text(*lines: str | int, body: bytes) -> str:
    """The text that is signed for a body."""
    return "\n".join([*(str(line) for line in lines), hashlib.sha256(body).hexdigest()])
