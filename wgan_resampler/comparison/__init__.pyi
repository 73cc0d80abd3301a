from .compare import compare_samplers as compare_samplers
from .results.plots import ComparisonDisplay as ComparisonDisplay
from .results.result import ComparisonResult as ComparisonResult
