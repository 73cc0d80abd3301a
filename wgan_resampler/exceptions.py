"""Every error and warning that the package raises on its own account.

Errors inherit twice, so that code which expects ``ValueError`` or ``RuntimeError`` keeps working.
"""


class WGANResamplerError(Exception):
    """Base of all errors of this package."""


class InvalidDataError(WGANResamplerError, ValueError):
    """The table or the target cannot be used as it is."""


class InvalidParameterError(WGANResamplerError, ValueError):
    """A parameter, or a combination of parameters, makes no sense for this data."""


class DeviceUnavailableError(WGANResamplerError, RuntimeError):
    """The device that was asked for does not exist on this machine."""


class TrainingDivergedError(WGANResamplerError, FloatingPointError):
    """A loss stopped being a finite number, so the networks are worthless."""


class DataFileError(WGANResamplerError, ValueError):
    """A file of records, a table or a split cannot be read as what it should be."""


class CheckpointError(WGANResamplerError, ValueError):
    """A file of training state is damaged, is of another kind or cannot be written."""


class CheckpointVersionError(CheckpointError):
    """A file of training state was written by a newer version of the package."""


class MissingDependencyError(WGANResamplerError, ImportError):
    """A package that only some functions need is not installed."""


class ComparisonStoreError(WGANResamplerError, RuntimeError):
    """The stored results of a comparison cannot be read, or belong to something else."""


class WorkerLostError(WGANResamplerError, RuntimeError):
    """A process that did part of the work has ended without a result."""


class WGANResamplerWarning(UserWarning):
    """Base of all warnings of this package."""


class TrainingStoppedEarlyWarning(WGANResamplerWarning):
    """Training ended before the number of epochs that was asked for."""


class ThinClassWarning(WGANResamplerWarning):
    """A class that grows has so few rows that most of what its new rows show is borrowed from other classes."""


class IdentifierColumnWarning(WGANResamplerWarning):
    """A column of categories has so many of them that it looks like an identifier, and costs accordingly."""


class DamagedCheckpointWarning(WGANResamplerWarning):
    """A file of training state cannot be read, and an older one is used."""


class LeakWarning(WGANResamplerWarning):
    """Records that a model is tested on may have been used to make its training records."""


class SkippedFilesWarning(WGANResamplerWarning):
    """Some files could not be read and were left out."""


class SplitWarning(WGANResamplerWarning):
    """A split cannot have all the properties that were asked for."""


class ComparisonWarning(WGANResamplerWarning):
    """Something about a comparison that whoever reads its figures should know."""
