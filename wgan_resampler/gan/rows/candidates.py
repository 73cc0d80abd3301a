"""Where the rows of a class come from, and which of them are kept.

Candidates are rows that the generator makes, and rows of the table varied as neighboring rows vary, which is what the
critic was shown. The generator smooths what it is taught: that helps where classes overlap, and costs where they are
clear-cut, which the varied rows know better. Half of each does better than either (see docs/benchmarks.md).

Of the candidates the doubtful ones are dropped, and of the others rather those near other classes are kept.

A generator that has trained for seconds gives rows of which some lie where another class is at home. SMOTE's rows
suffer from the same (Saez et al. 2015, "SMOTE-IPF", Information Sciences 291, filters them afterwards). Here an
auxiliary classifier learns the classes from the same class-balanced batches as the critic, and of the rows generated for a
class those are dropped to which it gives that class the least probability. It takes no part in the training of the
generator, unlike the auxiliary classifiers of AC-GAN (Odena et al. 2017, arXiv:1610.09585) and CTAB-GAN.

Of what is left, most rows lie deep inside their class, where no classifier needs them. So there are more than are
wanted, and they are drawn without replacement with weights (1 - p + `_LEAST_WEIGHT`)^focus, where p is the probability
of their class: more where it is close to others, as in Borderline-SMOTE (Han et al. 2005) and ADASYN (He et al. 2008),
but on the credible side only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from wgan_resampler.gan.gradients import ClassifierPass, ForwardPass, knows_generator
from wgan_resampler.gan.gradients.flat_optimizers import Adam, FlatParameters
from wgan_resampler.gan.networks import GanGenerator, RowClassifier
from wgan_resampler.gan.one_hot_blocks import expand
from wgan_resampler.gan.rows.batches import ClassBalancedBatches, one_hot
from wgan_resampler.gan.rows.training_rows import RealRows

N_UPDATES = 300
LEARNING_RATE = 2e-3
"""Of the classifier: updates, and step size of Adam."""

BATCHES = 4
"""Batches of the critic in one update of the classifier."""

CREDIBLE, CREDIBLE_SHARE = 0.9, 0.9
"""A row is as good as any other if its class has this probability, and as much as this share of the real rows has.

Where classes overlap, the first says that nothing is cut off deep inside them. Where they lie apart, it would let
stragglers pass that lie in the empty middle: there the second asks for more.
"""

_ROWS_TO_JUDGE = 2048
"""Real rows of all classes from which that share is taken."""

ROWS_OF_DOUBT = 20
"""Rows with which a class gets half of the rejection rate."""

FOCUS_POOL = 2.0
"""Credible rows for each one that is kept, where some are favoured."""

_LEAST_WEIGHT = 0.05
"""Added to the weight of all rows, so that those deep inside a class occur too."""

_ROWS_PER_BLOCK = 1024
"""Rows that go through the networks at a time, so that what is between two layers stays in the processor's cache."""


def train_classifier(classifier: RowClassifier, batches: ClassBalancedBatches) -> None:
    """Teach a classifier the classes of the real rows.

    Parameters
    ----------
    classifier : RowClassifier
        Trained in place; on the device of the batches.
    batches : ClassBalancedBatches
        The source of real rows that the critic has had.
    """
    parameters = FlatParameters(classifier)
    optimizer = Adam(parameters, LEARNING_RATE, (0.9, 0.999))
    classifier_pass = ClassifierPass(classifier, BATCHES * batches.batch_size)
    for features, condition in _updates(batches, N_UPDATES):
        classifier_pass.gradients(features, condition)
        optimizer.step()
    classifier.credible.copy_(_credible(classifier, batches))


def _credible(classifier: RowClassifier, batches: ClassBalancedBatches) -> Tensor:
    """Return the probability from which on rows of each class count as credible."""
    n_classes = len(classifier.credible)
    levels = []
    for c in range(n_classes):
        classes = torch.full((max(64, _ROWS_TO_JUDGE // n_classes),), c, dtype=torch.int64, device=batches.device)
        belief = classifier(expand(*batches.draw(classes), batches.layout)).softmax(dim=1)[:, c]
        levels.append(torch.quantile(belief, 1.0 - CREDIBLE_SHARE).clamp_min(CREDIBLE))
    return torch.stack(levels)


def _updates(batches: ClassBalancedBatches, n: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield `n` batches, for which as many epochs as it takes are begun."""
    done = 0
    while done < n:
        for features, condition in batches.epoch(BATCHES):
            if done == n:
                return
            yield features.flatten(0, 1), condition.flatten(0, 1)
            done += 1


def class_rejection_rates(rejection_rate: float, counts: Tensor) -> Tensor:
    """Return the share of rejected rows for each class: less for small classes, which the classifier knows less well.

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
    """Rows of the training data as a source of candidates.

    Parameters
    ----------
    rows : RealRows
        The rows, which are varied when they are drawn.
    share : float
        Share of the candidates that come from them; in [0, 1].
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
    """Generate one row for each class index: the chosen ones among more of them.

    Parameters
    ----------
    generator : GanGenerator
        In evaluation mode.
    classes : torch.Tensor of shape (n,)
        Class indices; int64.
    rng : torch.Generator
        Of the noise; on the same device.
    classifier : RowClassifier or None, default=None
        What doubts; None rejects nothing.
    rejection_rates : torch.Tensor of shape (num_classes,) or None, default=None
        Share of the rows generated for each class that are rejected, in [0, 1).
    boundary_focus : float, default=0.0
        How much rows near other classes are favoured among the rest; at least 0, which favours none.
    neighbors : NeighborCandidates or None, default=None
        Rows of the training data, from which some candidates come; None takes all from the generator.

    Returns
    -------
    torch.Tensor of shape (n, feature_dim)
    """
    if classifier is None or rejection_rates is None:
        return _candidates(generator, classes, rng, neighbors)
    counts = torch.bincount(classes, minlength=generator.num_classes)
    credible_counts = torch.ceil(counts * FOCUS_POOL).long() if boundary_focus > 0.0 else counts
    candidate_counts = torch.ceil(credible_counts / (1.0 - rejection_rates)).long()
    candidates = torch.repeat_interleave(candidate_counts)
    found = _candidates(generator, candidates, rng, neighbors)
    logits = torch.cat([classifier(block) for block in torch.split(found, _block_size(found))])
    belief = logits.softmax(dim=1).gather(1, candidates.unsqueeze(1)).squeeze(1)
    keep = best_of_each_class(torch.minimum(belief, classifier.credible[candidates]), candidate_counts, credible_counts)
    if boundary_focus > 0.0:
        keep = keep[_near_others(belief[keep], credible_counts, counts, boundary_focus, rng)]
    kept = found[keep]
    # The kept rows are sorted by class; each goes to a place where its class was asked for.
    result = torch.empty_like(kept)
    result[torch.argsort(classes, stable=True)] = kept
    return result


def _near_others(belief: Tensor, sizes: Tensor, keep: Tensor, focus: float, rng: torch.Generator) -> Tensor:
    """Draw rows of each class without replacement, with larger weights where the belief in their class is small."""
    # Adding Gumbel noise to logarithms of weights and taking the largest sums is such a draw (Kool et al. 2019,
    # arXiv:1903.06059, section 2).
    log_weight = focus * torch.log(1.0 - belief + _LEAST_WEIGHT)
    noise = torch.rand(len(belief), generator=rng, dtype=torch.float32, device=belief.device)
    gumbel = -torch.log(-torch.log(noise.clamp(2.0**-24, 1.0 - 2.0**-24)))
    return best_of_each_class(log_weight + gumbel, sizes, keep)


def best_of_each_class(score: Tensor, sizes: Tensor, keep: Tensor) -> Tensor:
    """Return the positions of the rows with the largest scores in each class, in increasing order.

    Parameters
    ----------
    score : torch.Tensor of shape (n,)
        Of rows that are sorted by class.
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
    drawn = neighbors.rows.draw(classes[from_table], rng)
    # A row whose steps are none, between equal rows, would be a copy: the generator makes another one in its place.
    # (Where whole numbers are rounded, a short step may still come back to the row.)
    new = neighbors.rows.is_new(drawn)
    from_table = from_table[new]
    from_generator = torch.ones_like(classes, dtype=torch.bool)
    from_generator[from_table] = False
    made = _generate(generator, classes[from_generator], rng)
    found = made.new_empty(len(classes), made.shape[1])
    found[from_generator] = made
    found[from_table] = expand(drawn.values[new], drawn.states[new], generator.layout)
    return found


def _generate(generator: GanGenerator, classes: Tensor, rng: torch.Generator) -> Tensor:
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
