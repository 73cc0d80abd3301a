"""The conditional WGAN-GP on tensors: networks, losses, training, real rows and synthetic rows."""

import lazy_loader

# Names are listed in the stub beside this file, and imported when they are first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
