"""What to do with JSON files of other layouts than records, and with keys of other names."""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from wgan_resampler.exceptions import DataFileError
from wgan_resampler.records.files.json_text import open_text
from wgan_resampler.utils.storage import packing_of_name

EXPECTED = "a file of records is one object with 'features' or 'mfcc', 'labels' and 'mapping'"

_LINES_SUFFIXES = (".jsonl", ".ndjson")
_PART = 2**20
"""Bytes of the text that are looked at."""

_SIMILAR = 0.75
"""The least similarity of names, from 0 to 1, at which one is taken for a misspelling of the other."""

# What people call the keys, in the form of `_plain`.
_OTHER_NAMES = {
    "features": ("data", "x", "vector", "sample", "input", "embedding", "record"),
    "mfcc": ("mfcccoefficient", "mfccfeature"),
    "labels": ("y", "target", "class", "classe", "genre", "categorie", "category", "labelid", "classid"),
    "mapping": ("map", "class", "classe", "classname", "genre", "genrename", "labelname", "label", "name", "categorie"),
}


def renaming(missing: str, values: Mapping[str, Any]) -> str | None:
    """Return the key that seems to stand for a missing one, or None.

    Parameters
    ----------
    missing : str
        The missing key.
    values : mapping
        The keys that are there, and their values.

    Examples
    --------
    >>> from wgan_resampler.records.files.json_hints import renaming
    >>> renaming("mapping", {"Mappings": ["jazz"]}), renaming("labels", {"lables": [0]}), renaming("labels", {"id": 1})
    ('Mappings', 'lables', None)
    """
    names = {_plain(key): key for key in values if _fits(missing, values[key])}
    wanted = _plain(missing)
    for name in (wanted, *_OTHER_NAMES[missing]):
        if name in names:
            return names[name]
    close = difflib.get_close_matches(wanted, names, n=1, cutoff=_SIMILAR)
    return names[close[0]] if close else None


def missing_keys(path: str | os.PathLike[str], layouts: Collection[str], values: Mapping[str, Any]) -> str | None:
    """Return what is missing in a file of records that has these keys, and what to rename; None if nothing is."""
    lacking = [] if set(layouts) & set(values) else [tuple(layouts)]
    lacking += [(key,) for key in ("labels", "mapping") if key not in values]
    if not lacking:
        return None
    known = ", ".join(repr(key[:40]) for key in list(values)[:12]) + ", ..." * (len(values) > 12)
    absent = " or ".join(map(repr, lacking[0]))
    message = f"{path} has no key {absent}, but {EXPECTED}. Its keys: {known or 'none'}."
    if lacking[0] == tuple(layouts) and _is_table(values):
        return f"{message} Convert it to a table: {_conversion(path, {}, 'columns')}."
    others = {key: value for key, value in values.items() if key not in (*layouts, "labels", "mapping")}
    hints = []
    for keys in lacking:
        found = {key: name for key in reversed(keys) if (name := renaming(key, others)) is not None}
        for key, name in list(found.items())[:1]:
            wanted = f". Rename it to {key!r}" if len(keys) > 1 else ". Rename it"
            hints.append(f"There is no key {' or '.join(map(repr, keys))}, but {name[:40]!r}{wanted}.")
            others.pop(name)
    if hints:
        return f"{path} cannot be used as it is. {' '.join(hints)}"
    return message


def wrong_kind(path: str | os.PathLike[str], values: Mapping[str, Any]) -> str | None:
    """Return what is wrong with labels that are names, or a mapping that is an object; None if they are not."""
    labels, mapping = values["labels"], values["mapping"]
    if isinstance(mapping, dict):
        return (
            f"{path} cannot be used: 'mapping' must be a list of the names of the classes, in the order of their "
            "labels, and not an object."
        )
    if isinstance(labels, list):
        for i, label in enumerate(labels):
            if isinstance(label, str):
                return (
                    f"{path} cannot be used: 'labels' must hold integers, which are positions in 'mapping' counted "
                    f"from 0, but label {i} is the string {label[:40]!r}."
                )
    return None


def is_json_lines(path: str | os.PathLike[str]) -> bool:
    """Return whether the name of a file is that of JSON lines.

    Examples
    --------
    >>> from wgan_resampler.records.files.json_hints import is_json_lines
    >>> is_json_lines("songs.jsonl.gz"), is_json_lines("songs.json")
    (True, False)
    """
    return _unpacked_name(path).lower().endswith(_LINES_SUFFIXES)


def other_layout(path: str | os.PathLike[str]) -> str | None:
    """Return what a JSON file of another layout holds, and how to convert it; None if it looks like an object.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from wgan_resampler.records.files.json_hints import other_layout
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "songs.json")
    ...     n_chars = path.write_text('[{"loudness": 0.5, "genre": "jazz"}]')
    ...     print(other_layout(path).partition("Convert it to a table: ")[2])
    python -c "import pandas as pd; pd.read_json('songs.json', dtype=False).to_csv('songs.csv', index=False)".
    """
    try:
        with open_text(path) as file:
            text = file.read(_PART).decode("utf-8", "ignore").lstrip()
    except DataFileError:
        return None
    kind, first = _kind(text, is_json_lines(path))
    if kind is None:
        return None
    way_out = f" Convert it to a table: {_conversion(path, first, kind)}." if isinstance(first, dict) else ""
    return f"{path} holds {kind}, but {EXPECTED}.{way_out}"


def _kind(text: str, named_lines: bool) -> tuple[str | None, Any]:
    """Return what a JSON text holds, and the first of its records; None for a single object."""
    start = 1 if text.startswith("[") else 0
    first, end = None, 0
    with contextlib.suppress(ValueError, RecursionError):
        first, end = json.JSONDecoder().raw_decode(text, start + len(text[start:]) - len(text[start:].lstrip()))
    if start:
        return ("a list of objects" if isinstance(first, dict) else "a list"), first
    if named_lines or (end and text[end:].lstrip().startswith(("{", "["))):
        return "JSON lines", first
    return None, first


def _conversion(path: str | os.PathLike[str], first: dict[str, Any], kind: str) -> str:
    """Return the command that makes a CSV file of a list of objects."""
    name = Path(path).name
    table = f"{_unpacked_name(path).rsplit('.', 1)[0]}.csv"
    lines = ", lines=True" if kind == "JSON lines" else ""
    read = f"pd.read_json({name!r}{lines}, dtype=False)"
    vectors = [key for key, value in first.items() if isinstance(value, list)]
    if vectors:
        # The numbers of each vector become columns.
        code = f"t = {read}; t.join(pd.DataFrame(t.pop({vectors[0]!r}).tolist())).to_csv({table!r}, index=False)"
    else:
        code = f"{read}.to_csv({table!r}, index=False)"
    return f'python -c "import pandas as pd; {code}"'


def _is_table(values: Mapping[str, Any]) -> bool:
    """Return whether each value looks like a column, as pandas writes tables: an object or a list of plain values."""
    columns = [list(v.values()) if isinstance(v, dict) else v for v in values.values()]
    return (
        len(columns) > 1
        and all(isinstance(c, list) and c and not isinstance(c[0], (list, dict)) for c in columns)
        and len({len(column) for column in columns}) == 1
    )


def _unpacked_name(path: str | os.PathLike[str]) -> str:
    return Path(path).stem if packing_of_name(path) else Path(path).name


def _plain(name: str) -> str:
    """Return a name without case, signs and plural."""
    return re.sub(r"[^a-z0-9]", "", name.lower()).removesuffix("s")


def _fits(key: str, value: Any) -> bool:
    """Return whether a value can be that of a key, as far as its first entry shows."""
    first = value[0] if isinstance(value, list) and value else None
    return isinstance(first, {"labels": int, "mapping": str}.get(key, list))
