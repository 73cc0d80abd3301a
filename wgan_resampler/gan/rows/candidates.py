"""Candidates for synthetic rows, and which of them are kept.

Candidates come from two sources. One is the generator. The other is the varied rows of the table that the critic was
shown. The generator smooths what it learns. That helps where classes overlap. Where classes are clearly separated, the
varied rows are better. Half of each gives better scores than either source alone (see docs/benchmarks.md).

Then the candidates are chosen in two steps. Doubtful candidates are dropped. Among the others, those near other classes
are preferred.

1. A generator that has trained for seconds makes some rows that lie in the region of another class. Rows of SMOTE have
   the same problem; SMOTE-IPF (Saez et al. 2015, Information Sciences 291) filters them afterwards. Here an auxiliary
   classifier learns the classes from the same class-balanced batches as the critic. It estimates how probable the class
   of each candidate is, and the least probable ones are dropped. The classifier takes no part in the training of the
   generator, unlike the auxiliary classifiers of AC-GAN (Odena et al. 2017, arXiv:1610.09585) and CTAB-GAN.
2. Most of the remaining candidates lie deep inside their class, where no classifier needs them. So more are made than
   are wanted. They are drawn without replacement with weights (1 - p + `_LEAST_WEIGHT`)^focus, where p is the
   probability of their class. This prefers rows close to other classes, as Borderline-SMOTE (Han et al. 2005) and
   ADASYN (He et al. 2008) do, but only those that are credible.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from wgan_resampler.gan.gradients.classifier import ClassifierPass
from wgan_resampler.gan.gradients.flat_optimizers import Adam, FlatParameters
from wgan_resampler.gan.gradients.generator import ForwardPass, knows_generator
from wgan_resampler.gan.networks import GanGenerator, RowClassifier
from wgan_resampler.gan.one_hot_blocks import expand
from wgan_resampler.gan.rows.batches import ClassBalancedBatches, one_hot
from wgan_resampler.gan.rows.training_rows import RealRows

N_UPDATES = 300
LEARNING_RATE = 2e-3
"""Number of updates of the classifier, and its step size of Adam."""

BATCHES = 4
"""How many batches of the critic make one batch of the classifier."""

CREDIBLE, CREDIBLE_SHARE = 0.9, 0.9
"""A row is credible if the probability of its class reaches two numbers.

The first is `CREDIBLE`. The second is the probability that the share `CREDIBLE_SHARE` of the class's real rows reaches.
All credible rows count as equally good. Where classes overlap, the first number decides, so rows deep inside a class
are not dropped. Where classes lie apart, most rows reach the first number, even those in the empty space between the
classes. There the second number is the stricter one.
"""

_ROWS_TO_JUDGE = 2048
"""Real rows of all classes from which the probability reached by `CREDIBLE_SHARE` is estimated."""

ROWS_OF_DOUBT = 20
"""A class of this many rows gets half of the rejection rate."""

FOCUS_POOL = 2.0
"""If rows near other classes are preferred, one of this many credible rows is kept."""

_LEAST_WEIGHT = 0.05
"""Added to the weight of all rows, so that those deep inside a class can be drawn too."""

_ROWS_PER_BLOCK = 1024
"""Rows that go through the networks at a time, so that the activations stay in the processor's cache."""


def train_classifier(classifier: RowClassifier, batches: ClassBalancedBatches) -> None:
    """Teach a classifier the classes of the real rows.

    Parameters
    ----------
    classifier : RowClassifier
        Trained in place; on the device of the batches.
    batches : ClassBalancedBatches
        The source of real rows that the critic was trained with.
    """
    parameters = FlatParameters(classifier)
    optimizer = Adam(parameters, LEARNING_RATE, (0.9, 0.999))
    classifier_pass = ClassifierPass(classifier, BATCHES * batches.batch_size)
    for features, condition in _updates(batches, N_UPDATES):
        classifier_pass.gradients(features, condition)
        optimizer.step()
    classifier.credible.copy_(_credible(classifier, batches))


def _credible(classifier: RowClassifier, batches: ClassBalancedBatches) -> Tensor:
    """Return the least probability of its class with which a row is credible, for each class; see `CREDIBLE`."""
    n_classes = len(classifier.credible)
    levels = []
    for c in range(n_classes):
        # New real rows are drawn, varied as in training.
        classes = torch.full((max(64, _ROWS_TO_JUDGE // n_classes),), c, dtype=torch.int64, device=batches.device)
        belief = classifier(expand(*batches.draw(classes), batches.layout)).softmax(dim=1)[:, c]
        levels.append(torch.quantile(belief, 1.0 - CREDIBLE_SHARE).clamp_min(CREDIBLE))
    return torch.stack(levels)


def _updates(batches: ClassBalancedBatches, n: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield `n` batches of the classifier, from as many epochs as needed."""
    done = 0
    while done < n:
        for features, condition in batches.epoch(BATCHES):
            if done == n:
                return
            yield features.flatten(0, 1), condition.flatten(0, 1)
            done += 1


def class_rejection_rates(rejection_rate: float, counts: Tensor) -> Tensor:
    """Return the share of candidates to reject for each class.

    It is lower for small classes, because the classifier is less reliable there.

    Parameters
    ----------
    rejection_rate : float
        The share for a class of very many rows.
    counts : torch.Tensor of shape (num_classes,)
        Rows of each class in the training data.

    Returns
    -------
    torch.Tensor of shape (num_classes,)
        ``rejection_rate * counts / (counts + ROWS_OF_DOUBT)``.

    Examples
    --------
    >>> import torch
    >>> from wgan_resampler.gan.rows.candidates import class_rejection_rates
    >>> class_rejection_rates(0.3, torch.tensor([20, 180])).tolist()
    [0.15, 0.27]
    """
    return rejection_rate * counts.double() / (counts + ROWS_OF_DOUBT)


@dataclass(frozen=True)
class NeighborCandidates:
    """Rows of the training data as the second source of candidates.

    Parameters
    ----------
    rows : RealRows
        Draws the rows and varies them.
    share : float
        Share of the candidates that come from them, in [0, 1]. The generator makes the others.
    """

    rows: RealRows
    share: float


def generate(
    generator: GanGenerator,
    classes: Tensor,
    rng: torch.Generator,
    classifier: RowClassifier | None = None,
    rejection_rates: Tensor | None = None,
    boundary_focus: float = 0.0,
    neighbors: NeighborCandidates | None = None,
) -> Tensor:
    """Make one synthetic row for each class index, chosen from more candidates.

    Parameters
    ----------
    generator : GanGenerator
        In evaluation mode.
    classes : torch.Tensor of shape (n,)
        Class indices; int64.
    rng : torch.Generator
        The source of noise and of all choices; on the same device.
    classifier : RowClassifier or None, default=None
        Estimates how probable the class of a candidate is. None keeps the first candidates.
    rejection_rates : torch.Tensor of shape (num_classes,) or None, default=None
        Share of the candidates of each class that are rejected, in [0, 1). None keeps the first candidates.
    boundary_focus : float, default=0.0
        How strongly rows near other classes are preferred among the rest; 0 prefers none.
    neighbors : NeighborCandidates or None, default=None
        The second source of candidates; None takes all from the generator.

    Returns
    -------
    torch.Tensor of shape (n, feature_dim)
    """
    if classifier is None or rejection_rates is None:
        return _candidates(generator, classes, rng, neighbors)
    # The number of wanted rows decides how many credible rows are needed, and that decides how many candidates.
    counts = torch.bincount(classes, minlength=generator.num_classes)
    credible_counts = torch.ceil(counts * FOCUS_POOL).long() if boundary_focus > 0.0 else counts
    candidate_counts = torch.ceil(credible_counts / (1.0 - rejection_rates)).long()
    candidates = torch.repeat_interleave(candidate_counts)
    found = _candidates(generator, candidates, rng, neighbors)
    logits = torch.cat([classifier(block) for block in torch.split(found, _block_size(found))])
    belief = logits.softmax(dim=1).gather(1, candidates.unsqueeze(1)).squeeze(1)
    # All rows with a probability above `credible` are equally good.
    keep = best_of_each_class(torch.minimum(belief, classifier.credible[candidates]), candidate_counts, credible_counts)
    if boundary_focus > 0.0:
        keep = keep[_near_others(belief[keep], credible_counts, counts, boundary_focus, rng)]
    kept = found[keep]
    # The kept rows are sorted by class. Each goes to a place where its class was asked for.
    result = torch.empty_like(kept)
    result[torch.argsort(classes, stable=True)] = kept
    return result


def _near_others(belief: Tensor, sizes: Tensor, keep: Tensor, focus: float, rng: torch.Generator) -> Tensor:
    """Draw rows of each class without replacement, with larger weights where their class is less probable."""
    # Gumbel noise is added to the logarithms of the weights, and the largest sums are taken. This is such a draw (Kool
    # et al. 2019, arXiv:1903.06059, section 2).
    log_weight = focus * torch.log(1.0 - belief + _LEAST_WEIGHT)
    noise = torch.rand(len(belief), generator=rng, dtype=torch.float32, device=belief.device)
    gumbel = -torch.log(-torch.log(noise.clamp(2.0**-24, 1.0 - 2.0**-24)))
    return best_of_each_class(log_weight + gumbel, sizes, keep)


def best_of_each_class(score: Tensor, sizes: Tensor, keep: Tensor) -> Tensor:
    """Return the positions of the rows with the largest scores in each class, in increasing order.

    Parameters
    ----------
    score : torch.Tensor of shape (n,)
        Scores of rows that are sorted by class.
    sizes : torch.Tensor of shape (num_classes,)
        Rows of each class.
    keep : torch.Tensor of shape (num_classes,)
        How many of them to keep.

    Returns
    -------
    torch.Tensor of shape (sum(keep),)

    Examples
    --------
    >>> import torch
    >>> from wgan_resampler.gan.rows.candidates import best_of_each_class
    >>> score = torch.tensor([0.1, 0.9, 0.5, 0.2, 0.3])
    >>> best_of_each_class(score, sizes=torch.tensor([3, 2]), keep=torch.tensor([2, 1])).tolist()
    [1, 2, 4]
    """
    # Sort by score, then by class, stably: in each class the best rows come first.
    classes = torch.repeat_interleave(sizes)
    best_first = torch.argsort(score, descending=True, stable=True)
    by_class = best_first[torch.argsort(classes[best_first], stable=True)]
    starts = sizes.cumsum(0) - sizes
    rank = torch.arange(len(score), device=score.device) - starts[classes]
    return by_class[rank < keep[classes]].sort().values


def _candidates(
    generator: GanGenerator, classes: Tensor, rng: torch.Generator, neighbors: NeighborCandidates | None
) -> Tensor:
    """Return one row of each of these classes, from the generator or from the training data."""
    if neighbors is None:
        return _generate(generator, classes, rng)
    uniform = torch.rand(len(classes), generator=rng, dtype=torch.float32, device=classes.device)
    from_table = (uniform < neighbors.share).nonzero().squeeze(1)
    values, states, origins = neighbors.rows.draw(classes[from_table], rng)
    # Between equal rows a step has length 0, so the row would be a copy. The generator makes another row in its place.
    # (If numbers are rounded to a grid, a row that was moved by a short step may still become a copy.)
    new = neighbors.rows.is_new(values, states, origins)
    from_table = from_table[new]
    from_generator = torch.ones_like(classes, dtype=torch.bool)
    from_generator[from_table] = False
    made = _generate(generator, classes[from_generator], rng)
    found = made.new_empty(len(classes), made.shape[1])
    found[from_generator] = made
    found[from_table] = expand(values[new], states[new], generator.layout)
    return found


def _generate(generator: GanGenerator, classes: Tensor, rng: torch.Generator) -> Tensor:
    """Return one row of the generator for each class index, made block by block from noise that is drawn at once."""
    noise = torch.randn(len(classes), generator.noise_dim, generator=rng, dtype=torch.float32, device=classes.device)
    condition = one_hot(classes, generator.num_classes)
    size = _block_size(noise)
    blocks = zip(torch.split(noise, size), torch.split(condition, size), strict=True)
    if not knows_generator(generator):
        return torch.cat([generator(*block) for block in blocks])
    forward_pass = ForwardPass(generator, min(size, len(classes)))
    rows = noise.new_empty(len(classes), generator.feature_dim)
    for block, part in zip(blocks, torch.split(rows, size), strict=True):
        if len(part) < forward_pass.n_rows:
            forward_pass = ForwardPass(generator, len(part))
        forward_pass.load(*block)
        part.copy_(forward_pass.rows())
    return rows


def _block_size(rows: Tensor) -> int:
    return _ROWS_PER_BLOCK if rows.device.type == "cpu" else max(1, len(rows))
