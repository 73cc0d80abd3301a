"""Files balanced with a trained generator."""

from typing import Final

AUGMENT_TARGET_SAMPLES: Final = 200
"""Records of each class with the method "custom". It is defined here so that the help of ``augment`` is fast."""
