"""Print the tables of docs/benchmarks.md from the stored results of `wgan-resampler compare`.

Usage: python benchmarks/quality.py DIR [--reference smote]

DIR is the output directory of a comparison, finished or not. Mean ranks are over datasets, among all samplers of the
comparison; 1 is best. Mean scores are over the datasets on which no sampler failed. Samplers that failed on most
datasets are ignored in this choice of datasets. Each sampler is compared with the reference: wins, ties and losses, and
Wilcoxon's test with Holm's correction.
"""

import argparse
from pathlib import Path

import pandas as pd

from wgan_resampler.comparison import ComparisonResult

METRICS = ("balanced_accuracy", "g_mean", "f1", "matthews_corrcoef", "average_precision", "roc_auc")


def markdown(frame: pd.DataFrame) -> str:
    """Return a frame as a Markdown table, with the index as the first column."""
    rows = [[frame.index.name or "", *frame.columns], ["---"] * (len(frame.columns) + 1)]
    rows += [[name, *row] for name, row in zip(frame.index, frame.to_numpy(), strict=True)]
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in rows)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--reference", default="smote")
    args = parser.parse_args()
    result = ComparisonResult.from_store(args.directory)
    summary = result.summary(metrics=METRICS, reference=args.reference)
    for group in result.groups():
        part = summary[summary["group"] == group]
        ranks = part.pivot(index="sampler", columns="metric", values="mean_rank")[list(METRICS)]
        means = part.pivot(index="sampler", columns="metric", values="score_common")[list(METRICS)]
        joined = ranks.map("{:.2f}".format) + means.map(" ({:.3f})".format)
        best_first = ranks.mean(axis=1).sort_values().index
        print(f"\n{group} classifiers: mean rank (mean score)\n\n{markdown(joined.loc[best_first])}")
    part = summary[(summary["group"] == "all") & (summary["sampler"] != args.reference)]
    outcome = part.assign(
        text=part["wins"].astype(str)
        + "-"
        + part["ties"].astype(str)
        + "-"
        + part["losses"].astype(str)
        + part["p_holm"].map(", p {:.3f}".format)
    )
    table = outcome.pivot(index="sampler", columns="metric", values="text")[list(METRICS)]
    print(f"\nwins-ties-losses against {args.reference}, all classifiers\n\n{markdown(table)}")
    sizes = pd.concat(
        [result.by_minority_rows(metric, "all", reference=args.reference).assign(metric=metric) for metric in METRICS]
    )
    for label, group in sizes.groupby("minority_training_rows", sort=False):
        table = group.pivot(index="sampler", columns="metric", values="mean_rank")[list(METRICS)].map("{:.2f}".format)
        n = group["datasets"].iloc[0]
        print(f"\nmean ranks, {n} sets with {label} training rows of the smallest class\n\n{markdown(table)}")


if __name__ == "__main__":
    main()
