"""The files of `classify`, for class names that are difficult to draw."""

import json

import numpy as np

from wgan_resampler.records.classification.evaluation import Evaluation
from wgan_resampler.records.classification.report import write_results


def test_classes_in_any_script_and_with_signs_of_mathematics_are_drawn(tmp_path):
    classes = ("$\\frac$", "música", "日本")
    ones = np.ones(3, dtype=int)
    result = Evaluation(classes, np.arange(3), np.array([0, 1, 1]), ones, ones)
    metrics, report, picture = write_results(tmp_path, {"original_only": result}, {})
    assert list(json.loads(metrics.read_text(encoding="utf-8"))["results"]) == ["original_only"]
    assert all(name in report.read_text(encoding="utf-8") for name in classes)
    assert picture.read_bytes().startswith(b"\x89PNG")
