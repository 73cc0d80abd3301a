"""Over-sampling of imbalanced tables with a conditional Wasserstein GAN with gradient penalty.

Names are imported when they are first used, so that the command line answers before torch is loaded.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

# A star import must work without the packages of the extra "compare".
__all__ = [name for name in __all__ if name not in ("ComparisonDisplay", "ComparisonResult", "compare_samplers")]
