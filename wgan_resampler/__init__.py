"""Over-sampling of imbalanced tables with a conditional Wasserstein GAN with gradient penalty.

The public names are listed in the stub ``__init__.pyi``. Each is imported when it is first used, so that the command
line answers before torch is loaded. A new public name is one line in the stub.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, _names = lazy_loader.attach_stub(__name__, __file__)

# `from wgan_resampler import *` must work without the packages of the extra "compare", and leaves the module
# `exceptions` out.
__all__ = sorted(set(_names) - {"ComparisonDisplay", "ComparisonResult", "compare_samplers", "exceptions"})
