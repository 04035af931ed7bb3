"""Text messages through a gateway of the mainland: JSON over HTTP, signed, and judged by the body of the answer.

None of Apprise's plugins speaks to such a gateway. This one is asked like them, so that the witness stands between it
and the gateway as it does everywhere else. A receipt ends the retry and nothing more: only a person acknowledges.

`smss://gateway.example.cn/path?to={target}&key=${SMS_KEY}&secret=${SMS_SECRET}&from=海门应急&template=T1&text_field=data.text`
"""

import hmac
import json
import re
import time
from hashlib import sha256
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import requests

# The message's own field names where the channel does not say how its gateway calls them.
_FIELDS: Final = {"phone": "phone", "text": "text", "from": "from", "template": "template"}
_PATIENCE: Final = 15.0
_PHONE: Final = re.compile(r"^\+?\d[\d-]{4,18}\d$")


def _put(content: dict[str, Any], path: str, value: str) -> None:
    """Put a value where a path leads: `data.text`, or `phones[]` for a list of one."""
    *outer, last = path.split(".")
    for name in outer:
        content = content.setdefault(name, {})
    content[last.removesuffix("[]")] = [value] if last.endswith("[]") else value


def signature(secret: str, stamp: str, body: bytes) -> str:
    """Return the signature of a request: HMAC-SHA-256 over its time, a line feed and its body, in hexadecimal."""
    return hmac.new(secret.encode(), stamp.encode() + b"\n" + body, sha256).hexdigest()


class SmsGateway:
    """One text message to one telephone; it is made and asked as Apprise's plugins are."""

    request_rate_per_sec = 0.0

    def __init__(self, scheme: str, place: str, path: str, given: dict[str, str], asset: object = None) -> None:
        del asset
        phone = re.sub(r"[\s()]", "", given.get("to", ""))
        if not place or not _PHONE.match(phone) or not given.get("secret"):
            raise TypeError  # how a plugin says that a URL is no good
        self.url = f"{'https' if scheme == 'smss' else 'http'}://{place}{path or '/'}"
        self.given, self.phone = given, phone

    @staticmethod
    def parse_url(url: str) -> dict[str, Any]:
        """Read a gateway's URL; its query names the telephone, the secrets and the gateway's own field names."""
        parts = urlsplit(url)
        return {
            "scheme": parts.scheme,
            "place": parts.netloc,
            "path": parts.path,
            "given": dict(parse_qsl(parts.query)),
        }

    def _content(self, text: str) -> dict[str, Any]:
        content: dict[str, Any] = {}
        values = {"phone": self.phone, "text": text} | {name: self.given.get(name, "") for name in ("from", "template")}
        for name, value in values.items():
            if value:
                _put(content, self.given.get(f"{name}_field") or _FIELDS[name], value)
        return content

    def notify(self, *, body: str, title: str, body_format: object) -> bool:
        """Post one message and say whether the gateway took it; it has no title."""
        del title, body_format
        raw, stamp = json.dumps(self._content(body), ensure_ascii=False).encode(), str(int(time.time()))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "X-Timestamp": stamp,
            "X-Signature": signature(self.given["secret"], stamp, raw),
        }
        if self.given.get("key"):
            headers["X-Key"] = self.given["key"]
        patience = float(self.given.get("cto", _PATIENCE)), float(self.given.get("rto", _PATIENCE))
        try:
            return requests.post(self.url, data=raw, headers=headers, timeout=patience).ok
        except requests.RequestException:
            return False
