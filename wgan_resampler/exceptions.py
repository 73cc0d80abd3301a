"""All errors and warnings that this package defines.

Every error derives from `WGANResamplerError`, every warning from `WGANResamplerWarning`. Most errors derive from a
built-in error as well, so that code that catches ``ValueError`` or ``RuntimeError`` catches them too.

Examples
--------
>>> from wgan_resampler.exceptions import InvalidDataError, WGANResamplerError
>>> issubclass(InvalidDataError, WGANResamplerError), issubclass(InvalidDataError, ValueError)
(True, True)
"""


class WGANResamplerError(Exception):
    """Base class of all errors of this package."""


class InvalidDataError(WGANResamplerError, ValueError):
    """The table or the target cannot be trained on as it is."""


class InvalidParameterError(WGANResamplerError, ValueError):
    """A parameter, or a combination of parameters, is not valid for this data."""


class DeviceUnavailableError(WGANResamplerError, RuntimeError):
    """The requested device does not exist on this machine."""


class TrainingDivergedError(WGANResamplerError, FloatingPointError):
    """A loss became infinite or NaN, so the networks are useless."""


class DataFileError(WGANResamplerError, ValueError):
    """A file with records, a table or a split cannot be read, or its content is not what was expected."""


class CheckpointError(WGANResamplerError, ValueError):
    """A file with saved state is damaged, is of another kind, or cannot be written."""


class CheckpointVersionError(CheckpointError):
    """A file with saved state was written by a version of the package whose format this version cannot read."""


class MissingDependencyError(WGANResamplerError, ImportError):
    """An optional package is needed here and is not installed."""


class ComparisonStoreError(WGANResamplerError, RuntimeError):
    """The stored results of a comparison cannot be read, or belong to another comparison."""


class WorkerLostError(WGANResamplerError, RuntimeError):
    """A worker process ended without returning a result."""


class WGANResamplerWarning(UserWarning):
    """Base class of all warnings of this package."""


class TrainingStoppedEarlyWarning(WGANResamplerWarning):
    """Training ended before the requested number of epochs."""


class ThinClassWarning(WGANResamplerWarning):
    """A class to be over-sampled has very few samples, so its synthetic samples borrow mostly from other classes."""


class IdentifierColumnWarning(WGANResamplerWarning):
    """A categorical feature has so many categories that it looks like an identifier. It makes training slow."""


class DamagedCheckpointWarning(WGANResamplerWarning):
    """A checkpoint cannot be read, and an older one is used instead."""


class LeakWarning(WGANResamplerWarning):
    """Records of the test set may have been used to generate training records."""


class SplitWarning(WGANResamplerWarning):
    """A split cannot have all the requested properties."""


class ComparisonWarning(WGANResamplerWarning):
    """Something about a comparison that matters for reading its figures."""
