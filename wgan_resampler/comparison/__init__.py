"""Compare any samplers without leakage: the protocol, the statistics, the report."""

import lazy_loader

from wgan_resampler.utils import COMPARE, require

require("pandas", "Comparing samplers", COMPARE)

# Names are listed in the stub beside this file, and imported when they are first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
