"""Files of trained generators: saving and loading, and one error for any other file."""

import time
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import HealthCheck, given, settings, strategies as st
from small_generators import QUICK, write_generator

from wgan_resampler import GanAugmenter
from wgan_resampler.exceptions import CheckpointError
from wgan_resampler.records.generator_file import load_generator, save_generator
from wgan_resampler.tables import write_table
from wgan_resampler.utils.storage.state_file import FORMAT, VERSION, load_state, save_state

SAFE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
HUGE = 10**12


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Return the file of a generator of a table with numbers, frequent numbers and categories."""
    folder = tmp_path_factory.mktemp("generator")
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "x": rng.normal(size=60),
            "n": rng.integers(0, 3, size=60),
            "c": rng.choice(["a", "b"], size=60),
            "y": ["p"] * 40 + ["q"] * 20,
        }
    )
    table.loc[:5, ["x", "c"]] = None
    write_table(folder / "in.parquet", table)
    return write_generator(folder, folder / "in.parquet", "y")


def refuse(path, fragment=None):
    """Check that loading soon raises one error, with a message of one line that names the file."""
    started = time.process_time()
    with pytest.raises(CheckpointError, match=fragment) as caught:
        load_generator(path)
    assert time.process_time() - started < 1
    assert str(path) in str(caught.value)
    assert str(caught.value).isprintable()


def put(state, place, value):
    """Change one value of nested dicts and lists."""
    *path, last = place
    for key in path:
        state = state[key]
    if value is KeyError:
        del state[last]
    else:
        state[last] = value


def test_what_goes_in_comes_out(good, tmp_path):
    trained = load_generator(good)
    save_generator(tmp_path / "again.pth", trained)
    again = load_generator(tmp_path / "again.pth")
    assert again.data == trained.data
    assert again.data.categories == (None, None, ("a", "b")) or again.data.categories[2] == ("b", "a")
    assert (again.settings, again.epochs, again.n_updates) == (trained.settings, trained.epochs, trained.n_updates)
    drawn = [
        GanAugmenter(p, random_state=0, device="cpu").generate_samples(20, "q") for p in (good, tmp_path / "again.pth")
    ]
    pd.testing.assert_frame_equal(*drawn)


def test_moments_and_focus_go_along(good, tmp_path):
    changed = replace(QUICK, moment_start=True, boundary_focus=0.5, rejection_rate=0.2)
    trained = load_generator(write_generator(tmp_path, good.parent / "in.parquet", "y", settings=changed))
    assert trained.model.boundary_focus == 0.5
    assert trained.model.generator.moments.shape[:2] == (2, QUICK.noise_dim + 1)


COLUMNS = ("model", "schema", "columns")


@pytest.mark.parametrize(
    ("place", "value", "fragment"),
    [
        (("kind",), "other", "no trained generator"),
        (("model",), KeyError, None),
        (("model",), [], "entry 'model' .* Expected dict, got list"),
        (("settings",), 3, "entry 'settings' .* Expected dict"),
        (("epochs",), -1, "epochs"),
        (("epochs",), "9", "epochs"),
        (("data", "kind"), "songs", "kind"),
        (("data", "kind"), "vectors", None),
        (("data", "n_coefficients"), HUGE, None),
        (("data", "columns"), ("x", "x", "c"), "two columns of one name"),
        (("data", "columns"), ("x", "n"), None),
        (("data", "categories"), (None, None, ("a", "b", "c")), "describes 3 categories of column 'c'.* makes 2"),
        (("data", "categories"), (None, None, None), "describes None categories of column 'c'"),
        (("data", "categories"), (("a",), None, ("a", "b")), "describes 1 categories of column 'x'"),
        (("data", "categories"), (None, None, "ab"), "categories"),
        (("data", "categories"), (None, None, (None, "b")), r"categories\[2\]\[0\]"),
        (("model", "classes"), ["p", "p"], "class twice"),
        (("model", "classes"), ["p"], "as many numbers of rows"),
        (("model", "counts"), [2**80, 1], None),
        (("model", "counts"), [2**62, 2**62], None),
        (("model", "rejection_rate"), 1.0, "rejection_rate"),
        (("model", "boundary_focus"), -1.0, "boundary_focus"),
        (("model", "boundary_focus"), float("inf"), "boundary_focus"),
        (("model", "boundary_focus"), "1", "boundary_focus"),
        (("model", "generator", "moments"), torch.zeros(2, 8, 3), "moments must have shape"),
        (("model", "generator", "moments"), torch.full((2, 9, 9), float("nan")), "not finite"),
        # bug: numbers that are finite, but near the largest ones, gave rows that were not
        (("model", "generator", "moments"), torch.full((2, 9, 9), 3e38), "moments .* too large"),
        (("model", "generator", "output.bias"), torch.full((3,), -3e38), "output.bias .* too large"),
        (("model", "generator_options", "dropout"), 2.0, "dropout"),
        (("model", "generator_options", "dropout"), "much", None),
        (("model", "generator_options", "normalization"), "none", "normalization"),
        # bug: a tensor was taken for a truth value, and drawing failed
        (
            ("model", "generator_options", "skip_connections"),
            torch.zeros(2, 2),
            "skip_connections.*got Tensor",
        ),
        ((*COLUMNS, 2, "n_categories"), HUGE, None),
        ((*COLUMNS, 2, "n_categories"), -1, None),
        ((*COLUMNS, 2, "kind"), "colours", None),
        ((*COLUMNS, 0, "dtype"), "O", "dtype"),
        ((*COLUMNS, 0, "dtype"), "<i8", None),
        ((*COLUMNS, 1, "frequent"), [0, 1, 2**70], None),
        ((*COLUMNS, 1, "frequent"), [2, 1, 0], None),
        ((*COLUMNS, 0, "scale", "maximum"), float("inf"), None),
        ((*COLUMNS, 0, "scale", "minimum"), float("nan"), None),
        ((*COLUMNS, 0, "scale", "knots"), (), None),
        ((*COLUMNS, 0, "scale", "grid"), {"step": 0, "decimals": 0}, "do not fit"),
        ((*COLUMNS, 0, "scale", "grid"), {"step": HUGE * HUGE, "decimals": 0}, None),
        ((*COLUMNS, 0, "scale", "grid"), {"step": 1, "decimals": 400}, "do not fit"),
        ((*COLUMNS, 0, "scale", "grid"), {"step": 0.5, "decimals": 0}, "grid"),
        ((*COLUMNS, 0, "scale", "grid"), KeyError, "grid"),
        (("model", "generator", "output.weight"), torch.zeros(HUGE, 0), None),
        (("model", "generator", "output.weight"), torch.zeros(2, 2), "size mismatch for output.weight"),
        (("model", "generator", "output.bias"), KeyError, None),
        (("model", "generator", "output.bias"), torch.full((3,), float("nan")), "not finite"),
        (("model", "generator", "norms.0.running_var"), torch.full((16,), -1.0), "variances below 0"),
        (("model", "generator", "hidden.0.weight"), torch.zeros(16), "without a first layer"),
    ],
)
def test_states_that_make_no_sense(good, tmp_path, place, value, fragment):
    state = load_state(good)
    put(state, place, value)
    save_state(tmp_path / "x.pth", state)
    refuse(tmp_path / "x.pth", fragment)


def test_many_features_from_few_bytes(good, tmp_path):
    state = load_state(good)
    state["model"]["generator"] = {"hidden.0.weight": torch.zeros(0, 10), "output.weight": torch.zeros(HUGE, 0)}
    state["model"]["schema"]["columns"] = [{"kind": "categories", "n_categories": HUGE, "has_missing": False}]
    save_state(tmp_path / "x.pth", state)
    refuse(tmp_path / "x.pth")
    weight = torch.zeros(1).expand(HUGE)  # a stride of 0
    torch.save(
        {"format": FORMAT, "version": VERSION, "state": {"kind": "generator", "w": weight}},
        tmp_path / "stride.pth",
    )
    refuse(tmp_path / "stride.pth", "does not hold")


@given(st.binary(max_size=300))
@SAFE
def test_arbitrary_bytes(tmp_path, content):
    (tmp_path / "x.pth").write_bytes(content)
    refuse(tmp_path / "x.pth")


@given(st.data())
@SAFE
def test_flipped_bits_and_lost_ends(good, tmp_path, data):
    content = bytearray(good.read_bytes())
    if data.draw(st.booleans()):
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    (tmp_path / "x.pth").write_bytes(content)
    try:
        load_generator(tmp_path / "x.pth")
    except CheckpointError as error:
        assert str(tmp_path) in str(error)  # noqa: PT017 - a bit that nobody reads may flip


def places(value, path=()):
    """Return where the values of nested dicts and lists are."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, item in items for found in ((*path, key), *places(item, (*path, key)))]


ODD = st.sampled_from(
    [None, True, 0, -1, HUGE, 2**70, 0.5, float("nan"), float("inf"), 1e308, "", "x" * 999, (), [], {}]
)


@given(st.data())
@SAFE
def test_anything_anywhere_is_refused_or_draws(good, tmp_path, data):
    state = load_state(good)
    put(state, data.draw(st.sampled_from(places(state))), data.draw(ODD))
    save_state(tmp_path / "x.pth", state)
    try:
        augmenter = GanAugmenter(tmp_path / "x.pth", device="cpu", random_state=0)
    except CheckpointError:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(augmenter.generate_samples(5, 0)) == 5
