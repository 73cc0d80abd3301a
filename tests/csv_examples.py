"""CSV files for tests: in any writing, with cells that a reader might change."""

import codecs
import re

from hypothesis import strategies as st

from wgan_resampler.tables.files.csv_dialect import MISSING_WORDS

WORDS = ["NA", "None", "null", "nan", "n/a", "TRUE", "01", "03110", "1.10", "2E03", "23", "1e300", "-0", "?", " x "]
CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0\ufeff")
CELLS = st.one_of(
    st.sampled_from(["", *WORDS]),
    st.integers(-(10**20), 10**20).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.text(st.one_of(st.sampled_from(',;\t|"\r\n '), CHARACTERS), max_size=8),
)
ENCODINGS = {"utf-8": (b"", codecs.BOM_UTF8), "utf-16-le": (codecs.BOM_UTF16_LE,), "utf-16-be": (codecs.BOM_UTF16_BE,)}


def is_always_quoted(cells):
    filled = [cell for cell in cells if cell.strip().lower() not in MISSING_WORDS]
    return bool(filled) and all(cell.startswith('"') for cell in filled)


@st.composite
def csv_files(draw):
    """Draw a file, what a copy with marks must begin with, the separator, and the cells."""
    separator, line_end = draw(st.sampled_from(",;\t| ")), draw(st.sampled_from(["\n", "\r\n", "\r"]))
    encoding = draw(st.sampled_from(list(ENCODINGS)))
    is_all_quoted, n_columns = draw(st.booleans()), draw(st.integers(1, 4))
    start = draw(st.sampled_from(ENCODINGS[encoding]))
    table = [
        [*draw(st.lists(CELLS, min_size=n_columns - 1, max_size=n_columns - 1)), draw(CELLS.filter(bool))]
        for _ in range(draw(st.integers(2, 8)))
    ]
    table[0][-1] = "the class"
    special = re.compile(rf'["\r\n{re.escape(separator)}]')
    written = [
        [
            '"' + cell.replace('"', '""') + '"'
            if is_all_quoted or special.search(cell) or draw(st.booleans())
            else cell
            for cell in cells
        ]
        for cells in table
    ]
    name, mark = "is_synthetic", "False"
    if all(is_always_quoted([cell]) for cell in written[0]):
        name = f'"{name}"'
    if all(map(is_always_quoted, zip(*written[1:], strict=True))):
        mark = f'"{mark}"'
    lines = [separator.join(cells) for cells in written]
    marked = [f"{line}{separator}{mark if number else name}{line_end}" for number, line in enumerate(lines)]
    content = line_end.join(lines) + line_end * draw(st.booleans())
    return start + content.encode(encoding), start + "".join(marked).encode(encoding), separator, table
