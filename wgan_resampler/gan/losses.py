"""The losses of the Wasserstein GAN with gradient penalty, as pure functions on tensors.

The formulas are those of Gulrajani et al. 2017 (arXiv:1704.00028), equation (3) and Algorithm 1. They work for any
critic; `wgan_resampler.gan.gradients` computes the same gradients faster for the networks of this package.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Critic = Callable[[Tensor, Tensor], Tensor]


def critic_loss(real_score: Tensor, fake_score: Tensor, penalty: Tensor, lambda_gp: float) -> Tensor:
    """Return mean(fake) - mean(real) + lambda_gp * penalty, which the critic minimises.

    Parameters
    ----------
    real_score, fake_score : torch.Tensor of shape (n, 1)
        Critic scores of real and of fake rows.
    penalty : torch.Tensor of shape ()
        The gradient penalty.
    lambda_gp : float
        Its weight.

    Returns
    -------
    torch.Tensor of shape ()
    """
    return fake_score.mean() - real_score.mean() + lambda_gp * penalty


def generator_loss(fake_score: Tensor) -> Tensor:
    """Return -mean(fake), which the generator minimises.

    Parameters
    ----------
    fake_score : torch.Tensor of shape (n, 1)
        Critic scores of fake rows.

    Returns
    -------
    torch.Tensor of shape ()
    """
    return -fake_score.mean()


def mix_rows(real: Tensor, fake: Tensor, share: Tensor) -> Tensor:
    """Return the mixed rows share * real + (1 - share) * fake on which the penalty is taken.

    Parameters
    ----------
    real, fake : torch.Tensor of shape (n, feature_dim)
        Row i of both belongs to the same class.
    share : torch.Tensor of shape (n, 1)
        Uniform numbers in [0, 1], one per row.

    Returns
    -------
    torch.Tensor of shape (n, feature_dim)
    """
    return torch.lerp(fake, real, share)


def gradient_penalty(critic: Critic, mixed: Tensor, condition: Tensor, feature_scale: Tensor | None = None) -> Tensor:
    """Return the mean over rows of (norm of the critic's gradient - 1) squared.

    The gradient is taken with respect to the features, not the condition, for each row by itself.

    Parameters
    ----------
    critic : callable
        Maps (features, condition) to scores of shape (n, 1).
    mixed : torch.Tensor of shape (n, feature_dim)
        Rows on the lines between real and fake rows of the same class.
    condition : torch.Tensor of shape (n, num_classes)
        One-hot classes.
    feature_scale : torch.Tensor of shape (feature_dim,) or None, default=None
        The unit in which a feature's changes are measured, so that the norm is that of gradient * feature_scale. None
        takes 1 for all features, as the paper does.

    Returns
    -------
    torch.Tensor of shape ()

    Examples
    --------
    A linear critic whose weights have norm 5 has the gradient norm 5 everywhere, so the penalty is (5 - 1)^2.

    >>> import torch
    >>> from wgan_resampler.gan.losses import gradient_penalty
    >>> weights = torch.tensor([[3.0], [4.0]])
    >>> gradient_penalty(lambda x, c: x @ weights, torch.zeros(7, 2), torch.ones(7, 1)).item()
    16.0
    """
    mixed = mixed.detach().requires_grad_()
    scores = critic(mixed, condition)
    (gradient,) = torch.autograd.grad(scores.sum(), mixed, create_graph=True)
    if feature_scale is not None:  # Differs from Gulrajani et al. (2017), who measure all features alike.
        gradient = gradient * feature_scale
    norm: Tensor = torch.linalg.vector_norm(gradient, dim=1)
    return (norm - 1.0).square().mean()
