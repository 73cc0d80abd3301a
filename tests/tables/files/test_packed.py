import bz2
import gzip
import io
import lzma
import resource
import sys
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import example, given, strategies as st

from wgan_resampler.exceptions import DataFileError
from wgan_resampler.tables import MIN_UNPACKED_ALLOWANCE, open_data
from wgan_resampler.utils.storage import PACKED_SUFFIXES, atomic_writer

SUFFIXES = [suffix for suffix in PACKED_SUFFIXES if suffix]


def read(path):
    with open_data(path) as file:
        return file.read()


def packed(folder, suffix, content):
    path = folder / f"content.csv{suffix}"
    with atomic_writer(path) as file:
        file.write(content)
    return path


def zipped(*names, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name in names:
            archive.writestr(name, b"" if name.endswith("/") else b"a,b\n1,2\n")
    return out.getvalue()


def test_the_packings_that_people_have_are_known():
    assert PACKED_SUFFIXES == ("", ".gz", ".bz2", ".xz", ".zst", ".zip")


@given(st.binary(max_size=2000), st.integers(0, 300), st.sampled_from(PACKED_SUFFIXES), st.booleans())
def test_what_is_written_is_read(tmp_path_factory, content, repeats, suffix, upper):
    content = b"x" + content * repeats
    path = tmp_path_factory.getbasetemp() / f"content.csv{suffix.upper() if upper else suffix}"
    with atomic_writer(path) as file:
        file.write(content[:7])
        file.write(content[7:])
    assert read(path) == content


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_packed_file_can_be_empty(tmp_path, suffix):
    assert read(packed(tmp_path, suffix, b"")) == b""


def test_what_other_programs_pack_is_read(tmp_path):
    content = b"a,b\n1,2\n"
    for suffix, pack in ((".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)):
        path = tmp_path / f"x.csv{suffix}"
        path.write_bytes(pack(content) + pack(content))  # as parallel programs and `cat` do
        assert read(path) == content * 2
    path.write_bytes(lzma.compress(content) + bytes(8) + lzma.compress(content) + bytes(4))
    assert read(path) == content * 2


def test_a_zip_of_one_file_may_hold_folders_and_the_properties_that_macos_adds(tmp_path):
    path = tmp_path / "x.csv.zip"
    path.write_bytes(zipped("songs/", "songs/x.csv", "__MACOSX/songs/._x.csv"))
    assert read(path) == b"a,b\n1,2\n"


@pytest.mark.parametrize(
    ("content", "fragment"),
    [
        (zipped("a.csv", "b.csv"), "holds 2 files: 'a.csv', 'b.csv'. It must hold exactly one"),
        (zipped("a", "b", "c", "d"), "holds 4 files: 'a', 'b', 'c', .... It must"),
        (zipped(), "holds 0 files. It must hold exactly one"),
        (zipped("a.csv", method=zipfile.ZIP_LZMA), "a method that is not supported"),
    ],
)
def test_a_zip_of_other_than_one_file_is_refused(tmp_path, content, fragment):
    path = tmp_path / "x.csv.zip"
    path.write_bytes(content)
    with pytest.raises(DataFileError, match=r"x\.csv\.zip") as caught:
        read(path)
    assert fragment in str(caught.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.csv.zip"])
def test_a_packed_file_whose_name_says_otherwise_is_to_be_renamed(tmp_path, suffix, name):
    path = packed(tmp_path, suffix, b"a,b\n1,2\n").rename(tmp_path / name)
    if name.endswith(suffix):
        assert read(path) == b"a,b\n1,2\n"
        return
    with pytest.raises(DataFileError, match=rf"but its name does not end in \{suffix}\. Rename it"):
        read(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_that_is_not_packed_despite_its_name_is_to_be_renamed(tmp_path, suffix):
    path = tmp_path / f"x.csv{suffix}"
    path.write_bytes(b"a,b\n1,2\n")
    with pytest.raises(DataFileError, match=rf"If it is not packed, remove \{suffix} from its name"):
        read(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.99])
def test_a_cut_packed_file_is_refused(tmp_path, suffix, kept):
    path = packed(tmp_path, suffix, np.random.default_rng(0).bytes(100_000))
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(DataFileError, match=r"is not a complete"):
        read(path)


@given(st.sampled_from(SUFFIXES), st.data())
@example(".gz", None)
def test_a_damaged_packed_file_raises_nothing_else(tmp_path_factory, suffix, data):
    path = packed(tmp_path_factory.getbasetemp(), suffix, np.random.default_rng(0).bytes(300))
    content = bytearray(path.read_bytes())
    for _ in range(3 if data else 0):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        unpacked = read(path)
    except DataFileError as error:
        assert str(path) in str(error)  # noqa: PT017 - damage may also go unnoticed
    else:
        assert isinstance(unpacked, bytes)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_bomb_is_stopped_in_every_packing(tmp_path, suffix):
    path = tmp_path / f"bomb.csv{suffix}"
    with atomic_writer(path) as file:
        for _ in range(40):
            file.write(bytes(2**20))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataFileError, match=r"unpacks to over \d+ bytes"), open_data(path) as unpacked:
        list(iter(lambda: len(unpacked.read(2**20)), 0))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * (1 if sys.platform == "darwin" else 1024) < 8 * MIN_UNPACKED_ALLOWANCE


def test_an_xz_file_cannot_ask_for_gigabytes_of_memory(tmp_path):
    content = bytearray(lzma.compress(b"a,b\n1,2\n", check=lzma.CHECK_NONE))
    # The header of the block starts at byte 12. Byte 4 of the header holds the size of the dictionary.
    content[12 + 4] = 40  # 4 GiB
    content[12 + 8 : 12 + 12] = zlib.crc32(content[12 : 12 + 8]).to_bytes(4, "little")
    path = tmp_path / "x.csv.xz"
    path.write_bytes(content)
    with pytest.raises(DataFileError, match=r"is not a complete xz file: Memory usage limit exceeded"):
        read(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_equal_content_makes_equal_packed_files(tmp_path, suffix, monkeypatch):
    first = packed(tmp_path, suffix, b"a,b\n" * 1000).read_bytes()
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert packed(tmp_path, suffix, b"a,b\n" * 1000).read_bytes() == first


def test_a_zip_names_its_file(tmp_path):
    with zipfile.ZipFile(packed(tmp_path, ".zip", b"a,b\n")) as archive:
        assert archive.namelist() == ["content.csv"]
