"""The record of a training, epoch by epoch."""

from __future__ import annotations

import json
from collections.abc import Iterable

import msgspec

from wgan_resampler.exceptions import InvalidDataError
from wgan_resampler.utils.storage import Records

Record = dict[str, float]


class TrainingHistory(list[Record]):
    """A list of records, one flat dict per epoch.

    A record holds means over the updates of its epoch, under these keys:

    ``epoch``
        1 for the first.
    ``n_updates``
        Generator updates since training began.
    ``critic_loss``
        What the critic minimizes; by default fake score - real score + lambda_gp * gradient penalty.
    ``generator_loss``
        What the generator minimizes; by default - fake score.
    ``gradient_penalty``
        Mean over mixed rows of (norm of the critic's gradient - 1)^2, without its weight `lambda_gp`.
    ``wasserstein_estimate``
        Real score - fake score: the critic's estimate of the Wasserstein distance of original and synthetic rows.
    ``real_score``, ``fake_score``
        Mean critic scores in the critic updates.
    ``seconds``
        Wall-clock time of the epoch.

    Parameters
    ----------
    records : iterable of dict, default=()
        Records to start with.

    Examples
    --------
    >>> from wgan_resampler import TrainingHistory
    >>> history = TrainingHistory([{"epoch": 1, "critic_loss": -0.5}])
    >>> history[-1]["critic_loss"], history.column("critic_loss"), len(history)
    (-0.5, [-0.5], 1)
    >>> TrainingHistory.from_json(history.to_json()) == history
    True
    """

    def __init__(self, records: Iterable[Record] = ()) -> None:
        super().__init__(dict(record) for record in records)

    def append(self, record: Record) -> None:
        """Add the record of one more epoch.

        Parameters
        ----------
        record : mapping of str to float
            Figures of the epoch by name.
        """
        super().append(dict(record))

    def __repr__(self) -> str:
        return f"TrainingHistory({super().__repr__()})"

    def column(self, key: str) -> list[float]:
        """Return the values of one key in all epochs.

        Parameters
        ----------
        key : str
            One of the keys listed in the class.

        Returns
        -------
        list of float
        """
        return [record[key] for record in self]

    def to_json(self) -> str:
        """Return the history as JSON: a list of objects.

        Returns
        -------
        str
        """
        return json.dumps(self, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> TrainingHistory:
        """Read what :meth:`to_json` wrote.

        Parameters
        ----------
        text : str
            JSON.

        Returns
        -------
        TrainingHistory

        Raises
        ------
        InvalidDataError
            If the text is not a JSON list of flat objects of finite numbers.
        """
        try:
            return cls(msgspec.json.decode(text, type=Records))
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise InvalidDataError(
                f"A training history must be a JSON list of objects that hold finite numbers only: {error}."
            ) from error
