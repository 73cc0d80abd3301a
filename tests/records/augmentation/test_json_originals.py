"""The content of a JSON file of records does not change when the file is augmented."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from small_generators import write_generator

from wgan_resampler import GanAugmenter
from wgan_resampler.records.files.json_records import read_records

CLASSES = ("jazz", "rock")
WIDTH = 3


@pytest.fixture(scope="module")
def augmenter(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generator")
    rows = np.random.default_rng(0).normal(size=(30, WIDTH)).tolist()
    content = {"features": rows, "labels": [0] * 20 + [1] * 10, "mapping": CLASSES}
    (folder / "data.json").write_text(json.dumps(content))
    return GanAugmenter(write_generator(folder, folder / "data.json"), device="cpu")


# Texts of numbers, which parsing and writing again would change.
NUMBERS = st.sampled_from(["1.10", "2E03", "-0.0", "-0", "9007199254740993", "18446744073709551617", "1e-400", "5"])
NUMBERS |= st.floats(-1e30, 1e30).map(repr) | st.integers(-(10**29), 10**29).map(str)
STRINGS = st.text(max_size=5).map(json.dumps) | st.sampled_from(['"\\u00e9\\/"', '"日本"', '"\\ud83c\\udfb5"', '"]}"'])
FURTHER = st.recursive(
    NUMBERS | STRINGS | st.sampled_from(["null", "true", "[]", "1e999", "9" * 300]),
    lambda inner: st.lists(inner, min_size=1, max_size=4).map(lambda values: f"[{' , '.join(values)}]"),
    max_leaves=8,
)


@st.composite
def record_files(draw):
    """Draw the text of a file of records: spaces, the order of keys, and the writing of numbers and strings vary."""
    n_records = draw(st.integers(2, 12))
    space = draw(st.sampled_from(["", " ", "\n    ", "\r\n\t"]))

    def listed(values):
        return f"[{space}{f',{space}'.join(values)}{space}]"

    numbers = iter(draw(st.lists(NUMBERS, min_size=n_records * WIDTH, max_size=n_records * WIDTH)))
    vectors = [listed([next(numbers) for _ in range(WIDTH)]) for _ in range(n_records)]
    labels = ["0", "1"] + [draw(st.sampled_from("01")) for _ in range(n_records - 2)]
    members = {
        "features": listed(vectors),
        "labels": listed(labels),
        "mapping": listed([f'"{name}"' for name in CLASSES]),
    }
    if draw(st.booleans()):
        members["is_synthetic"] = listed(["false"] * n_records)
    for key in draw(st.lists(st.text('abcé\\"', min_size=1, max_size=5), max_size=3)):
        members[key] = draw(FURTHER | st.lists(FURTHER, min_size=n_records, max_size=n_records).map(listed))
    keys = draw(st.permutations(list(members)))
    text = f",{space}".join(f"{json.dumps(key)}:{space}{members[key]}" for key in keys)
    return f"{{{space}{text}{space}}}{space}"


def as_written(text):
    """Parse JSON; numbers stay what is written."""
    return json.loads(text, parse_int=lambda number: ("int", number), parse_float=lambda number: ("float", number))


@given(record_files())
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_the_original_part_of_an_augmented_file_keeps_each_of_its_bytes(tmp_path, augmenter, text):
    path, output = tmp_path / "data.json", tmp_path / "out.json"
    path.write_bytes(text.encode())
    done = augmenter.balance_dataset(path, output, "custom", 8)
    written = output.read_bytes()
    rest = iter(written)
    assert all(byte in rest for byte in text.encode())  # the bytes are all there, in order
    before, after = as_written(text), as_written(written)
    for key, value in before.items():
        added = done.synthetic_samples if key in ("features", "labels", "is_synthetic") else 0
        assert after[key] == value if not added else after[key][: len(value)] == value
        if isinstance(value, list):
            assert len(after[key]) == len(value) + added
    assert [key for key in after if key in before] == list(before)
    assert (
        read_records(output).is_synthetic.tolist() == [False] * done.original_samples + [True] * done.synthetic_samples
    )
