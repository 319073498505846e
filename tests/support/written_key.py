"""A key that can be recognised, and the ways in which an endpoint may send one back."""

import json
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote

KEY = "sk-proj-T3sT_k3y/with+0dd=Chars-4f9Q2xZ7"

WRITTEN = {
    "as it is": KEY,
    "upper case": KEY.upper(),
    "quoted": f'"{KEY}"',
    "percent": quote(KEY, safe=""),
    "percent, every character": "".join(f"%{ord(character):02X}" for character in KEY),
    "percent, twice": quote(quote(KEY, safe=""), safe=""),
    "json": "".join(f"\\u{ord(character):04x}" for character in KEY),
    "json in json": json.dumps("".join(f"\\u{ord(character):04x}" for character in KEY)),
    "hexadecimal escapes": "".join(f"\\x{ord(character):02x}" for character in KEY),
    "html": "".join(f"&#{ord(character)};" for character in KEY),
    "hexadecimal": KEY.encode().hex(),
    "base64": b64encode(KEY.encode()).decode(),
    "base64 of a header": b64encode(f"Authorization: Bearer {KEY}\r\n".encode()).decode(),
    "base64 for addresses": urlsafe_b64encode(f"user:{KEY}".encode()).decode().rstrip("="),
    "base64 in lines": b64encode(f"some text before {KEY} and after".encode()).decode().replace("a", "a\n"),
    "two lines": f"{KEY[:17]}\r\n  {KEY[17:]}",
    "spelt": " ".join(KEY),
    "two headers": f"x-echo: {KEY[:20]}, {KEY[20:]}",
    "its end": f"…{KEY[-19:]}",
}
