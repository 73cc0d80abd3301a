"""Tables in any writing, trained on and augmented: the original rows stay byte for byte."""

import warnings

import pytest
from csv_examples import csv_files
from hypothesis import HealthCheck, assume, given, settings

from wgan_resampler import GanAugmenter
from wgan_resampler.exceptions import WGANResamplerError, WGANResamplerWarning
from wgan_resampler.records import Run, train_in_folder
from wgan_resampler.sampler import FitSettings
from wgan_resampler.tables import CsvOptions

REASONS = (
    "header of several rows",
    "no column but",
    "without a class",
    "more than 1 class",
    "infinit",
    "more than 64 bits",
)
"""Why a table of random cells may be refused, in the words of the messages."""


@pytest.mark.slow
@given(csv_files())
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_original_rows_of_200_tables_stay_byte_for_byte(tmp_path_factory, drawn):
    content, marked, separator, cells = drawn
    assume(cells[0].count("the class") == 1 and len({row[-1] for row in cells[1:]}) > 1)
    folder = tmp_path_factory.mktemp("tables")
    (folder / "x.csv").write_bytes(content)
    options = CsvOptions(separator=separator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WGANResamplerWarning)
        try:
            run = Run(
                str(folder / "x.csv"),
                str(folder),
                FitSettings(epochs=1, hidden_dim=8),
                target="the class",
                csv_options=options,
                device="cpu",
            )
            augmenter = GanAugmenter(train_in_folder(run).model, device="cpu")
            done = augmenter.balance_dataset(
                folder / "x.csv",
                folder / "out.csv",
                "custom",
                5,
                target="the class",
                csv_options=options,
            )
        except WGANResamplerError as error:
            assume(not any(reason in str(error) for reason in REASONS))
            raise
    assert done.original_samples == len(cells) - 1
    if done.synthetic_samples:
        assert (folder / "out.csv").read_bytes().startswith(marked)
