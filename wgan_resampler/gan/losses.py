"""The losses of the Wasserstein GAN with gradient penalty, as in the paper, and how to train with others.

The formulas are those of Gulrajani et al. 2017 (arXiv:1704.00028), equation (3) and Algorithm 1.

To try another loss, subclass :class:`WGANGPLoss`, override what differs, and pass an object of the subclass as
``GanTrainer(loss=...)``. Autograd then computes its gradients.

A change of `WGANGPLoss` itself has no effect: for this class and the networks of this package, training does not call
its methods. It uses the closed-form gradients in `wgan_resampler.gan.gradients`, which are the same and much faster.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Critic = Callable[[Tensor, Tensor], Tensor]


class WGANGPLoss:
    """The losses of critic and generator, computed from the critic's scores and the norms of its gradients.

    Each method returns a tensor of shape (), and is called once per update. A subclass may override any of them.

    See Also
    --------
    GanTrainer : Takes an object of this class as ``loss``.

    References
    ----------
    .. [1] I. Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, arXiv:1704.00028.

    Examples
    --------
    A one-sided penalty punishes only norms above 1, and a hinge loss bounds what a score can gain:

    >>> import torch
    >>> from wgan_resampler import GanDiscriminator, GanGenerator, GanTrainer
    >>> from wgan_resampler.gan import WGANGPLoss
    >>> class OneSidedHinge(WGANGPLoss):
    ...     def penalty(self, norms):
    ...         return (norms - 1.0).relu().square().mean()
    ...     def critic_loss(self, real_score, fake_score, penalty, lambda_gp):
    ...         return (1.0 - real_score).relu().mean() + (1.0 + fake_score).relu().mean() + lambda_gp * penalty
    >>> trainer = GanTrainer(
    ...     generator=GanGenerator(num_classes=2, feature_dim=4, noise_dim=8, hidden_dim=16, random_state=0),
    ...     discriminator=GanDiscriminator(feature_dim=4, num_classes=2, hidden_dim=16, random_state=1),
    ...     noise_dim=8, num_classes=2, device="cpu", random_state=2, loss=OneSidedHinge(),
    ... )
    >>> history = trainer.train([(torch.zeros(6, 4), torch.tensor([0, 1, 0, 1, 0, 1]))], epochs=2)
    >>> history[-1]["critic_loss"] > 0
    True
    """

    def critic_loss(self, real_score: Tensor, fake_score: Tensor, penalty: Tensor, lambda_gp: float) -> Tensor:
        """Return mean(fake) - mean(real) + lambda_gp * penalty, which the critic minimizes.

        Parameters
        ----------
        real_score, fake_score : torch.Tensor of shape (n, 1)
            Critic scores of real and of fake rows.
        penalty : torch.Tensor of shape ()
            What :meth:`penalty` returned.
        lambda_gp : float
            Its weight.

        Returns
        -------
        torch.Tensor of shape ()
        """
        return fake_score.mean() - real_score.mean() + lambda_gp * penalty

    def generator_loss(self, fake_score: Tensor) -> Tensor:
        """Return -mean(fake), which the generator minimizes.

        Parameters
        ----------
        fake_score : torch.Tensor of shape (n, 1)
            Critic scores of fake rows.

        Returns
        -------
        torch.Tensor of shape ()
        """
        return -fake_score.mean()

    def penalty(self, norms: Tensor) -> Tensor:
        """Return the gradient penalty: the mean over rows of (norm of the critic's gradient - 1) squared.

        Parameters
        ----------
        norms : torch.Tensor of shape (n,)
            What `gradient_norms` returns for mixed rows.

        Returns
        -------
        torch.Tensor of shape ()
        """
        return (norms - 1.0).square().mean()


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


def gradient_norms(critic: Critic, mixed: Tensor, condition: Tensor, feature_scale: Tensor | None = None) -> Tensor:
    """Return the norm of the critic's gradient with respect to the features of each row.

    Parameters
    ----------
    critic : callable
        Maps (features, condition) to scores of shape (n, 1).
    mixed : torch.Tensor of shape (n, feature_dim)
        Rows on the lines between real and fake rows of the same class.
    condition : torch.Tensor of shape (n, num_classes)
        One-hot classes.
    feature_scale : torch.Tensor of shape (feature_dim,) or None, default=None
        The unit in which changes of each feature are measured: the norm is that of gradient * feature_scale. None takes
        1 for all features, as the paper does.

    Returns
    -------
    torch.Tensor of shape (n,)
        Differentiable with respect to the critic's parameters.

    Examples
    --------
    The gradient of a linear critic is its weights, whose norm here is 5. So its penalty is (5 - 1)^2.

    >>> import torch
    >>> from wgan_resampler.gan.losses import WGANGPLoss, gradient_norms
    >>> weights = torch.tensor([[3.0], [4.0]])
    >>> norms = gradient_norms(lambda x, c: x @ weights, torch.zeros(7, 2), torch.ones(7, 1))
    >>> WGANGPLoss().penalty(norms).item()
    16.0
    """
    mixed = mixed.detach().requires_grad_()
    scores = critic(mixed, condition)
    # A row's score depends on no other row, so the gradient of the sum holds the gradient of each row.
    (gradient,) = torch.autograd.grad(scores.sum(), mixed, create_graph=True)
    if feature_scale is not None:  # Differs from Gulrajani et al. (2017), who measure all features in the same unit.
        gradient = gradient * feature_scale
    norms: Tensor = torch.linalg.vector_norm(gradient, dim=1)
    return norms
