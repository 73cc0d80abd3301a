"""Copies of JSON files with more entries. The content of the file is copied byte for byte."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO

from wgan_resampler.exceptions import DataFileError
from wgan_resampler.records.files.json_text import JSONText

# Patterns of what may change the state of the scan: anywhere, directly in the top object, and in a string.
_ANYWHERE = re.compile(rb'["\[\]{}]')
_AT_TOP = re.compile(rb'["\[\]{},]')
_IN_STRING = re.compile(rb'["\\]')

_END_OF_OBJECT = -1


def copy_extended(
    source: JSONText, out: BinaryIO, entries: Mapping[int, Iterable[bytes]], members: Iterable[bytes]
) -> None:
    """Copy the text of a JSON object. Add entries to its lists, and members to its end.

    Parameters
    ----------
    source : JSONText
        The text. It has been parsed before, so it is known to be valid.
    out : BinaryIO
        Where to write.
    entries : mapping of int to iterable of bytes
        For some members of the object, by their position: what to add to their list, which is not empty.
    members : iterable of bytes
        Members, as ``"key": value``, to add to the object, which is not empty.

    Raises
    ------
    DataFileError
        If the object has fewer members. This can happen if the file was changed in between.
    """
    additions = {**entries, _END_OF_OBJECT: members}
    for text, ending in _pieces(source):
        added = None if ending is None else additions.pop(ending, None)
        if added is None:
            out.write(text)
            continue
        content = text.rstrip(b" \t\r\n")
        out.write(content)
        for value in added:
            out.write(b", " + value)
        out.write(text[len(content) :])
    if additions:
        raise DataFileError("A file was changed while it was copied.")


def _pieces(source: JSONText) -> Iterator[tuple[bytes, int | None]]:
    """Yield the text in pieces, and with each piece what ends after it.

    This is the position of the member whose list ends, `_END_OF_OBJECT`, or None.
    """
    scan = _Scan()
    while chunk := source.read():
        start = 0
        for end, ending in scan.endings(chunk):
            yield chunk[start:end], ending
            start = end
        yield chunk[start:], None


class _Scan:
    """Follows the brackets of a valid JSON text, chunk by chunk."""

    def __init__(self) -> None:
        self._depth = self._member = 0
        self._in_string = self._is_escaped = False

    def endings(self, chunk: bytes) -> Iterator[tuple[int, int]]:
        """Yield where lists of the object at the top end, with the member's position, and where the object ends."""
        at = int(self._is_escaped)
        while match := self._pattern().search(chunk, at):
            at = match.end()
            mark = match[0]
            if mark == b"\\":
                at += 1  # the next character does not end the string
            elif mark == b'"':
                self._in_string = not self._in_string
            elif mark == b",":
                self._member += 1
            elif mark in b"[{":
                self._depth += 1
            else:
                self._depth -= 1
                if self._depth == 0:
                    yield match.start(), _END_OF_OBJECT
                elif self._depth == 1 and mark == b"]":
                    yield match.start(), self._member
        self._is_escaped = at > len(chunk)

    def _pattern(self) -> re.Pattern[bytes]:
        if self._in_string:
            return _IN_STRING
        return _AT_TOP if self._depth == 1 else _ANYWHERE
