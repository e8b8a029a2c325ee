# SPDX-License-Identifier: Apache-2.0
"""The search finds a leak that was planted, in each disguise, and nothing where there is none."""
import base64
import pathlib
import tempfile
import unittest
import urllib.parse

from leak_search import Search

SECRET = "1!planted-Secret/with+marks=" + "0123456789abcdef" * 4


class LeakSearch(unittest.TestCase):
    def setUp(self):
        self.search = Search({"planted": SECRET})

    def assert_found(self, text):
        self.assertEqual(self.search.in_bytes("x", b"before " + text + b" after"), ["planted in x"])

    def test_finds_the_secret_itself(self):
        self.assert_found(SECRET.encode())

    def test_finds_its_beginning(self):
        self.assert_found(SECRET[:30].encode())

    def test_finds_it_percent_encoded(self):
        self.assert_found(urllib.parse.quote(SECRET, safe="").encode())

    def test_finds_it_in_hex(self):
        self.assert_found(SECRET.encode().hex().encode())

    def test_finds_it_in_base64_wherever_it_begins(self):
        for before in ("", "a", "ab", "abc", "client:"):
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                self.assert_found(encode((before + SECRET + "tail").encode()))

    def test_finds_nothing_where_nothing_is(self):
        self.assertEqual(self.search.in_bytes("x", b"1!other" * 1000), [])

    def test_finds_a_leak_planted_in_a_file(self):
        with tempfile.TemporaryDirectory() as directory:
            planted = pathlib.Path(directory) / "log"
            planted.write_bytes(b"x" * 100_000 + SECRET.encode() + b"x" * 100_000)
            clean = pathlib.Path(directory) / "clean"
            clean.write_bytes(b"x" * 100_000)
            empty = pathlib.Path(directory) / "empty"
            empty.touch()

            self.assertEqual(self.search.in_file(planted), [f"planted in {planted}"])
            self.assertEqual(self.search.in_file(clean), [])
            self.assertEqual(self.search.in_file(empty), [])


if __name__ == "__main__":
    unittest.main()
