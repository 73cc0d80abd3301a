"""Real rows of small classes, varied as neighboring rows vary.

A class of a dozen rows does not say how its rows differ, and a critic learns such rows by heart. So what it is shown
are rows in between and around them: a smoothed bootstrap (Silverman & Young 1987, "The bootstrap: to smooth or not to
smooth?", Biometrika 74) whose kernel is made of differences between neighbors, which keeps to the sheet that rows lie
on where a normal kernel would leave it. Of a class c with n rows, a real row x becomes

    x + u (x' - x) + v sqrt(w) (r' - r),      w = borrowed_rows / (n + borrowed_rows),

with u and v uniform in [0, 1]. Here x' is one of the `NEIGHBORS` rows of c that lie next to x, so the first step is
SMOTE's (Chawla et al. 2002, arXiv:1106.1813). The second borrows: r is a random row of a random class d, and r' a row
next to it, as near within d as neighbors are within c: one of the nearest `NEIGHBORS` / n of the class. Rows scatter
around their neighbors in much the same way in all classes of a table, which is what makes the large classes teach the
small ones, as their spread around the class mean does in regularised discriminant analysis (Friedman 1989, JASA 84).
For a class of thousands of rows w is nearly 0. One of more than `MAX_REFERENCES` rows makes the first step of another
of its rows, x + u (q' - q): were its rows left as they are, a classifier would tell classes apart by whether rows lie
between others.

States (categories, missing cells, frequent values) cannot be moved by a share. Of each block a row takes the state of
x' with probability u, and that of r with probability b / (n + b), b = `BORROWED_STATES`. So categories of a class of
one row vary too, while those of a class of fifty hardly do. A number beside a block is moved only where both ends of a
step hold an ordinary number.

Differs from Gulrajani et al. (2017), whose critic sees the rows as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from wgan_resampler.gan.rows.distances import evenly_spaced, ordinary_values, square_distances, value_units
from wgan_resampler.tables import Link

NEIGHBORS = 10
"""Rows of its class next to a row that count as its neighbors: twice as many as in SMOTE, for wider variation."""

BORROWED_STATES = 0.25
"""Rows' worth of states that a class borrows. Less than of spread, since a strange state is wrong, not just far off."""

MAX_REFERENCES = 1024
"""Rows of a class among which neighbors are looked for, so that the cost does not grow with the table."""


@dataclass(frozen=True)
class Draw:
    """What is random in the varying of `k` rows.

    Parameters
    ----------
    rows : torch.Tensor of shape (k,)
        Positions of the rows to be varied.
    origins, mates : torch.Tensor of shape (k,)
        Positions of rows of the same classes, the rows themselves where their neighbors are known, and of a neighbor
        of each.
    donors, donor_mates : torch.Tensor of shape (k,)
        Positions of rows to borrow from, and of a neighbor of each.
    classes : torch.Tensor of shape (k,)
        The classes of `rows`.
    share, stretch : torch.Tensor of shape (k, 1)
        Uniform numbers in [0, 1]: how far each row goes towards its mate, and how much of the borrowed step it makes.
    picks : torch.Tensor of shape (k, n_blocks)
        Uniform numbers in [0, 1]: from which of the three rows each state comes.
    """

    rows: Tensor
    origins: Tensor
    mates: Tensor
    donors: Tensor
    donor_mates: Tensor
    classes: Tensor
    share: Tensor
    stretch: Tensor
    picks: Tensor


class NeighborSpread:
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
    sizes : torch.Tensor of shape (num_classes,) or None, default=None
        Rows of each class in the table, where these are only some of them: what decides how much it borrows.
    """

    def __init__(
        self,
        values: Tensor,
        states: Tensor,
        counts: Tensor,
        borrowed_rows: float,
        links: Sequence[Link] = (),
        sizes: Tensor | None = None,
    ) -> None:
        n = (counts if sizes is None else sizes).to(values.dtype).unsqueeze(1)
        self._values = values
        self._states = states
        self._counts = counts
        self._starts = counts.cumsum(0) - counts
        self._borrowed = (borrowed_rows / (n + borrowed_rows)).sqrt()
        self._state_weight = BORROWED_STATES / (n + BORROWED_STATES)
        self._links = [(link, values.new_tensor(link.filling)) for link in links]
        self._ordinary = ordinary_values(values, states, links)
        unit = value_units(values, self._ordinary, counts)
        self._neighbors = _Neighbors(values, states, counts, unit)

    def draw(self, rows: Tensor, classes: Tensor, rng: torch.Generator) -> Draw:
        """Draw what is random about varying some rows.

        Parameters
        ----------
        rows : torch.Tensor of shape (k,)
            Their positions.
        classes : torch.Tensor of shape (k,)
            Their classes.
        rng : torch.Generator
            On the same device.

        Returns
        -------
        Draw
        """
        k, near, device = len(rows), self._neighbors, rows.device
        donor_classes = torch.randint(len(self._counts), (k,), generator=rng, device=device)
        uniform = torch.rand(6, k, generator=rng, dtype=torch.float32, device=device)
        origin, mate, donor, donor_mate, share, stretch = uniform
        own = torch.where(near.is_complete[classes], rows - self._starts[classes], near.member(classes, origin))
        alike = NEIGHBORS / self._counts[classes] * near.n_others[donor_classes]
        members = near.member(donor_classes, donor)
        return Draw(
            rows=rows,
            origins=near.position(classes, own),
            mates=near.of(classes, own, torch.full_like(mate, NEIGHBORS), mate),
            donors=near.position(donor_classes, members),
            donor_mates=near.of(donor_classes, members, alike.clamp_min(NEIGHBORS), donor_mate),
            classes=classes,
            share=share.unsqueeze(1),
            stretch=stretch.unsqueeze(1),
            picks=torch.rand(k, self._states.shape[1], generator=rng, dtype=torch.float32, device=device),
        )

    def vary(self, draw: Draw) -> tuple[Tensor, Tensor]:
        """Return varied rows.

        Parameters
        ----------
        draw : Draw
            Which rows, and what is random about them.

        Returns
        -------
        values : torch.Tensor of shape (k, n_values)
            In [-1, 1], which is all that the generator can make: a step beyond is thrown back.
        states : torch.Tensor of shape (k, n_blocks)
        """
        values = self._values[draw.rows]
        values = values + draw.share * self._step(draw.origins, draw.mates)
        stretch = self._borrowed[draw.classes] * draw.stretch
        values = _reflected(values.add_(stretch * self._step(draw.donors, draw.donor_mates)))
        if self._states.shape[1] == 0:
            return values, self._states[draw.rows]
        source = draw.rows.unsqueeze(1)
        # A neighbor of another row has states that need not go with the rest of this one.
        mates = torch.where(draw.origins == draw.rows, draw.mates, draw.rows)
        source = torch.where(draw.picks < draw.share, mates.unsqueeze(1), source)
        source = torch.where(draw.picks > 1.0 - self._state_weight[draw.classes], draw.donors.unsqueeze(1), source)
        states = self._states.gather(0, source)
        for link, filling in self._links:
            values[:, link.value] = self._linked(link, filling, values[:, link.value], states, draw.rows, source)
        return values, states

    def _step(self, start: Tensor, end: Tensor) -> Tensor:
        """Return the way from rows to others; none for values that are no ordinary numbers at both ends."""
        step = self._values[end] - self._values[start]
        if self._ordinary is not None:
            step.masked_fill_(~(self._ordinary[start] & self._ordinary[end]), 0.0)
        return step

    def _linked(
        self, link: Link, filling: Tensor, varied: Tensor, states: Tensor, rows: Tensor, source: Tensor
    ) -> Tensor:
        """Return a linked value: the filling of its state, or a number; that of the source where the row has none."""
        state = states[:, link.block]
        has_number = self._states[rows, link.block] == 0
        number = torch.where(has_number, varied, self._values[source[:, link.block], link.value])
        return torch.where(state == 0, number, filling[state])


def _reflected(values: Tensor) -> Tensor:
    """Return values beyond -1 or 1 as far inside; cut off, many would become the same."""
    return torch.where(values.abs() > 1.0, 2.0 * values.sign() - values, values).clamp_(-1.0, 1.0)


class _Neighbors:
    """For some rows of each class, the *members*, the other members in the order of their distance, the nearest ones.

    As many are known as are asked for: `NEIGHBORS`, and the same share of each class as those are of the smallest.

    Distances are those of `neighborhoods.square_distances`.

    Attributes
    ----------
    is_complete : torch.Tensor of shape (num_classes,) and dtype bool
        Whether all rows of a class are members.
    n_others : torch.Tensor of shape (num_classes,)
        Other members that each member has; 1, namely itself, in a class of one row.
    """

    def __init__(self, values: Tensor, states: Tensor, counts: Tensor, unit: Tensor) -> None:
        sizes = counts.clamp_max(MAX_REFERENCES)
        self._sizes = sizes
        self._first_member = sizes.cumsum(0) - sizes
        self.is_complete = counts == sizes
        self.n_others = (sizes - 1).clamp_min(1)
        most = (NEIGHBORS / counts.min() * self.n_others).ceil().long()
        self._n_known = torch.minimum(self.n_others, most.clamp_min(NEIGHBORS))
        n_pairs = sizes * self._n_known
        self._first_pair = n_pairs.cumsum(0) - n_pairs
        positions, orders = members_of_classes(counts), []
        for members, n_known in zip(positions, self._n_known.tolist(), strict=True):
            square = square_distances(values, states, members, members, unit)
            square.fill_diagonal_(torch.inf)
            nearest = square.topk(n_known, dim=1, largest=False).indices
            orders.append(nearest.flatten().to(torch.int16))
        self._positions, self._order = torch.cat(positions), torch.cat(orders)

    def member(self, classes: Tensor, uniform: Tensor) -> Tensor:
        """Return the number, within its class, of a random member of each of these classes."""
        return torch.minimum((uniform * self._sizes[classes]).long(), self._sizes[classes] - 1)

    def position(self, classes: Tensor, members: Tensor) -> Tensor:
        """Return the positions of members among all rows."""
        return self._positions[self._first_member[classes] + members]

    def of(self, classes: Tensor, members: Tensor, n_nearest: Tensor, uniform: Tensor) -> Tensor:
        """Return the position of one of the nearest neighbors of each member."""
        n = torch.minimum(n_nearest.ceil().long(), self._n_known[classes])
        rank = torch.minimum((uniform * n).long(), n - 1)
        pair = self._first_pair[classes] + members * self._n_known[classes] + rank
        return self.position(classes, self._order[pair].long())


def members_of_classes(counts: Tensor) -> list[Tensor]:
    """Return the positions of at most `MAX_REFERENCES` rows of each class, evenly spaced among rows sorted by class."""
    starts = (counts.cumsum(0) - counts).tolist()
    return [
        start + evenly_spaced(n, MAX_REFERENCES, counts.device)
        for start, n in zip(starts, counts.tolist(), strict=True)
    ]
