# SPDX-License-Identifier: Apache-2.0
"""The transcripts' own rules: a difference is seen, and a wildcard stands for no more than it says."""
import unittest

import transcript


class Parsing(unittest.TestCase):
    def test_reads_commands_outputs_and_status(self):
        steps = transcript.parse("# why\n$ one \\\n> two\nout\n2> err\n? 3\n\n$ next\n")

        self.assertEqual([step.command for step in steps], ["one \\\ntwo", "next"])
        self.assertEqual((steps[0].out, steps[0].err, steps[0].status), (["out"], ["err"], 3))
        self.assertEqual((steps[1].out, steps[1].err, steps[1].status), ([], [], 0))

    def test_refuses_output_before_any_command(self):
        with self.assertRaises(ValueError):
            transcript.parse("out\n")


class Matching(unittest.TestCase):
    def test_a_wildcard_stays_within_its_line(self):
        self.assertTrue(transcript.matches(["a [..] c"], "a b c\n"))
        self.assertFalse(transcript.matches(["a [..] c"], "a b\nc\n"))

    def test_a_line_of_dots_stands_for_any_lines(self):
        self.assertTrue(transcript.matches(["a", "[...]", "z"], "a\nb\nc\nz\n"))
        self.assertTrue(transcript.matches(["a", "[...]", "z"], "a\nz\n"))
        self.assertFalse(transcript.matches(["a", "[...]"], "b\n"))

    def test_what_looks_like_a_pattern_is_text(self):
        self.assertTrue(transcript.matches(["a.c (x)"], "a.c (x)\n"))
        self.assertFalse(transcript.matches(["a.c"], "abc\n"))

    def test_more_output_than_expected_is_a_difference(self):
        self.assertFalse(transcript.matches(["a"], "a\nb\n"))
        self.assertFalse(transcript.matches([], "a\n"))


class Complaining(unittest.TestCase):
    def test_names_what_differs(self):
        step = transcript.Step(1, "x", ["a"], [], 0)

        self.assertEqual(transcript.complaint(step, "a\n", "", 0), "")
        self.assertIn("exit status 1", transcript.complaint(step, "a\n", "", 1))
        self.assertIn("error output", transcript.complaint(step, "a\n", "oh\n", 0))


if __name__ == "__main__":
    unittest.main()
