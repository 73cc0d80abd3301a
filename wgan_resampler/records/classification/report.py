"""What `classify` prints and writes."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wgan_resampler.utils import CLASSIFY, require
from wgan_resampler.utils.storage import atomic_writer

if TYPE_CHECKING:
    from wgan_resampler.records.classification.evaluation import Evaluation

_TITLES = {
    "baseline": "without synthetic records",
    "with_synthetic": "with synthetic records",
    "original_only": "original records only",
}
_SHORT = {"baseline": "without", "with_synthetic": "with", "original_only": "original"}
_MAX_CLASSES_WITH_COUNTS = 30
"""Up to this many classes, the picture shows the numbers of the confusion matrix."""


def columns_of(results: Mapping[str, Evaluation]) -> dict[str, list[object]]:
    """Return the columns of a table of all classes: training records, test records, and the recall in each run.

    Below the classes, the table has the scores of all classes together.
    """
    last = list(results.values())[-1]
    summaries = ("balanced_accuracy", "macro_f1", "accuracy")
    empty = [""] * len(summaries)
    columns: dict[str, list[object]] = {
        "class": [*last.classes, *(key.replace("_", " ") for key in summaries)],
        "train": [*last.n_train, *empty],
        "+synth": [*last.n_synthetic, *empty],
        "test": [*last.confusion.sum(axis=1), *empty],
    }
    for run, result in results.items():
        scores = [*result.scores["recall"], *(result.summary[key] for key in summaries)]
        columns[f"recall {_SHORT[run]}"] = ["-" if math.isnan(score) else f"{score:.3f}" for score in scores]
    return columns


def write_results(folder: Path, results: Mapping[str, Evaluation], about: Mapping[str, Any]) -> list[Path]:
    """Write scores, report and picture into a folder, and return their paths."""
    metrics = {**about, "results": {run: result.to_plain() for run, result in results.items()}}
    paths = [folder / name for name in ("metrics.json", "report.txt", "confusion_matrix.png")]
    with atomic_writer(paths[0]) as file:
        file.write((json.dumps(metrics, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode())
    with atomic_writer(paths[1]) as file:
        file.write("\n".join(f"{_TITLES[run]}\n\n{result.text}" for run, result in results.items()).encode())
    _draw(paths[2], results)
    return paths


def _draw(path: Path, results: Mapping[str, Evaluation]) -> None:
    """Draw the confusion matrices side by side."""
    figures = require("matplotlib.figure", "Drawing pictures", CLASSIFY)
    from sklearn.metrics import ConfusionMatrixDisplay

    n_classes = len(next(iter(results.values())).classes)
    side = min(3.0 + 0.4 * n_classes, 16.0)
    # The figure is not one of pyplot's, so that no window system and no global list of figures is used.
    figure = figures.Figure(figsize=(side * len(results), side), layout="constrained")
    axes = figure.subplots(1, len(results), squeeze=False)[0]
    for ax, (run, result) in zip(axes, results.items(), strict=True):
        # matplotlib reads text between two dollar signs as mathematics.
        labels = [name.replace("$", r"\$") for name in result.classes]
        ConfusionMatrixDisplay(result.confusion, display_labels=labels).plot(
            ax=ax,
            cmap="Blues",
            colorbar=False,
            include_values=n_classes <= _MAX_CLASSES_WITH_COUNTS,
            xticks_rotation="vertical",
            im_kw={"vmin": 0},
            text_kw={"fontsize": 8},
        )
        ax.set(title=_TITLES[run], xlabel="predicted class", ylabel="true class")
    with atomic_writer(path) as file, warnings.catch_warnings():
        # The font of matplotlib lacks some scripts. It draws a box instead of the character.
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        figure.savefig(file, format="png", dpi=100)
