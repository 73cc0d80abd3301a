"""``python -m wgan_resampler`` is the command ``wgan-resampler``."""

import sys

from wgan_resampler.cli import main

sys.exit(main())
