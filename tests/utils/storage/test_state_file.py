"""Files of state: what goes in comes out, and what comes from elsewhere does no harm."""

import contextlib
import os
import pickle
import resource
import struct
import subprocess
import sys
import time
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, example, given, settings, strategies as st

from wgan_resampler.exceptions import CheckpointError, CheckpointVersionError, DamagedCheckpointWarning
from wgan_resampler.utils.storage.archive_reader import DTYPES, MAX_TUPLES
from wgan_resampler.utils.storage.state_file import FORMAT, MAX_DEPTH, VERSION, load_state, newest_good, save_state

STATE = {
    "weights": {"0.weight": torch.arange(6.0).reshape(2, 3), "empty": torch.zeros(0, 4), "scalar": torch.tensor(2.5)},
    "adam": {0: {"step": 7, "exp_avg": torch.full((5,), 1e-30, dtype=torch.float64)}},
    "history": [{"epoch": 1, "critic_loss": 0.1 + 0.2}, {"epoch": 2, "critic_loss": float("-inf")}],
    "random": torch.arange(50, dtype=torch.uint8),
    "big": 2**128 - 1,
    "betas": (0.5, 0.9),
    "none": None,
    "flag": True,
    "name": "Ä",
}
SAFE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def same(a, b):
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and a.dtype == b.dtype and a.shape == b.shape and torch.equal(a, b)
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "state.pth"
    save_state(path, STATE)
    return path


def refuse(path, fragment=None, error=CheckpointError):
    """Check that loading fails as it should: in one error with the name, quickly and without eating memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    with pytest.raises(error, match=fragment) as caught:
        load_state(path)
    if sys.gettrace() is None:  # under a tracer, as in a measurement of coverage, everything takes longer
        assert time.process_time() - started < 1
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * (1 if sys.platform == "darwin" else 1024) < 300 * 10**6
    assert str(path) in str(caught.value)
    assert str(caught.value).isprintable()  # one line, and no commands to the terminal


def torch_saved(path, value, **envelope):
    torch.save({"format": FORMAT, "version": VERSION, "state": value, **envelope}, path)
    return path


def repacked(path, compression=zipfile.ZIP_STORED, **replaced):
    """Write the archive anew, with some entries replaced: ``data_pkl`` stands for data.pkl, ``data_0`` for data/0."""
    with zipfile.ZipFile(path) as archive:
        entries = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    for name, change in replaced.items():
        name = name.replace("data_pkl", "data.pkl").replace("data_", "data/")
        entries[name] = change(entries.get(name, b"")) if callable(change) else change
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(f"archive/{name}", content)
    return path


def test_what_goes_in_comes_out(path):
    assert same(load_state(path), STATE)


@pytest.mark.parametrize("name", ["x.gz", "x.zip"])
def test_a_state_under_the_name_of_a_packed_file_comes_back(tmp_path, name):
    save_state(tmp_path / name, {"epoch": 3})
    assert load_state(tmp_path / name) == {"epoch": 3}


def test_torch_reads_it_as_weights_only(path):
    payload = torch.load(path, weights_only=True)
    assert (payload["format"], payload["version"]) == (FORMAT, VERSION)
    assert same(payload["state"], STATE)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_all_kinds_of_numbers(tmp_path, dtype):
    tensor = torch.tensor([0, 1, 1, 0, 1]).to(dtype)
    save_state(tmp_path / "x", {"t": tensor})
    assert same(load_state(tmp_path / "x"), {"t": tensor})


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.text() | st.integers(), PLAIN))
@SAFE
def test_any_plain_state_comes_back(tmp_path, state):
    save_state(tmp_path / "x", state)
    assert same(load_state(tmp_path / "x"), state)


def test_equal_states_make_equal_files(path, tmp_path):
    save_state(tmp_path / "again", STATE)
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_what_can_be_made_plain_is(tmp_path):
    base = torch.arange(1_000_000.0)
    shared = [1, 2]
    state = {
        "slice": base[:3],
        "transposed": torch.arange(6).reshape(2, 3).T,
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "ordered": OrderedDict(a=1),
        "float": np.float64(0.1),
        "text": np.str_("x"),
        "twice": [shared, shared, base[:2], base[:2]],
    }
    save_state(tmp_path / "x", state)
    assert (tmp_path / "x").stat().st_size < 10_000
    found = load_state(tmp_path / "x")
    assert type(found["ordered"]) is dict
    assert type(found["float"]) is float
    assert found["transposed"].is_contiguous()
    assert torch.equal(found["transposed"], state["transposed"])
    assert found["parameter"].tolist() == [1, 1]
    assert found["twice"][:2] == [[1, 2], [1, 2]]


ENDLESS = {}
ENDLESS["self"] = ENDLESS


@pytest.mark.parametrize(
    ("value", "fragment"),
    [
        (np.zeros(3), r"state\['x'\] is of type ndarray"),
        (np.int64(3), "of type int64"),
        ({1, 2}, "of type set"),
        (b"bytes", "of type bytes"),
        (len, "of type builtin_function"),
        ({(1, 2): 3}, r"has the key \(1, 2\)"),
        ({True: 3}, "has the key True"),
        ([[object()]], r"state\['x'\]\[0\]\[0\]"),
        (2**1001, "1002 bits"),
        (torch.zeros(2, dtype=torch.complex64), "complex64"),
        (torch.eye(3).to_sparse(), "sparse"),
        (ENDLESS, "contains itself"),
    ],
)
def test_what_cannot_be_stored_is_refused_by_its_place(tmp_path, value, fragment):
    with pytest.raises(CheckpointError, match=fragment):
        save_state(tmp_path / "x", {"x": value})
    assert list(tmp_path.iterdir()) == []


class Payload:
    def __reduce__(self):
        return os.mkdir, ("harm",)


def test_a_pickle_with_a_payload_runs_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bare.pth").write_bytes(pickle.dumps(Payload()))
    refuse(tmp_path / "bare.pth")
    refuse(torch_saved(tmp_path / "archive.pth", Payload()), "holds GLOBAL (posix|nt) mkdir")
    torch.save(Payload(), tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    refuse(tmp_path / "old.pth")
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    "content", [b"", b"x", np.random.default_rng(0).bytes(10_000), b"PK\x03\x04" + bytes(1000), pickle.dumps([1])]
)
def test_other_bytes(tmp_path, content):
    (tmp_path / "x.pth").write_bytes(content)
    refuse(tmp_path / "x.pth", "damaged")


def test_truncated_anywhere(path, tmp_path):
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        (tmp_path / "x.pth").write_bytes(whole[:length])
        refuse(tmp_path / "x.pth", "damaged")


def test_newer_version_and_other_formats(tmp_path):
    path = torch_saved(tmp_path / "x.pth", {}, version=VERSION + 1)
    refuse(path, f"version {VERSION + 1} .* reads version {VERSION}", CheckpointVersionError)
    for envelope in ({"format": "other"}, {"version": "1"}, {"version": 0}, {"state": []}, {"format": None}):
        refuse(torch_saved(path, {}, **envelope))
    torch.save([1, 2], path)
    refuse(path, "format is not")
    torch.save(torch.nn.Linear(2, 2).state_dict(), path)
    refuse(path)


def test_deep_nesting(tmp_path):
    value = []
    for _ in range(MAX_DEPTH + 2):
        value = [value]
    refuse(torch_saved(tmp_path / "x.pth", value, state={"x": value}), "nests too deep")
    save_state(tmp_path / "x.pth", {})
    for opening, closing in ((b"]", b"a"), (b")", b"\x85"), (b"}U\x00", b"s")):
        content = b"\x80\x02" + opening * 100_000 + closing * 99_999 + b"."
        if opening == b")":
            content = b"\x80\x02)" + b"\x85" * 100_000 + b"."
        refuse(repacked(tmp_path / "x.pth", data_pkl=content))


def test_a_key_of_nested_tuples_would_overflow_the_stack(tmp_path):
    save_state(tmp_path / "x.pth", {})
    content = b"\x80\x02})" + b"\x85" * 400_000 + b"K\x01s."
    refuse(repacked(tmp_path / "x.pth", data_pkl=content), f"{MAX_TUPLES} are allowed")


def test_a_key_of_nested_tuples_is_named_shortly(tmp_path):
    # bug: the message about the key overflowed the stack, or took as long as the key
    save_state(tmp_path / "x.pth", {})
    state = b"X\x06\x00\x00\x00format" + b"X\x14\x00\x00\x00" + FORMAT.encode()
    state += b"X\x07\x00\x00\x00versionK" + bytes([VERSION])
    content = b"\x80\x02}(" + state + b"X\x05\x00\x00\x00state})" + b"\x85" * 500 + b"K\x01su."
    refuse(repacked(tmp_path / "x.pth", data_pkl=content), "has the key")


def test_one_storage_makes_one_tensor(tmp_path):
    save_state(tmp_path / "x.pth", {"t": torch.zeros(3)})

    def named_twice(content):
        # Remember the description of the storage, and make two tensors of it.
        start = content.index(b"ctorch._utils")
        end = content.index(b"R", content.index(b"cpu")) + 1
        tensor = content[start:end]
        again = tensor.replace(b"Q", b"Qr\xff\x00\x00\x00") + tensor[: tensor.index(b"((")] + b"(j\xff\x00\x00\x00"
        return content[:start] + b"(" + again + tensor[tensor.index(b"Q") + 1 :] + b"t" + content[end:]

    refuse(repacked(tmp_path / "x.pth", data_pkl=named_twice), "in two places|does not hold")


def test_lists_of_lists_of_one_list(tmp_path):
    value = [1]
    for _ in range(28):
        value = [value, value]
    refuse(torch_saved(tmp_path / "x.pth", {"x": value}), "in two places")


@pytest.mark.parametrize(
    "tensor",
    [
        torch.zeros(1).expand(10**12),
        torch.zeros(1).expand(10**6, 10**6),
        torch.zeros(10)[:5],
        torch.arange(6).reshape(2, 3).T,
        torch.zeros(2, requires_grad=True),
    ],
    ids=["stride 0", "two strides 0", "part", "transposed", "with gradient"],
)
def test_tensors_that_are_not_what_they_claim(tmp_path, tensor):
    path = torch_saved(tmp_path / "x.pth", {"t": tensor})
    assert path.stat().st_size < 10_000
    refuse(path, "claims a tensor of shape|RequireGrad|does not hold")


def test_two_tensors_in_one_memory(tmp_path):
    base = torch.zeros(10)
    refuse(torch_saved(tmp_path / "x.pth", {"a": base, "b": base}))
    refuse(torch_saved(tmp_path / "x.pth", {"a": base, "b": base.view(2, 5)}))


@pytest.mark.parametrize("other", [torch.zeros(2, dtype=torch.complex64), torch.eye(3).to_sparse(), torch.Size([1])])
def test_what_torch_loads_but_a_state_does_not_hold(tmp_path, other):
    refuse(torch_saved(tmp_path / "x.pth", {"t": other}), "which a state does not|does not hold")


@pytest.mark.parametrize("claim", [4, 2**20, 2**31 - 1])
def test_memory_that_is_not_there(tmp_path, claim):
    save_state(tmp_path / "x.pth", {"t": torch.zeros(3)})

    def overclaim(content):
        # The number of elements stands before the tuple that names the memory.
        assert content.count(b"K\x03tq") == 1
        return content.replace(b"K\x03tq", b"J" + struct.pack("<i", claim) + b"tq")

    refuse(repacked(tmp_path / "x.pth", data_pkl=overclaim), "elements it does not hold")
    save_state(tmp_path / "x.pth", {"t": torch.zeros(3)})
    refuse(repacked(tmp_path / "x.pth", data_0=lambda content: content[:-1]), "elements it does not hold")


def test_packed_archives_may_be_bombs(tmp_path):
    save_state(tmp_path / "x.pth", {"t": torch.zeros(50_000_000)})
    path = repacked(tmp_path / "x.pth", compression=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 10**6
    refuse(path, "packed")


def test_a_program_of_torchscript_is_not_taken_for_one(path):
    assert same(load_state(repacked(path, **{"constants.pkl": b"\x80\x02)."})), STATE)


def test_overlapping_entries_may_be_bombs(tmp_path):
    path = tmp_path / "x.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", bytes(10**6))
        info = archive.infolist()[0]
        for i in range(5000):
            entry = zipfile.ZipInfo(f"archive/data/{i}")
            for name in ("header_offset", "file_size", "compress_size", "CRC"):
                setattr(entry, name, getattr(info, name))
            archive.filelist.append(entry)
    assert path.stat().st_size < 2 * 10**6
    refuse(path, "claims more")


def test_a_pickle_of_endless_length_is_refused(tmp_path):
    save_state(tmp_path / "x.pth", {})
    refuse(repacked(tmp_path / "x.pth", data_pkl=bytes(2**24 + 1)), "are allowed")


def test_a_huge_memo_index_or_text_claims_nothing(tmp_path):
    save_state(tmp_path / "x.pth", {})
    for content in (
        b"\x80\x02}r\xff\xff\xff\x7f.",
        b"\x80\x02X\xff\xff\xff\x7fabc.",
        b"\x80\x02\x8b\xff\xff\xff\x7fab.",
    ):
        refuse(repacked(tmp_path / "x.pth", data_pkl=content))


@given(st.binary(max_size=500))
@example(b"PK\x05\x06" + bytes(18))
@SAFE
def test_arbitrary_bytes_raise_only_the_checkpoint_error(tmp_path, content):
    (tmp_path / "x.pth").write_bytes(content)
    with pytest.raises(CheckpointError):
        load_state(tmp_path / "x.pth")


@given(st.binary(max_size=100))
@example(b"ca\\c\n\n")  # a text at which pickletools warns
@SAFE
def test_arbitrary_pickles_raise_only_the_checkpoint_error(tmp_path, content):
    save_state(tmp_path / "x.pth", {})
    with pytest.raises(CheckpointError):
        load_state(repacked(tmp_path / "x.pth", data_pkl=b"\x80\x02" + content + b"."))


@given(st.integers(0, 10**6), st.integers(0, 7))
@settings(SAFE, max_examples=300)
def test_a_flipped_bit_is_noticed_or_does_not_matter(path, position, bit):
    content = bytearray(path.read_bytes())
    content[position % len(content)] ^= 1 << bit
    damaged = path.with_name("damaged.pth")
    damaged.write_bytes(content)
    with contextlib.suppress(CheckpointError):
        assert same(load_state(damaged), STATE)


@given(st.integers(0, 10**6), st.binary(min_size=1, max_size=4))
@settings(SAFE, max_examples=300)
def test_changed_structure_raises_only_the_checkpoint_error(tmp_path, position, replacement):
    save_state(tmp_path / "x.pth", STATE)

    def change(content):
        start = position % len(content)
        return content[:start] + replacement + content[start + len(replacement) :]

    with contextlib.suppress(CheckpointError):
        load_state(repacked(tmp_path / "x.pth", data_pkl=change))


def test_a_missing_file_is_an_oserror(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_state(tmp_path / "none.pth")


def test_a_folder_that_is_not_there_fails_loudly(tmp_path):
    with pytest.raises(CheckpointError, match="could not be written: There is no such folder"):
        save_state(tmp_path / "none" / "x.pth", STATE)


def test_a_full_disk_fails_loudly_and_leaves_nothing_half_written(path):
    before = path.read_bytes()
    code = """
import resource, signal, sys
import torch
from wgan_resampler.utils.storage.state_file import CheckpointError, save_state
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # then writing fails as on a full disk
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    save_state(sys.argv[1], {"t": torch.zeros(1_000_000)})
except CheckpointError as error:
    print("refused:", error)
"""
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    assert done.stdout.startswith(f"refused: {path} could not be written: "), done.stderr
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def save_epochs(folder, *epochs):
    for epoch in epochs:
        save_state(folder / f"checkpoint_epoch_{epoch}.pth", {"epoch": epoch})


def test_the_newest_is_the_one_with_the_greatest_number(tmp_path):
    save_epochs(tmp_path, 5, 10, 9, 100)
    (tmp_path / ".checkpoint_epoch_200.pth.1a2b.part").write_bytes(b"half")
    found = newest_good(tmp_path)
    assert (found.path.name, found.state, found.damaged) == ("checkpoint_epoch_100.pth", {"epoch": 100}, ())


def test_damaged_files_are_named_and_the_one_before_is_used(tmp_path):
    save_epochs(tmp_path, 1, 2, 3)
    for epoch in (2, 3):
        path = tmp_path / f"checkpoint_epoch_{epoch}.pth"
        path.write_bytes(path.read_bytes()[:-30])
    with pytest.warns(DamagedCheckpointWarning) as warned:
        found = newest_good(tmp_path)
    assert [f"checkpoint_epoch_{n}.pth" in str(w.message) for n, w in zip((3, 2), warned, strict=True)] == [True, True]
    assert found.state == {"epoch": 1}
    assert [path.name for path in found.damaged] == ["checkpoint_epoch_3.pth", "checkpoint_epoch_2.pth"]


def test_nothing_good(tmp_path):
    assert newest_good(tmp_path).path is None
    assert newest_good(tmp_path / "none").state is None
    (tmp_path / "checkpoint_epoch_1.pth").write_bytes(b"")
    with pytest.warns(DamagedCheckpointWarning):
        assert newest_good(tmp_path).path is None


def test_a_newer_version_is_not_damage(tmp_path):
    save_epochs(tmp_path, 1)
    torch_saved(tmp_path / "checkpoint_epoch_2.pth", {}, version=VERSION + 1)
    with pytest.raises(CheckpointVersionError, match="checkpoint_epoch_2"):
        newest_good(tmp_path)


def test_an_error_in_the_program_is_not_reported_as_damage(path):
    # bug: a mistake in a declared type was blamed on the file
    def build(state):
        raise TypeError("Type unions may not contain more than one dataclass")

    with pytest.raises(TypeError, match="unions"):
        load_state(path, build)
