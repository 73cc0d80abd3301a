"""``python -m wgan_resampler`` runs the command ``wgan-resampler``."""

import sys

from wgan_resampler.cli import main

sys.exit(main())
