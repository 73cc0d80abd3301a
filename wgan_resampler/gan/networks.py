"""The two networks of a conditional Wasserstein GAN for tables: generator and critic.

Both are plain :class:`torch.nn.Module` objects. They take the condition, a one-hot class, beside their first input
(conditional GAN, Mirza & Osindero 2014, arXiv:1411.1784) and are made of fully connected layers only.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from wgan_resampler.exceptions import InvalidParameterError
from wgan_resampler.gan.defaults import GAN_DROPOUT, GAN_HIDDEN_DIM, GAN_LEAKY_SLOPE, GAN_NOISE_DIM, GAN_NUM_LAYERS
from wgan_resampler.gan.one_hot_blocks import activate
from wgan_resampler.gan.parameter_checks import check_shares, check_sizes
from wgan_resampler.tables import RowLayout

Normalization = Literal["batch", "layer"] | None

_NORMS = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm, None: nn.Identity}

_CORRECTION = 0.1
"""The initial weights of the last layer are multiplied by this if the generator starts from moments."""


class GanGenerator(nn.Module):
    """Generator: turns noise and a class into an encoded row.

    Noise and one-hot class run through fully connected hidden layers, each followed by a normalization, a LeakyReLU and
    dropout. The last layer makes values in [-1, 1] by ``tanh``, and one-hot blocks if `block_sizes` is given.

    Parameters
    ----------
    num_classes : int
        Number of classes, the length of the condition. At least 1.
    feature_dim : int
        Number of encoded features, the length of a generated row. At least 1.
    noise_dim : int, default=100
        Length of the noise vector.
    hidden_dim : int, default=256
        Units in each hidden layer.
    num_layers : int, default=3
        Number of hidden layers.
    dropout : float, default=0.2
        Share of hidden units set to 0 in training mode, in [0, 1).
    normalization : {"batch", "layer"} or None, default="batch"
        Normalization of the hidden layers. With ``"batch"``, a row depends on the other rows of its batch in training.
        With ``"layer"`` it does not.
    skip_connections : bool, default=False
        Whether each hidden layer after the first adds its own input to its output.
    block_sizes : sequence of int, default=()
        If given, the last ``sum(block_sizes)`` features are one-hot blocks of these sizes, for example for categorical
        features. Sizes must increase.
    moments : torch.Tensor of shape (num_classes, noise_dim + 1, feature_dim) or None, default=None
        If given, ``noise @ moments[c, :-1] + moments[c, -1]`` is added to the output of the last layer for class c,
        before the activation. The network starts as a small correction of that sum. The moments are not trained. See
        `wgan_resampler.gan.rows.class_moments`.
    random_state : int, torch.Generator or None, default=None
        Source of the initial weights. None draws from torch's global generator, as the modules of torch do.

    See Also
    --------
    GanDiscriminator : The network that scores the rows.
    GanTrainer : Trains both.

    References
    ----------
    .. [1] I. Goodfellow et al., "Generative Adversarial Networks", 2014, arXiv:1406.2661.
    .. [2] I. Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, arXiv:1704.00028.

    Examples
    --------
    >>> import torch
    >>> from wgan_resampler import GanGenerator
    >>> generator = GanGenerator(num_classes=3, feature_dim=13, random_state=0).eval()
    >>> noise = torch.zeros(5, generator.noise_dim)
    >>> condition = torch.eye(3)[[0, 0, 1, 2, 2]]
    >>> generator(noise, condition).shape
    torch.Size([5, 13])
    """

    def __init__(
        self,
        *,
        num_classes: int,
        feature_dim: int,
        noise_dim: int = GAN_NOISE_DIM,
        hidden_dim: int = GAN_HIDDEN_DIM,
        num_layers: int = GAN_NUM_LAYERS,
        dropout: float = GAN_DROPOUT,
        normalization: Normalization = "batch",
        skip_connections: bool = False,
        block_sizes: Sequence[int] = (),
        moments: Tensor | None = None,
        random_state: int | torch.Generator | None = None,
    ) -> None:
        super().__init__()
        check_sizes(
            num_classes=num_classes,
            feature_dim=feature_dim,
            noise_dim=noise_dim,
            hidden_dim=hidden_dim,
            num_layers=num_layers,
        )
        check_shares(dropout=dropout)
        if normalization not in tuple(_NORMS):
            raise InvalidParameterError(f"normalization must be 'batch', 'layer' or None; got {normalization!r}.")
        # The order of the layers below is the order in which their weights are drawn.
        rng = _as_torch_generator(random_state)
        self.num_classes = num_classes
        self.feature_dim = feature_dim
        self.noise_dim = noise_dim
        self.hidden_dim = hidden_dim
        self.num_layers = num_layers
        self.normalization = normalization
        self.skip_connections = skip_connections
        self.hidden = _hidden_layers([noise_dim + num_classes] + [hidden_dim] * num_layers, rng)
        norms = (_NORMS[normalization](hidden_dim, dtype=torch.float32, device="cpu") for _ in range(num_layers))
        self.norms = nn.ModuleList(norms)
        self.dropout = SeededDropout(dropout)
        self.output = _linear(hidden_dim, feature_dim, rng)
        self.layout = _layout(feature_dim, block_sizes)
        self.moments: Tensor | None
        self.register_buffer("moments", moments)
        if moments is not None:
            expected = num_classes, noise_dim + 1, feature_dim
            if moments.shape != expected:
                raise InvalidParameterError(f"moments must have shape {expected}; got {tuple(moments.shape)}.")
            # The network begins as a small correction of the normal distributions.
            with torch.no_grad():
                self.output.weight.mul_(_CORRECTION)
                self.output.bias.mul_(_CORRECTION)

    @property
    def moment_start(self) -> bool:
        """Whether the network corrects the moments of each class."""
        return self.moments is not None

    def forward(self, noise: Tensor, condition: Tensor) -> Tensor:
        """Generate encoded rows.

        Parameters
        ----------
        noise : torch.Tensor of shape (n, noise_dim)
            Standard normal numbers.
        condition : torch.Tensor of shape (n, num_classes)
            One-hot class of each row, as floats.

        Returns
        -------
        torch.Tensor of shape (n, feature_dim)
            Encoded rows, values in [-1, 1].
        """
        h = torch.cat([noise, condition], dim=1)
        for i, (linear, norm) in enumerate(zip(self.hidden, self.norms, strict=True)):
            activation = nn.functional.leaky_relu(norm(linear(h)), GAN_LEAKY_SLOPE)
            activation = self.dropout(activation)
            h = activation + h if self.skip_connections and i > 0 else activation
        output = self.output(h)
        if self.moments is not None:
            output = output + noise_by_class(noise, condition) @ self.moments.flatten(0, 1)
        return activate(output, self.layout)


class GanDiscriminator(nn.Module):
    """Critic: gives each encoded row one unbounded score, higher for rows that look real.

    Features and one-hot class run through fully connected LeakyReLU layers. There is no batch normalization, because
    the gradient penalty needs scores that do not depend on other rows (Gulrajani et al. 2017 [1]_, section 4, "No
    critic batch normalization"). There is no sigmoid at the end, because the score is not a probability.

    Parameters
    ----------
    feature_dim : int
        Number of encoded features of a row. At least 1.
    num_classes : int
        Number of classes, the length of the condition. At least 1.
    hidden_dim : int, default=256
        Units in each hidden layer.
    num_layers : int, default=3
        Number of hidden layers.
    random_state : int, torch.Generator or None, default=None
        Source of the initial weights. None draws from torch's global generator, as the modules of torch do.

    See Also
    --------
    GanGenerator : The network that makes the rows.
    GanTrainer : Trains both.

    References
    ----------
    .. [1] I. Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, arXiv:1704.00028.

    Examples
    --------
    >>> import torch
    >>> from wgan_resampler import GanDiscriminator
    >>> critic = GanDiscriminator(feature_dim=13, num_classes=3, random_state=0)
    >>> critic(torch.zeros(5, 13), torch.eye(3)[[0, 0, 1, 2, 2]]).shape
    torch.Size([5, 1])
    """

    def __init__(
        self,
        *,
        feature_dim: int,
        num_classes: int,
        hidden_dim: int = GAN_HIDDEN_DIM,
        num_layers: int = GAN_NUM_LAYERS,
        random_state: int | torch.Generator | None = None,
    ) -> None:
        super().__init__()
        check_sizes(feature_dim=feature_dim, num_classes=num_classes, hidden_dim=hidden_dim, num_layers=num_layers)
        rng = _as_torch_generator(random_state)
        self.feature_dim = feature_dim
        self.num_classes = num_classes
        self.hidden_dim = hidden_dim
        self.num_layers = num_layers
        self.hidden = _hidden_layers([feature_dim + num_classes] + [hidden_dim] * num_layers, rng)
        self.output = _linear(hidden_dim, 1, rng)

    def forward(self, features: Tensor, condition: Tensor) -> Tensor:
        """Score encoded rows.

        Parameters
        ----------
        features : torch.Tensor of shape (n, feature_dim)
            Encoded rows.
        condition : torch.Tensor of shape (n, num_classes)
            One-hot class of each row, as floats.

        Returns
        -------
        torch.Tensor of shape (n, 1)
            Critic scores, unbounded.
        """
        return _through_layers(self, torch.cat([features, condition], dim=1))


class RowClassifier(nn.Module):
    """Auxiliary classifier: estimates the class of an encoded row.

    Parameters
    ----------
    feature_dim : int
        Number of encoded features of a row. At least 1.
    num_classes : int
        Number of classes. At least 1.
    hidden_dim : int, default=64
        Units in each of the two hidden layers.
    random_state : int, torch.Generator or None, default=None
        Source of the initial weights.

    Attributes
    ----------
    credible : torch.Tensor of shape (num_classes,)
        A row is credible if its class has at least this probability; see `rows.candidates`. 1 until it is set.
    """

    credible: Tensor

    def __init__(
        self,
        *,
        feature_dim: int,
        num_classes: int,
        hidden_dim: int = 64,
        random_state: int | torch.Generator | None = None,
    ) -> None:
        super().__init__()
        rng = _as_torch_generator(random_state)
        self.hidden = _hidden_layers([feature_dim, hidden_dim, hidden_dim], rng)
        self.output = _linear(hidden_dim, num_classes, rng)
        self.register_buffer("credible", torch.ones(num_classes, dtype=torch.float32, device="cpu"))

    def forward(self, features: Tensor) -> Tensor:
        """Return the logits of the classes.

        Parameters
        ----------
        features : torch.Tensor of shape (n, feature_dim)
            Encoded rows.

        Returns
        -------
        torch.Tensor of shape (n, num_classes)
        """
        return _through_layers(self, features)


def noise_by_class(noise: Tensor, condition: Tensor) -> Tensor:
    """Return wide rows: the columns of a row's class hold its noise followed by a 1; all other columns are 0.

    Parameters
    ----------
    noise : torch.Tensor of shape (n, noise_dim)
        Any numbers.
    condition : torch.Tensor of shape (n, num_classes)
        One-hot class of each row.

    Returns
    -------
    torch.Tensor of shape (n, num_classes * (noise_dim + 1))

    Examples
    --------
    >>> import torch
    >>> from wgan_resampler.gan.networks import noise_by_class
    >>> noise_by_class(torch.tensor([[0.5], [2.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0]])).tolist()
    [[0.5, 1.0, 0.0, 0.0], [0.0, 0.0, 2.0, 1.0]]
    """
    extended = nn.functional.pad(noise, (0, 1), value=1.0)
    return (condition.unsqueeze(2) * extended.unsqueeze(1)).flatten(1)


class SeededDropout(nn.Dropout):
    """Dropout that can draw from a private generator. torch's own dropout only draws from the global generator."""

    rng: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Set a random share of the units to 0 in training mode."""
        if not self.training or self.p == 0.0:
            return x
        keep = torch.empty_like(x).bernoulli_(1.0 - self.p, generator=self.rng)
        return x * keep.div_(1.0 - self.p)


def _layout(feature_dim: int, block_sizes: Sequence[int]) -> RowLayout:
    n_values = feature_dim - sum(block_sizes)
    if n_values < 0 or any(size < 1 for size in block_sizes) or list(block_sizes) != sorted(block_sizes):
        raise InvalidParameterError(
            f"block_sizes must be positive, in increasing order, and sum up to at most feature_dim={feature_dim}; got "
            f"{tuple(block_sizes)}."
        )
    return RowLayout(n_values, tuple(block_sizes))


def _as_torch_generator(random_state: int | torch.Generator | None) -> torch.Generator | None:
    if random_state is None or isinstance(random_state, torch.Generator):
        return random_state
    return torch.Generator().manual_seed(int(random_state))


def _linear(n_in: int, n_out: int, rng: torch.Generator | None) -> nn.Linear:
    """Fully connected layer with torch's usual initial weights, drawn from `rng`."""
    # The constructor of nn.Linear is not called, since it would advance the global generator. nn.utils.skip_init would
    # not, but imports hundreds of modules for its meta device, which takes a quarter of a second and 37 MB. dtype and
    # device are given because the caller may have changed torch's defaults.
    layer = nn.Linear.__new__(nn.Linear)
    nn.Module.__init__(layer)
    layer.in_features, layer.out_features = n_in, n_out
    layer.weight = nn.Parameter(torch.empty((n_out, n_in), dtype=torch.float32, device="cpu"))
    layer.bias = nn.Parameter(torch.empty(n_out, dtype=torch.float32, device="cpu"))
    bound = 1.0 / math.sqrt(n_in)
    with torch.no_grad():
        layer.weight.uniform_(-bound, bound, generator=rng)
        layer.bias.uniform_(-bound, bound, generator=rng)
    return layer


def _hidden_layers(sizes: Sequence[int], rng: torch.Generator | None) -> nn.ModuleList:
    return nn.ModuleList(_linear(n_in, n_out, rng) for n_in, n_out in itertools.pairwise(sizes))


def _through_layers(network: GanDiscriminator | RowClassifier, h: Tensor) -> Tensor:
    for linear in network.hidden:
        h = nn.functional.leaky_relu(linear(h), GAN_LEAKY_SLOPE)
    output: Tensor = network.output(h)
    return output
