"""The over-sampler: imbalanced-learn's estimator, its training, and the trained generator."""

import lazy_loader

# Names are listed in the stub beside this file, and imported when they are first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
