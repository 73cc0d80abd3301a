"""All errors and warnings that this package defines.

Every error derives from `WGANResamplerError`, and every warning from `WGANResamplerWarning`. Most errors also derive
from a built-in error. So code that catches ``ValueError`` or ``RuntimeError`` catches them too.

Examples
--------
>>> from wgan_resampler.exceptions import InvalidDataError, WGANResamplerError
>>> issubclass(InvalidDataError, WGANResamplerError), issubclass(InvalidDataError, ValueError)
(True, True)
"""


class WGANResamplerError(Exception):
    """Base class of all errors of this package."""


class InvalidDataError(WGANResamplerError, ValueError):
    """The table or the target cannot be used for training."""


class InvalidParameterError(WGANResamplerError, ValueError):
    """A parameter, or a combination of parameters, is not valid for this data."""


class DeviceUnavailableError(WGANResamplerError, RuntimeError):
    """The requested device does not exist on this machine."""


class OutOfDeviceMemoryError(WGANResamplerError, RuntimeError):
    """A GPU does not have the memory that training or generating needs."""


class TrainingDivergedError(WGANResamplerError, FloatingPointError):
    """A loss became infinite or NaN, so the trained networks cannot be used."""


class DataFileError(WGANResamplerError, ValueError):
    """A file with records, a table or a split cannot be read, or has unexpected content."""


class CheckpointError(WGANResamplerError, ValueError):
    """A file with saved state is damaged, is of another kind, or cannot be written."""


class CheckpointVersionError(CheckpointError):
    """A file with saved state has a format that this version of the package cannot read."""


class MissingDependencyError(WGANResamplerError, ImportError):
    """An optional package is needed but not installed."""


class ComparisonStoreError(WGANResamplerError, RuntimeError):
    """The stored results of a comparison cannot be read, or belong to another comparison."""


class WorkerLostError(WGANResamplerError, RuntimeError):
    """A worker process ended without returning a result."""


class WGANResamplerWarning(UserWarning):
    """Base class of all warnings of this package."""


class TrainingStoppedEarlyWarning(WGANResamplerWarning):
    """Training ended before the requested number of epochs."""


class UnusedParameterWarning(WGANResamplerWarning):
    """A parameter was given that has no effect together with the other parameters."""


class ThinClassWarning(WGANResamplerWarning):
    """A class has very few samples, so the spread of its synthetic samples comes mostly from other classes."""


class IdentifierColumnWarning(WGANResamplerWarning):
    """A categorical feature has so many categories that it looks like an identifier. It is not learned."""


class DataFileWarning(WGANResamplerWarning):
    """A file was read in a way that its user should know of."""


class FileNameColumnWarning(WGANResamplerWarning):
    """A column holds names of files, which tell rows apart but describe nothing."""


class NumbersAsTextWarning(WGANResamplerWarning):
    """A column of strings looks like a column of numbers, but each string counts as a category."""


class ManyClassesWarning(WGANResamplerWarning):
    """The target has so many values that it looks like a regression target or an identifier."""


class SingleClassWarning(WGANResamplerWarning):
    """All rows are of one class, so there is nothing to balance."""


class DamagedCheckpointWarning(WGANResamplerWarning):
    """A checkpoint cannot be read, and an older one is used instead."""


class LeakWarning(WGANResamplerWarning):
    """Test records may have been used to generate training records."""


class SplitWarning(WGANResamplerWarning):
    """A split cannot have all the requested properties."""


class ComparisonWarning(WGANResamplerWarning):
    """The figures of a comparison must be read with care, for the reason that the warning gives."""
