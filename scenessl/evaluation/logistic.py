"""Multinomial logistic regression with an L2 penalty, fitted to the end by L-BFGS."""

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

STEPS = 500  # at most
GRADIENT = 1e-5  # converged: no entry of the gradient is larger
CHANGE = 1e-9  # or the loss stands still
STILL = 1e-3  # of its mean: a feature that deviates less is a constant with the rounding of half precision


def mean_and_scale(features: Tensor) -> tuple[Tensor, Tensor]:
    """Give what standardises the columns of features [n, d]: their means and 1 / deviation, [d]; 0 for constants."""
    deviation, mean = torch.std_mean(features, dim=0, correction=0)
    return mean, torch.where(deviation > STILL * mean.abs(), 1 / deviation, 0.0)


class Logistic:
    """Weights [K, d] and bias [K, 1] of a fitted classifier."""

    def __init__(self, weights: Tensor, bias: Tensor) -> None:
        """Take them."""
        self.weights, self.bias = weights, bias

    def __call__(self, features: Tensor) -> Tensor:
        """Compute the logits [n, K] of features [n, d]."""
        return (self.weights @ features.T + self.bias).T  # classes first: BLAS is twice as fast than the other way


def fit_path(features: Tensor, targets: Tensor, classes: int, strengths: Sequence[float]) -> Iterator[Logistic]:
    """Minimise mean cross-entropy + strength / 2 * sum of squared weights, for each strength; the bias goes free.

    This is scikit-learn's LogisticRegression with C = 1 / (n * strength). The problem is convex, so that nothing is
    drawn; each fit goes on from the one before, which spares steps when the strengths fall.

    Args:
        features: float32 [n, d], of mean 0; on any device.
        targets: int64 [n] in 0..K-1, same device.
        classes: K.
        strengths: of the penalty, each above 0.
    """
    basis = _basis(features)
    features = features @ basis if basis is not None else features
    covariance = (features.T @ features / len(features)).cpu().double()
    fitted = Logistic(features.new_zeros(classes, features.shape[1]), features.new_zeros(classes, 1))
    for strength in strengths:
        fitted = _minimise(features, targets, fitted, strength, covariance)
        yield Logistic(fitted.weights @ basis.T, fitted.bias) if basis is not None else fitted


def _basis(features: Tensor) -> Tensor | None:
    """Give an orthonormal basis [d, n] of the span of fewer rows than columns, in which all minima lie; else None.

    What a weight has outside of it changes no logit and only costs penalty.
    """
    count, width = features.shape
    return torch.linalg.qr(features.T.cpu()).Q.to(features) if count < width else None


def _minimise(features: Tensor, targets: Tensor, first: Logistic, strength: float, covariance: Tensor) -> Logistic:
    """Find the minimum, from `first` on, in variables of which the loss depends about equally in all directions.

    These are weights @ root, with root @ root.T the Hessian where all classes are equally likely. Features of
    neighbouring cells are so alike that without them L-BFGS takes thousands of steps.
    """
    flat = (1 - 1 / len(first.bias)) / len(first.bias)  # p (1 - p) of equally likely classes
    root = torch.linalg.cholesky(flat * covariance + strength * torch.eye(len(covariance), dtype=torch.float64))
    back = torch.linalg.solve_triangular(root, torch.eye(len(root), dtype=root.dtype), upper=False).to(features)
    turned = (first.weights @ root.to(features)).requires_grad_()
    bias = first.bias.clone().requires_grad_()
    optimizer = torch.optim.LBFGS(
        [turned, bias], max_iter=STEPS, max_eval=2 * STEPS, history_size=20, line_search_fn="strong_wolfe",
        tolerance_grad=GRADIENT, tolerance_change=CHANGE,
    )  # fmt: skip

    def loss() -> Tensor:
        optimizer.zero_grad()
        model = Logistic(turned @ back, bias)
        losses = F.cross_entropy(model(features), targets, reduction="none")
        # Averaged in double precision: near the minimum the line search compares losses that differ by 1e-8.
        value = losses.cpu().double().mean() + strength / 2 * model.weights.square().sum().cpu()
        value.backward()
        return value

    optimizer.step(loss)
    return Logistic((turned @ back).detach(), bias.detach())
