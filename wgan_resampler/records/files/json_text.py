"""The text of JSON files: its encoding, and where an error is."""

from __future__ import annotations

import codecs
import contextlib
import json
import os
import re
from collections.abc import Iterator
from typing import Any, cast

from wgan_resampler.exceptions import DataFileError
from wgan_resampler.tables import one_line, open_data
from wgan_resampler.utils import FILES, require

CHUNK = 2**16

MAX_DIGITS = 310
"""The most digits that a number may have in the exact way of reading. The largest float has 309."""

_OTHER_WORDS = {"none": "null", "true": "true", "false": "false", "undefined": "null"}
_NOT_NUMBERS = ("nan", "inf", "infinity")
_REASONS = {
    "trailing garbage": "more text follows after the end of the object. Remove it",
    "invalid character inside string": "a string must not hold a line break or another control character",
    "occurs before": "a string holds a backslash before a character that cannot follow it",
}
_WORD = re.compile(rb"[A-Za-z]*")
_MANY_DIGITS = re.compile(rb"[0-9]{%d}" % MAX_DIGITS)


class JSONText:
    """The text of a JSON file in UTF-8, without a byte order mark. It knows which part was read last.

    Parameters
    ----------
    file : BinaryIO
        The open file.
    path : str or os.PathLike
        The file, for messages.
    exact : bool, default=False
        Whether numbers of many digits are refused. Python refuses integers of over 4300 digits, or over 640 if it is
        told so. ijson then crashes the process, unless it reads all numbers as floats.
    """

    def __init__(self, file: Any, path: str | os.PathLike[str], exact: bool = False) -> None:
        self._path = path
        self._exact = exact
        encoding = json.detect_encoding(file.peek(4)[:4])
        if encoding == "utf-8-sig":
            file.read(len(codecs.BOM_UTF8))
        elif encoding != "utf-8":
            file = codecs.EncodedFile(file, "utf-8", encoding)
        self._file = file
        self._n_read = 0
        self.last_start = 0

    def read(self, size: int = CHUNK) -> bytes:
        """Read up to `size` bytes; at the end, none."""
        text = cast(bytes, self._file.read(size))
        # A number that lies in two chunks has at most twice as many digits, which is still fine.
        if self._exact and _MANY_DIGITS.search(text):
            raise DataFileError(f"{self._path} holds a number of over {MAX_DIGITS} digits, which is too large.")
        self.last_start = self._n_read
        self._n_read += len(text)
        return text


@contextlib.contextmanager
def open_text(path: str | os.PathLike[str], *, exact: bool = False) -> Iterator[JSONText]:
    """Open a JSON file in UTF-8, or in UTF-16 or UTF-32, which its first bytes show."""
    with open_data(path) as file:
        yield JSONText(file, path, exact)


def explain_error(path: str | os.PathLike[str], last_start: int, error: Exception, *, exact: bool) -> str:
    """Return one line that says where a file is not valid JSON, and why.

    `last_start` is the start of the text that was read last, so the error comes after it. The file is read once more,
    with the same `exact`.
    """
    try:
        with open_text(path, exact=exact) as text:
            found = _find_error(text, last_start, exact)
    except (DataFileError, OSError):
        found = None
    return f"{path} is not valid JSON{found or f': {one_line(error)}'}."


def _find_error(text: JSONText, last_start: int, exact: bool) -> str | None:
    """Parse the text byte by byte where the error lies. Return place and reason; None if there is no error."""
    ijson = require("ijson", "Reading JSON files", FILES)
    events = ijson.sendable_list()
    parser, place, n_sent = ijson.basic_parse_coro(events, use_float=not exact), _Place(), 0
    while n_sent < last_start:
        chunk = text.read()
        if not chunk:
            return None
        parser.send(chunk)
        n_sent += len(chunk)
        place.move(chunk, events)
    chunk = text.read()
    for i in range(len(chunk) + 1):
        try:
            parser.send(chunk[i : i + 1])  # empty at the end, which tells the parser that the text ends
        except StopIteration:
            return None
        except (ijson.JSONError, ValueError) as error:
            # The message of ijson shows the text on further lines. If that is not UTF-8, it is the `repr` of bytes.
            message = re.split(r"\n|\\n", re.sub(r"^b['\"]", "", str(error)))[0]
            return f"{place}: {_reason(chunk, i, message)}"
        place.move(chunk[i : i + 1], events)
    return None


def _reason(text: bytes, i: int, message: str) -> str:
    """Return what is wrong at byte `i`, and the way out. `message` is what the parser says."""
    if i == len(text):
        return "the file ends too early. It is incomplete"
    if "utf" in message.lower():
        byte = f"byte 0x{text[i]:02x}" if text[i] >= 0x80 else "the text"
        return f"{byte} is not UTF-8. JSON is Unicode: save the file as UTF-8"
    for part, reason in _REASONS.items():
        if part in message:
            return reason
    details = message.rpartition("error: ")[2].removesuffix(".")
    return _unknown_word(text, i) or f"{chr(text[i])!a} is not expected here ({details})"


def _unknown_word(text: bytes, i: int) -> str | None:
    """Return what to write instead of the word or the character at byte `i`, if that is what is wrong."""
    start = i
    while start and text[start - 1 : start].isalpha():
        start -= 1
    word = cast("re.Match[bytes]", _WORD.match(text, start))[0].decode()
    if word.lower() in _NOT_NUMBERS:
        return f"{word} is not part of JSON. Write a number, or leave the record out"
    if word.lower() in _OTHER_WORDS:
        return f"{word} is not part of JSON. Write {_OTHER_WORDS[word.lower()]}"
    if text[i : i + 1] == b"'":
        return "strings are written in double quotes"
    return None


class _Place:
    """A place in a JSON text: its line and column, and the value of the object at the top that it lies in."""

    def __init__(self) -> None:
        self._line = self._column = 1
        self._depth = self._n_entries = 0
        self._key: str | None = None
        self._in_list = False

    def move(self, text: bytes, events: list[tuple[str, Any]]) -> None:
        """Move over a piece of text, and take the events in it away."""
        n_lines = text.count(b"\n")
        self._line += n_lines
        last_line = text[text.rfind(b"\n") + 1 :]
        n_characters = sum(byte & 0xC0 != 0x80 for byte in last_line)  # bytes that begin a character
        self._column = n_characters + (1 if n_lines else self._column)
        for event, value in events:
            if event != "number" or self._depth == 2:
                self._pass(event, value)
        events.clear()

    def _pass(self, event: str, value: Any) -> None:
        if event == "map_key":
            if self._depth == 1:
                self._key, self._in_list = value, False
            return
        if event.startswith("end"):
            self._depth -= 1
        elif event.startswith("start"):
            if self._depth == 1:
                self._in_list, self._n_entries = event == "start_array", -1
            self._depth += 1
        if self._depth == 2:  # at the start of the list, and after each value
            self._n_entries += 1

    def __str__(self) -> str:
        where = f" in line {self._line}, column {self._column}"
        if self._key is not None and self._depth:
            key = repr(self._key[:40])
            inside = self._in_list and self._depth >= 2
            what = "record" if self._depth > 2 else "value"
            where += f", in {what} {self._n_entries} of {key}" if inside else f", at {key}"
        return where
