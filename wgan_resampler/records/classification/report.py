"""What `classify` shows and writes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wgan_resampler.exceptions import MissingDependencyError
from wgan_resampler.utils.storage import atomic_writer

if TYPE_CHECKING:
    from wgan_resampler.records.classification.evaluation import Evaluation

_TITLES = {
    "baseline": "without synthetic records",
    "with_synthetic": "with synthetic records",
    "original_only": "original records only",
}
_SHORT = {"baseline": "without", "with_synthetic": "with", "original_only": "original"}
_MAX_CLASSES_WITH_VALUES = 30


def show(results: Mapping[str, Evaluation]) -> str:
    """Return a table of all classes: training records, test records, recall in each run."""
    last = list(results.values())[-1]
    width = max(17, *(len(name) for name in last.classes))
    columns = [f"recall {_SHORT[name]}" for name in results]
    lines = [f"{'class':<{width}}  {'train':>6}  {'+synth':>6}  {'test':>5}  " + "  ".join(f"{c:>14}" for c in columns)]
    for i, name in enumerate(last.classes):
        recalls = "  ".join(f"{_share(result.recall[i]):>14}" for result in results.values())
        counts = f"{last.n_train[i]:6d}  {last.n_synthetic[i]:6d}  {last.n_test[i]:5d}"
        lines.append(f"{name:<{width}}  {counts}  {recalls}")
    for key in ("balanced_accuracy", "macro_f1", "accuracy"):
        scores = "  ".join(f"{_share(getattr(result, key)):>14}" for result in results.values())
        lines.append(f"{key.replace('_', ' '):<{width}}  {'':6}  {'':6}  {'':5}  {scores}")
    return "\n".join(lines)


def report(results: Mapping[str, Evaluation]) -> str:
    """Return precision, recall and F1 of each class in each run."""
    parts = []
    for run, result in results.items():
        width = max(9, *(len(name) for name in result.classes))
        rows = [_TITLES[run], f"{'class':<{width}}  precision  recall     F1  test records"]
        for i, name in enumerate(result.classes):
            scores = (_share(values[i]) for values in (result.precision, result.recall, result.f1))
            precision, recall, f1 = scores
            rows.append(f"{name:<{width}}  {precision:>9}  {recall:>6}  {f1:>5}  {result.n_test[i]:12d}")
        means = (_share(value) for value in (result.macro_precision, result.balanced_accuracy, result.macro_f1))
        precision, recall, f1 = means
        rows.append(f"{'mean':<{width}}  {precision:>9}  {recall:>6}  {f1:>5}  {int(result.n_test.sum()):12d}")
        parts.append("\n".join(rows))
    return "\n\n".join(parts) + "\n"


def write_results(folder: Path, results: Mapping[str, Evaluation], about: Mapping[str, Any]) -> list[Path]:
    """Write metrics, report and picture, and return their paths."""
    metrics = {**about, "results": {run: result.to_plain() for run, result in results.items()}}
    paths = [folder / name for name in ("metrics.json", "report.txt", "confusion_matrix.png")]
    with atomic_writer(paths[0]) as file:
        file.write((json.dumps(metrics, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode())
    with atomic_writer(paths[1]) as file:
        file.write(report(results).encode())
    _draw(paths[2], results)
    return paths


def _draw(path: Path, results: Mapping[str, Evaluation]) -> None:
    """Draw the confusion matrices side by side."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingDependencyError("Pictures need matplotlib: pip install 'wgan-resampler[classify]'") from error
    # A figure of its own, without pyplot: no window system and no global state is touched.
    n_classes = len(next(iter(results.values())).classes)
    side = min(3.0 + 0.4 * n_classes, 16.0)
    figure = Figure(figsize=(side * len(results), side), layout="constrained")
    axes = figure.subplots(1, len(results), squeeze=False)[0]
    for ax, (run, result) in zip(axes, results.items(), strict=True):
        ax.imshow(result.confusion, cmap="Blues", vmin=0)
        ax.set(title=_TITLES[run], xlabel="predicted class", ylabel="true class")
        ax.set_xticks(range(n_classes), result.classes, rotation=90)
        ax.set_yticks(range(n_classes), result.classes)
        if n_classes <= _MAX_CLASSES_WITH_VALUES:
            _write_counts(ax, result)
    with atomic_writer(path) as file:
        figure.savefig(file, format="png", dpi=100)


def _write_counts(ax: Any, result: Evaluation) -> None:
    half = result.confusion.max() / 2
    for i, row in enumerate(result.confusion.tolist()):
        for j, count in enumerate(row):
            ax.text(j, i, count, ha="center", va="center", color="white" if count > half else "black", fontsize=8)


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"
