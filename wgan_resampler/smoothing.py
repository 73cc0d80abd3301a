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

Differs from Gulrajani et al. (2017), whose critic sees the rows as they are.
"""

from __future__ import annotations

import torch
from torch import Tensor

_MAX_MOVE = 0.5
_MOVE_PER_WEIGHT = 2.0


class BorrowedSpread:
    """The transformation above, for rows that are sorted by class.

    Parameters
    ----------
    features : torch.Tensor of shape (n, feature_dim)
        Encoded rows, sorted by class.
    counts : torch.Tensor of shape (num_classes,)
        Rows of each class; none is 0.
    borrowed_rows : float
        How many rows' worth of spread each class borrows; more than 0.
    """

    def __init__(self, features: Tensor, counts: Tensor, borrowed_rows: float) -> None:
        parts = torch.split(features, counts.tolist())
        n = counts.to(features.dtype).unsqueeze(1)
        weight = borrowed_rows / (n + borrowed_rows)
        variance = torch.stack([part.var(dim=0, correction=0) for part in parts])
        self._features = features
        self._means = torch.stack([part.mean(dim=0) for part in parts])
        self._residuals = torch.cat([part - mean for part, mean in zip(parts, self._means, strict=True)])
        self._own = (1.0 - weight).sqrt()
        self._borrowed = weight.sqrt()
        self._move = (_MOVE_PER_WEIGHT * weight).clamp_max(_MAX_MOVE)
        self._deviation = variance.sqrt()
        self._held_to = (variance * (1.0 - weight) + variance.mean(dim=0) * weight).sqrt()
        self._tiny = torch.finfo(features.dtype).eps

    def vary(
        self, rows: Tensor, classes: Tensor, mates: Tensor, share: Tensor, donors: Tensor, donor_classes: Tensor
    ) -> Tensor:
        """Return varied rows.

        Parameters
        ----------
        rows : torch.Tensor of shape (k,)
            Positions of the rows in `features`.
        classes : torch.Tensor of shape (k,)
            Their classes.
        mates : torch.Tensor of shape (k,)
            Positions of rows of the same classes.
        share : torch.Tensor of shape (k, 1)
            Uniform numbers in [0, 1]: how much of its largest move each row makes towards its mate.
        donors : torch.Tensor of shape (k,)
            Positions of rows of any class, whose residual is borrowed.
        donor_classes : torch.Tensor of shape (k,)
            Their classes.

        Returns
        -------
        torch.Tensor of shape (k, feature_dim)
            Held to [-1, 1], which is all that the generator can make.
        """
        residuals, means = self._residuals, self._means[classes]
        own = torch.lerp(residuals[rows], residuals[mates], share * self._move[classes])
        held = (self._held_to[classes] / (self._deviation[donor_classes] + self._tiny)).clamp_max_(1.0)
        borrowed = residuals[donors].mul_(held)
        varied = means + self._own[classes] * own + self._borrowed[classes] * borrowed
        return varied.clamp_(-1.0, 1.0)
