"""Over-sampling of imbalanced tables with a conditional Wasserstein GAN with gradient penalty.

The stub ``__init__.pyi`` lists the public names. To add a public name, add one line to the stub. A name is imported
when it is first used, so that commands such as ``wgan-resampler --help`` need not wait until torch is loaded.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, _names = lazy_loader.attach_stub(__name__, __file__)

# `from wgan_resampler import *` must work without the packages of the extra "compare". So `__all__` leaves out the
# names that need them. It also leaves out the module `exceptions`.
__all__ = sorted(set(_names) - {"ComparisonDisplay", "ComparisonResult", "compare_samplers", "exceptions"})
