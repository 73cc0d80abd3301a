"""Comparison of samplers: the protocol, the statistics, the report."""

from wgan_resampler.comparison.plots import ComparisonDisplay
from wgan_resampler.comparison.result import ComparisonResult
from wgan_resampler.comparison.run import compare_samplers

__all__ = ["ComparisonDisplay", "ComparisonResult", "compare_samplers"]
