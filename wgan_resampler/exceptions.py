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


class WGANResamplerWarning(UserWarning):
    """Base of all warnings of this package."""


class TrainingStoppedEarlyWarning(WGANResamplerWarning):
    """Training ended before the number of epochs that was asked for."""


class ThinClassWarning(WGANResamplerWarning):
    """A class that grows has so few rows that most of what its new rows show is borrowed from other classes."""


class IdentifierColumnWarning(WGANResamplerWarning):
    """A column of categories has so many of them that it looks like an identifier, and costs accordingly."""
