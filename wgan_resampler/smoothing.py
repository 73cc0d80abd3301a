"""Real rows of small classes, varied as rows of other classes vary.

A class of a dozen rows does not say how its rows differ, and a critic learns such rows by heart. Other classes of the
same table say more: rows scatter around their class's mean in much the same way, which is what linear discriminant
analysis and its regularised form (Friedman 1989, "Regularized Discriminant Analysis", JASA 84) build on. So a small
class borrows their spread, as if it held `borrowed_rows` more rows.

Of a class c with n rows, mean m_c and variances v_c, a real row x becomes

    m_c + sqrt(1 - w) (x - m_c) + sqrt(w) s (r - m_d),      w = borrowed_rows / (n + borrowed_rows),

where r is a random row of a random class d. As far as the classes spread alike, the two weights leave the variance as
it is, as in the smoothed bootstrap that is corrected for its variance (Silverman & Young 1987, "The bootstrap: to
smooth or not to smooth?", Biometrika 74). The factor s <= 1 keeps a class that is known to be tight from being spread
by a wide one: the borrowed part's variance is held down to

    v*_c = (n v_c + borrowed_rows v) / (n + borrowed_rows),      v: mean variance over the classes.

Before that, x moves towards another row of its class by a random share of up to min(1/2, 2 w), as SMOTE's rows do
(Chawla et al. 2002, arXiv:1106.1813), so that the target is no set of points; that takes some variance away. For a
class of thousands of rows w is nearly 0, and all this leaves its rows as they are.

States (categories, missing cells, frequent values) cannot be moved by a share. Of each block a row takes, as often as
its own move towards the other row of its class is long, that row's state; and with probability b / (n + b), b =
`BORROWED_STATES`, the state of the row of the random class. So categories of a class of one row vary too, while those
of a class of fifty hardly do. A number beside a block is moved only where both rows hold an ordinary number, and the
mean and the spread of a class are those of its ordinary numbers.

Differs from Gulrajani et al. (2017), whose critic sees the rows as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from wgan_resampler.schema import Link

BORROWED_STATES = 0.25
"""Rows' worth of states that a class borrows. Less than of spread, since a strange state is wrong, not just far off."""

_MAX_MOVE = 0.5
_MOVE_PER_WEIGHT = 2.0


@dataclass(frozen=True)
class Draw:
    """What is random in the varying of `k` rows.

    Parameters
    ----------
    rows, mates, donors : torch.Tensor of shape (k,)
        Positions of rows: those to be varied, others of the same classes, and rows of any class to borrow from.
    classes, donor_classes : torch.Tensor of shape (k,)
        The classes of `rows` and `mates`, and those of `donors`.
    share : torch.Tensor of shape (k, 1)
        Uniform numbers in [0, 1]: how much of its largest move each row makes towards its mate.
    picks : torch.Tensor of shape (k, n_blocks)
        Uniform numbers in [0, 1]: from which of the three rows each state comes.
    """

    rows: Tensor
    mates: Tensor
    donors: Tensor
    classes: Tensor
    donor_classes: Tensor
    share: Tensor
    picks: Tensor


class BorrowedSpread:
    """The transformation above, for rows that are sorted by class.

    Parameters
    ----------
    values : torch.Tensor of shape (n, n_values)
        Encoded values, sorted by class.
    states : torch.Tensor of shape (n, n_blocks)
        States of the same rows; int64.
    counts : torch.Tensor of shape (num_classes,)
        Rows of each class; none is 0.
    borrowed_rows : float
        How many rows' worth of spread each class borrows; more than 0.
    links : sequence of Link, default=()
        The values that count only in the first state of a block.
    """

    def __init__(
        self, values: Tensor, states: Tensor, counts: Tensor, borrowed_rows: float, links: Sequence[Link] = ()
    ) -> None:
        n = counts.to(values.dtype).unsqueeze(1)
        weight = borrowed_rows / (n + borrowed_rows)
        ordinary = ordinary_values(values, states, links)
        means, variances = moments_within_classes(values, ordinary, counts)
        self._values = values
        self._states = states
        self._means = means
        self._residuals = torch.where(ordinary, values - means.repeat_interleave(counts, dim=0), 0.0)
        self._own = (1.0 - weight).sqrt()
        self._borrowed = weight.sqrt()
        self._move = (_MOVE_PER_WEIGHT * weight).clamp_max(_MAX_MOVE)
        self._deviation = variances.sqrt()
        self._held_to = (variances * (1.0 - weight) + variances.mean(dim=0) * weight).sqrt()
        self._tiny = torch.finfo(values.dtype).eps
        self._state_weight = BORROWED_STATES / (n + BORROWED_STATES)
        self._links = [(link, values.new_tensor(link.filling)) for link in links]

    def vary(self, draw: Draw) -> tuple[Tensor, Tensor]:
        """Return varied rows.

        Parameters
        ----------
        draw : Draw
            Which rows, and what is random about them.

        Returns
        -------
        values : torch.Tensor of shape (k, n_values)
            Held to [-1, 1], which is all that the generator can make.
        states : torch.Tensor of shape (k, n_blocks)
        """
        classes, residuals = draw.classes, self._residuals
        move = draw.share * self._move[classes]
        own = torch.lerp(residuals[draw.rows], residuals[draw.mates], move)
        held = (self._held_to[classes] / (self._deviation[draw.donor_classes] + self._tiny)).clamp_max_(1.0)
        borrowed = residuals[draw.donors].mul_(held)
        values = self._means[classes] + self._own[classes] * own + self._borrowed[classes] * borrowed
        values.clamp_(-1.0, 1.0)
        if self._states.shape[1] == 0:
            return values, self._states[draw.rows]
        source = draw.rows.unsqueeze(1)
        source = torch.where(draw.picks < move, draw.mates.unsqueeze(1), source)
        source = torch.where(draw.picks > 1.0 - self._state_weight[classes], draw.donors.unsqueeze(1), source)
        states = self._states.gather(0, source)
        for link, filling in self._links:
            values[:, link.value] = self._linked(link, filling, values[:, link.value], states, draw.rows, source)
        return values, states

    def _linked(
        self, link: Link, filling: Tensor, varied: Tensor, states: Tensor, rows: Tensor, source: Tensor
    ) -> Tensor:
        """Return a linked value: the filling of its state, or a number; that of the source where the row has none."""
        state = states[:, link.block]
        has_number = self._states[rows, link.block] == 0
        number = torch.where(has_number, varied, self._values[source[:, link.block], link.value])
        return torch.where(state == 0, number, filling[state])


def ordinary_values(values: Tensor, states: Tensor, links: Sequence[Link]) -> Tensor:
    """Return where a value counts: everywhere but beside a block that is not in its first state."""
    ordinary = torch.ones_like(values, dtype=torch.bool)
    for link in links:
        ordinary[:, link.value] = states[:, link.block] == 0
    return ordinary


def moments_within_classes(values: Tensor, ordinary: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and variance of the values that count, class by class.

    Parameters
    ----------
    values : torch.Tensor of shape (n, n_values)
        Sorted by class.
    ordinary : torch.Tensor of shape (n, n_values) and dtype bool
        Which of them count.
    counts : torch.Tensor of shape (num_classes,)
        Rows of each class.

    Returns
    -------
    means, variances : torch.Tensor of shape (num_classes, n_values)
        A class without a value that counts has mean and variance 0.
    """
    means, variances = [], []
    sizes = counts.tolist()
    for part, counted in zip(torch.split(values, sizes), torch.split(ordinary, sizes), strict=True):
        n = counted.sum(dim=0).clamp_min(1)
        mean = torch.where(counted, part, 0.0).sum(dim=0) / n
        means.append(mean)
        variances.append(torch.where(counted, part - mean, 0.0).square().sum(dim=0) / n)
    return torch.stack(means), torch.stack(variances)
