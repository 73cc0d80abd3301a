"""Warnings about data that will train but give poor results. Mixed tables have tests of what triggers them."""

import numpy as np
import pandas as pd
import pytest
from sampler.over_sampler.quick import X, quick

from wgan_resampler.exceptions import IdentifierColumnWarning, ThinClassWarning

IDENTIFIERS = pd.DataFrame({"id": [f"customer {i}" for i in range(60)], "x": np.arange(60.0)})


@pytest.mark.parametrize("method", ["fit", "fit_resample"])
@pytest.mark.parametrize(
    ("table", "target", "category"),
    [(X, [0] * 27 + [1] * 3, ThinClassWarning), (IDENTIFIERS, [0, 0, 1] * 20, IdentifierColumnWarning)],
    ids=["thin class", "identifier"],
)
def test_bug_warnings_pointed_into_scikit_learn_instead_of_the_callers_line(table, target, category, method):
    with pytest.warns(category) as caught:
        getattr(quick(), method)(table, target)
    assert [warning.filename for warning in caught] == [__file__]
