"""The gradient of the auxiliary classifier's loss."""

from __future__ import annotations

import torch
from torch import Tensor

from wgan_resampler.gan.defaults import GAN_LEAKY_SLOPE
from wgan_resampler.gan.gradients.weights import Stack, Weights, forward, leaky_relu_backward
from wgan_resampler.gan.networks import RowClassifier


class ClassifierPass:
    """The gradient of a classifier's cross-entropy, for batches of `n_rows` rows.

    Parameters
    ----------
    classifier : RowClassifier
        Its parameters must have ``.grad`` tensors, and keep their memory as long as this object is used.
    n_rows : int
        Rows of a batch.
    """

    def __init__(self, classifier: RowClassifier, n_rows: int) -> None:
        w = self._weights = Weights(classifier)
        self._hidden = [Stack(rows, n_rows) for rows in w.buffers(n_rows)]
        self._d = w.buffers(n_rows)
        self._ones = w.output.new_ones(1, n_rows)

    def gradients(self, features: Tensor, condition: Tensor) -> None:
        """Write the gradient of the loss into ``.grad`` of the classifier's parameters.

        Equals ``cross_entropy(classifier(features), condition).backward()``.

        Parameters
        ----------
        features : torch.Tensor of shape (n_rows, feature_dim)
            Encoded rows.
        condition : torch.Tensor of shape (n_rows, num_classes)
            One-hot classes.
        """
        w, hidden = self._weights, self._hidden
        forward(w, features, hidden)
        # The derivative of the mean cross-entropy with respect to the logits is (softmax - one-hot class) / n.
        share = torch.softmax(torch.addmm(w.output_bias, hidden[-1].rows, w.output_t), dim=1)
        d = share.sub_(condition).div_(len(features))
        torch.mm(d.t(), hidden[-1].rows, out=w.output_grad)
        torch.mm(self._ones, d, out=w.output_bias_grad_row)
        d = torch.mm(d, w.output, out=self._d[-1])
        # Backward through the layers; the gradient with respect to the features is not needed.
        for i in range(len(hidden) - 1, -1, -1):
            leaky_relu_backward(d, hidden[i].rows, GAN_LEAKY_SLOPE, True, grad_input=d)
            torch.mm(d.t(), hidden[i - 1].rows if i else features, out=w.hidden_grad[i])
            torch.mm(self._ones, d, out=w.bias_grad_row[i])
            if i:
                d = torch.mm(d, w.hidden[i], out=self._d[i - 1])
