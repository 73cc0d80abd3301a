"""State on disk: written in full or not at all, and checked before it is used."""

import lazy_loader

# Names are listed in the stub beside this file, and imported when they are first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
