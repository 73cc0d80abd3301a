"""Files balanced with a trained generator."""

from typing import Final

AUGMENT_TARGET_SAMPLES: Final = 200
"""Records of each class with the method "custom". The help of ``augment``, which must come at once, reads it here."""
