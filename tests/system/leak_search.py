# SPDX-License-Identifier: Apache-2.0
"""Finds known secrets in whatever a program has left behind, plainly or in the usual disguises."""
import base64
import mmap
import urllib.parse

# A token's beginning is as telling as the whole; shorter pieces turn up by chance.
PIECE_BYTES = 24


def disguises(secret):
    """Byte strings any of which gives the secret away."""
    text = secret.encode()
    found = {text, text[:PIECE_BYTES] if len(text) > PIECE_BYTES else text}
    quoted = urllib.parse.quote(secret, safe="").encode()
    found |= {quoted, quoted[:PIECE_BYTES]} if len(quoted) > PIECE_BYTES else {quoted}
    # Inside a longer text, base64 shows a secret in one of three ways; the letters at both ends
    # also depend on the neighbours and are left out.
    for shift in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            coded = encode(b"\0" * shift + text)
            inner = coded[4 if shift else 0:-4]
            if len(inner) >= 16:
                found |= {inner, inner[:PIECE_BYTES + 8]}
    found |= {text.hex().encode(), text.hex().upper().encode()}
    found.add(text.decode().encode("utf-16-le"))
    return {one for one in found if len(one) >= 8}


class Search:
    """Secrets by name. `in_bytes` and `in_file` report as "NAME in PLACE"."""

    def __init__(self, secrets):
        self.needles = {name: disguises(secret) for name, secret in secrets.items()}

    def in_bytes(self, place, haystack):
        return [f"{name} in {place}" for name, needles in self.needles.items()
                if any(haystack.find(needle) >= 0 for needle in needles)]

    def in_file(self, path):
        if path.stat().st_size == 0:
            return []
        with path.open("rb") as file, \
                mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            return self.in_bytes(str(path), mapped)
