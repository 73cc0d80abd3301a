"""The over-sampler: imbalanced-learn's interface to the training and the trained generator."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Integral, Real
from operator import attrgetter
from typing import Any, cast

import numpy as np
from imblearn.over_sampling.base import BaseOverSampler
from numpy.typing import NDArray
from sklearn.base import _fit_context
from sklearn.exceptions import NotFittedError
from sklearn.utils import Tags
from sklearn.utils._param_validation import Interval, StrOptions, validate_params
from sklearn.utils.validation import validate_data

from wgan_resampler.gan import Callback, GanDiscriminator, NeighborCandidates, Normalization, ProgressBar
from wgan_resampler.sampler.data_warnings import columns_of, warn_of_data
from wgan_resampler.sampler.fitted import Fitted
from wgan_resampler.sampler.fitting.preparation import prepare
from wgan_resampler.sampler.fitting.settings import HYPER_PARAMETERS, OWN_STRATEGIES, FitSettings
from wgan_resampler.sampler.fitting.warm_start import TrainedParts, check_network_sizes, recoded_cells
from wgan_resampler.sampler.sampler_state import fitted_from_state, fitted_to_state
from wgan_resampler.sampler.strategies import Strategy, rows_to_generate
from wgan_resampler.tables import CategoricalCells, Table, TargetFormat, check_table, check_target
from wgan_resampler.utils import SAMPLE_KEY, computing, next_seed, own_settings, resolve_device, seed_sequence
from wgan_resampler.utils.storage import load_state, refusing, save_state


class FittedAttribute:
    """A public attribute of the sampler, which is read from `Fitted`. Without a value there, it does not exist.

    Parameters
    ----------
    path : str
        The attribute of `Fitted`, with dots.
    """

    def __init__(self, path: str) -> None:
        self._read = attrgetter(path)

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, sampler: Any, owner: type | None = None) -> Any:
        if sampler is None:
            return self
        try:
            return self._read(sampler._fitted)
        except AttributeError:
            raise AttributeError(f"This {type(sampler).__name__} has no {self._name}; call fit_resample.") from None


class WGANGPOverSampler(BaseOverSampler):
    """Over-sampler that trains a conditional Wasserstein GAN with gradient penalty on the data to resample.

    One generator learns all classes together, from batches that hold each class equally often. So a small class
    benefits from what the generator learns from large classes. For each class, the sampler creates more candidate rows
    than it needs and keeps the best: some candidates come from the generator, the others are original rows that are
    moved towards and around their neighbors. The result starts with the original rows, unchanged.

    Parameters
    ----------
    sampling_strategy : str, float, dict or callable, default="equal"
        How many rows each class has after resampling.

        - ``"equal"``: every class has as many rows as the largest class.
        - ``"upsample"``: every class, also the largest, grows by 50 %, rounded down.
        - ``"custom"``: the numbers are given by `target_samples`.
        - ``"auto"``, ``"minority"``, ``"not minority"``, ``"not majority"``, ``"all"``, a float, ``{class: rows}`` and
          a function that returns such a dict for y mean what they mean in imbalanced-learn. A float is for two classes:
          the number of minority rows divided by the number of majority rows. If there are already as many minority
          rows, no row is added.
    target_samples : int, dict or None, default=None
        Rows per class after resampling, for ``sampling_strategy="custom"``, which requires it. An int applies to every
        class; classes that already have as many rows stay as they are. A dict ``{class: rows}`` applies to the classes
        that it names. With another strategy, it has no effect, and causes a warning.
    categorical_features : "auto", or array-like of str, int or bool, default="auto"
        The categorical features: column names, column positions, or a boolean mask. If the column names of a frame are
        numbers, the given numbers are names and not positions. ``"auto"`` selects the columns of category, string,
        object and boolean dtype of a frame, and no column of an array or list.
    missing_values : {"keep", "error"}, default="keep"
        How missing values (NaN, None, NA, NaT, null) are handled. ``"keep"``: synthetic rows have missing values too,
        about as often as the original rows of the class. ``"error"``: missing values are refused.
    noise_dim : int, default=32
        Length of the noise vector, the random input of the generator; at least 1.
    hidden_dim : int, default=64
        Units in each hidden layer of the generator and the critic; at least 1.
    num_layers : int, default=2
        Number of hidden layers of the generator and of the critic; at least 1.
    dropout : float, default=0.0
        Share of the generator's hidden units that are set to zero in a training step; in [0, 1).
    epochs : int or "auto", default="auto"
        Length of the training. For n rows, one epoch is ceil(n / batch_size) generator updates, each after `n_critic`
        critic updates. ``"auto"`` trains for 900 generator updates, whatever the number of rows; the last epoch may
        then end early. ``"auto"`` also limits the number of rows: if a class has more than 16 384 rows, only 16 384
        random rows of it are used, or more if batches are large.
    batch_size : int or "auto", default="auto"
        Original rows in a critic update; at least 1. ``"auto"`` takes 32 rows per class, but at least 64 and at most
        256 in total.
    n_critic : int, default=2
        Critic updates per generator update; at least 1.
    lambda_gp : float, default=10.0
        Weight of the gradient penalty; at least 0.
    learning_rate : float, default=1e-3
        Step size of Adam for the generator; above 0.
    critic_learning_rate : float, default=4e-3
        Step size of Adam for the critic; above 0. The critic must learn faster than the generator: with equal rates,
        the generator misses modes of a class.
    normalization : {"layer", "batch"} or None, default=None
        Normalization of the generator's hidden layers.
    skip_connections : bool, default=False
        Whether the second and later hidden layers of the generator add their input to their output.
    m_neighbors : int, default=10
        Number of neighbors used to detect isolated rows; at least 0. A row whose `m_neighbors` nearest rows all belong
        to other classes is left out of training. Some classes keep all rows: the largest class, classes of fewer than
        50 or more than 2048 rows, and scattered classes. A class is scattered if its share of isolated rows is at least
        half of the share that random labels would give. With 0, no row is left out, which favors recall of the minority
        over its precision.
    borrowed_rows : float, default=60.0
        How much a class borrows from the spread of other classes; at least 0. For a class of n rows, the spread
        between neighbors in other classes has the weight borrowed_rows / (n + borrowed_rows). The critic is then shown
        rows between and around neighbors of the class instead of the original rows. 0 shows the original rows.
    moment_start : bool, default=True
        Whether the generator starts from the mean and the covariance of each class, so that it only learns a
        correction. False starts from random weights.
    average_decay : float, default=0.999
        Decay of the moving average of the generator's weights; in [0, 1). Rows are generated with the averaged
        weights. 0 uses the last weights.
    rejection_rate : float, default=0.4
        Share of the generated rows that are dropped because a classifier doubts their class; in [0, 1). For a class of
        n rows, the share is multiplied by n / (n + 20). Lower values favor recall of the minority, higher values its
        precision.
    boundary_focus : float, default=1.0
        How strongly the sampler prefers rows near other classes; at least 0. It generates twice as many rows as it
        needs, and draws among them with weights (1.05 - p)^boundary_focus, where p is the classifier's probability of
        the row's class. 0 generates no additional rows for this choice.
    neighbor_share : float, default=0.5
        Share of the candidates in :meth:`fit_resample` that are moved original rows instead of generated ones; in
        [0, 1]. If all columns hold integers, other evenly spaced numbers or categories, such a row can equal an
        original row. The sampler does not store original rows, so :meth:`sample` uses the generator alone.
    device : {"auto", "cpu", "cuda", "cuda:N"}, default="auto"
        Where to train and generate. ``"auto"`` uses CUDA if it is available. ``"cuda"`` without a CUDA device is an
        error.
    random_state : int, RandomState instance or None, default=None
        Seed of everything random. On a CPU, the same int gives the same rows, bit for bit, whatever container holds
        the data. The sampler neither reads nor changes global random states, so None gives new rows each time.
    warm_start : bool, default=False
        Whether a further call of :meth:`fit_resample` continues the previous training, for `epochs` more epochs. The
        encoder of the first call is kept, so columns, categories and classes must be the same.
    callbacks : list of Callback or None, default=None
        Objects whose methods are called during training. The sampler calls these objects themselves. But `clone` copies
        them, like every parameter, and cross-validation and a pipeline with memory use `clone`.
    verbose : int, default=0
        1 shows a progress bar with the losses; 0 shows nothing.

    Attributes
    ----------
    sampling_strategy_ : OrderedDict
        ``{class: number of rows to generate}``, sorted by class.
    history_ : TrainingHistory
        One record per epoch. Empty if no class had to grow.
    generator_ : GanGenerator
        The trained generator with averaged weights. It does not exist if no class had to grow.
    critic_ : GanDiscriminator
        The trained critic. It does not exist if no class had to grow.
    n_iter_ : int
        Number of generator updates.
    categorical_features_ : ndarray of shape (n_categorical,)
        Positions of the categorical features.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names, if X is a frame whose column names are all strings.

    Raises
    ------
    InvalidDataError
        If X or y cannot be used for training: for example infinite numbers, strings in a numeric column, or a single
        class.
    InvalidParameterError
        If the strategy does not fit the classes.
    DeviceUnavailableError
        If `device` does not exist on this machine.
    TrainingDivergedError
        If a loss is no longer finite.

    Warns
    -----
    ThinClassWarning
        If a class of at most 5 rows has to grow.
    IdentifierColumnWarning
        If a categorical feature looks like an identifier.
    FileNameColumnWarning
        If a column holds names of files.
    NumbersAsTextWarning
        If a column of strings looks like numbers.
    ManyClassesWarning
        If y looks like a regression target.
    UnusedParameterWarning
        If `target_samples` is given without ``sampling_strategy="custom"``.

    See Also
    --------
    GanTrainer : The training loop alone.
    imblearn.over_sampling.SMOTE : Interpolation between neighbors of a class.
    imblearn.over_sampling.SMOTENC : The same for tables with categorical features.

    Notes
    -----
    The training differs from Gulrajani et al. (2017) [3]_ in these points:

    - Both networks are given the class as a condition [2]_, and batches are class-balanced.
    - Isolated rows are left out (`m_neighbors`).
    - The critic does not see the original rows of small classes, but rows between and around them (`borrowed_rows`).
    - The generator corrects a normal distribution of each class (`moment_start`).
    - The gradient penalty measures each feature in units of its spread within the classes.
    - The critic has its own learning rate (`critic_learning_rate`).
    - The moving average of the generator's weights generates the rows (`average_decay`).
    - A share of the candidates are moved original rows (`neighbor_share`).
    - Not all candidates are kept: those whose class is least credible are dropped (`rejection_rate`), and rows near
      other classes are preferred (`boundary_focus`).

    Each numeric column is mapped to an invertible scale from -1 to 1. Generated numbers lie in the observed range of
    their column. If all numbers of a column are evenly spaced (integers, prices in cents, whole days), generated
    numbers are rounded to this grid. Dates and durations are treated as numbers. Categories, missing values, and
    numbers that many rows share (many zeros, or a column of few distinct values) are one-hot encoded. The generator
    chooses one of these states, so synthetic rows contain no new categories. In a column of more than 50 categories,
    those of fewer than 5 rows share one state. In synthetic rows, they are drawn at random, by their frequency. Each
    state needs a column of the encoded matrix, but only for the rows of one batch at a time.

    In a `Pipeline` with ``memory=...``, a grid search over later steps trains the sampler only once per fold.

    References
    ----------
    .. [1] I. Goodfellow et al., "Generative Adversarial Networks", 2014, arXiv:1406.2661.
    .. [2] M. Mirza, S. Osindero, "Conditional Generative Adversarial Nets", 2014, arXiv:1411.1784.
    .. [3] I. Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, arXiv:1704.00028.

    Examples
    --------
    >>> from collections import Counter
    >>> from sklearn.datasets import make_classification
    >>> from wgan_resampler import WGANGPOverSampler
    >>> X, y = make_classification(n_samples=300, weights=[0.9], random_state=0)
    >>> sampler = WGANGPOverSampler(random_state=0, device="cpu")
    >>> X_resampled, y_resampled = sampler.fit_resample(X, y)
    >>> sorted(Counter(y.tolist()).items()), sorted(Counter(y_resampled.tolist()).items())
    ([(0, 269), (1, 31)], [(0, 269), (1, 269)])
    >>> X_more, y_more = sampler.sample(5, label=1)
    >>> X_more.shape
    (5, 20)
    """

    _fitted: Fitted
    sampling_strategy_ = FittedAttribute("to_generate")
    categorical_features_ = FittedAttribute("categorical_features")
    history_ = FittedAttribute("history")
    n_iter_ = FittedAttribute("n_updates")
    generator_ = FittedAttribute("trained.model.generator")
    critic_ = FittedAttribute("trained.critic")

    _parameter_constraints: dict[str, list[Any]] = {
        "sampling_strategy": [
            Interval(Real, 0, 1, closed="right"),
            StrOptions({"auto", "minority", "not minority", "not majority", "all", *OWN_STRATEGIES}),
            Mapping,
            callable,
        ],
        "target_samples": [Interval(Integral, 1, None, closed="left"), Mapping, None],
        "categorical_features": [StrOptions({"auto"}), "array-like"],
        "missing_values": [StrOptions({"keep", "error"})],
        **{name: about.values.constraints() for name, about in HYPER_PARAMETERS.items()},
        "neighbor_share": [Interval(Real, 0, 1, closed="both")],
        "device": [str],
        "random_state": ["random_state"],
        "warm_start": ["boolean"],
        "callbacks": [list, tuple, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        *,
        sampling_strategy: Strategy = "equal",
        target_samples: int | Mapping[Any, int] | None = None,
        categorical_features: Any = "auto",
        missing_values: str = "keep",
        noise_dim: int = 32,
        hidden_dim: int = 64,
        num_layers: int = 2,
        dropout: float = 0.0,
        epochs: int | str = "auto",
        batch_size: int | str = "auto",
        n_critic: int = 2,
        lambda_gp: float = 10.0,
        learning_rate: float = 1e-3,
        critic_learning_rate: float = 4e-3,
        normalization: Normalization = None,
        skip_connections: bool = False,
        m_neighbors: int = 10,
        borrowed_rows: float = 60.0,
        moment_start: bool = True,
        average_decay: float = 0.999,
        rejection_rate: float = 0.4,
        boundary_focus: float = 1.0,
        neighbor_share: float = 0.5,
        device: str = "auto",
        random_state: int | np.random.RandomState | None = None,
        warm_start: bool = False,
        callbacks: Sequence[Callback] | None = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.target_samples = target_samples
        self.categorical_features = categorical_features
        self.missing_values = missing_values
        self.noise_dim = noise_dim
        self.hidden_dim = hidden_dim
        self.num_layers = num_layers
        self.dropout = dropout
        self.epochs = epochs
        self.batch_size = batch_size
        self.n_critic = n_critic
        self.lambda_gp = lambda_gp
        self.learning_rate = learning_rate
        self.critic_learning_rate = critic_learning_rate
        self.normalization = normalization
        self.skip_connections = skip_connections
        self.m_neighbors = m_neighbors
        self.borrowed_rows = borrowed_rows
        self.moment_start = moment_start
        self.average_decay = average_decay
        self.rejection_rate = rejection_rate
        self.boundary_focus = boundary_focus
        self.neighbor_share = neighbor_share
        self.device = device
        self.random_state = random_state
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    @own_settings
    def fit(self, X: Any, y: Any) -> WGANGPOverSampler:
        """Check the data and the strategy without training.

        To resample, call :meth:`fit_resample` instead.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            The table, as for :meth:`fit_resample`.
        y : array-like of shape (n_samples,)
            The class of each row.

        Returns
        -------
        WGANGPOverSampler
            The sampler itself.
        """
        self._prepare(X, y)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    @own_settings
    def fit_resample(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Train the networks and return the original rows followed by synthetic rows.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            The table. Columns hold numbers, or categories where `categorical_features` says so. A DataFrame is one of
            pandas or polars, or a table of pyarrow.
        y : array-like of shape (n_samples,)
            The class of each row. A column vector or a one-hot matrix is accepted too.

        Returns
        -------
        X_resampled : container of X, of shape (n_samples_new, n_features)
            The rows of X, unchanged and in order, then the synthetic rows, sorted by class. Lists, arrays, frames, and
            csr or csc matrices keep their type. Other array-likes become arrays, other sparse formats become csr. A
            pandas frame keeps its `attrs`. Its index continues if it is a ``RangeIndex``, and is dropped otherwise.
        y_resampled : container of y, of shape (n_samples_new,)
            The class of each row: a list, array, pandas or polars Series, frame, pyarrow table or chunked array, like
            y. Index and `attrs` are treated as for X.
        """
        table, labels = self._prepare(X, y)
        X_resampled, labels_resampled = self._fit_resample(table, labels)
        y_resampled = self._fitted.target.stack(y, labels, labels_resampled[len(labels) :])
        return X_resampled, y_resampled

    @validate_params({"random_state": ["random_state"]}, prefer_skip_nested_validation=True)
    @own_settings
    def sample(
        self,
        n_samples: int | Mapping[Any, int],
        label: Any = None,
        *,
        random_state: int | np.random.RandomState | None = None,
    ) -> tuple[Any, Any]:
        """Generate more synthetic rows with the trained generator.

        Parameters
        ----------
        n_samples : int or dict
            Number of rows, or ``{class: number of rows}``.
        label : class label or None, default=None
            The class of all rows. None draws the class of each row with its frequency in the training data.
        random_state : int, RandomState instance or None, default=None
            Seed of the rows. An int gives the same rows each time. None gives new rows with each call. If the sampler
            has an int `random_state`, the same sequence of calls then gives the same rows.

        Returns
        -------
        X : same container and dtypes as the training table, of shape (n_samples, n_features)
            The synthetic rows, without the original ones.
        y : same container and dtype as the training target, of shape (n_samples,)
            The class of each row, in the order of the dict `n_samples` or of the drawn classes.

        Raises
        ------
        NotFittedError
            If there is no trained generator: before :meth:`fit_resample`, or if no class had to grow.
        InvalidParameterError
            If a class is unknown, or a number of rows is not an integer of at least 0.
        """
        trained = self._trained()
        model, seeds = trained.model, trained.seeds if random_state is None else seed_sequence(random_state, SAMPLE_KEY)
        class_indices = model.choose(n_samples, label, next_seed(seeds))
        rows = self._fitted.table.build(model.draw(class_indices, next_seed(seeds)))
        return rows, self._fitted.target.build(model.classes[class_indices])

    @own_settings
    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the trained sampler to a file: tensors and plain values, no code.

        Parameters
        ----------
        path : str or os.PathLike
            The file to write. It is written completely or not at all.

        Raises
        ------
        NotFittedError
            If there is no trained generator.
        CheckpointError
            If a parameter, a label or a column cannot be stored, or the file cannot be written.

        See Also
        --------
        load : Reads the file.

        Notes
        -----
        Callbacks and a ``RandomState`` given as `random_state` are not stored.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> from sklearn.datasets import make_classification
        >>> from wgan_resampler import WGANGPOverSampler
        >>> X, y = make_classification(weights=[0.8], random_state=0)
        >>> sampler = WGANGPOverSampler(epochs=3, device="cpu", random_state=0)
        >>> X_resampled, y_resampled = sampler.fit_resample(X, y)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "sampler.pth")
        ...     sampler.save(path)
        ...     again = WGANGPOverSampler.load(path)
        >>> bool((again.sample(5)[0] == sampler.sample(5)[0]).all())
        True
        """
        trained = self._trained()
        save_state(path, fitted_to_state(self._fitted, trained, self.get_params(deep=False)))

    @classmethod
    @own_settings
    def load(cls, path: str | os.PathLike[str]) -> WGANGPOverSampler:
        """Read a sampler that :meth:`save` wrote. The file may come from an untrusted source: nothing in it is run.

        Parameters
        ----------
        path : str or os.PathLike
            The file. A file that was written on a machine with CUDA can be read on a machine without CUDA.

        Returns
        -------
        WGANGPOverSampler
            On the CPU. :meth:`sample` gives the rows that the saved sampler would have given.

        Raises
        ------
        CheckpointError
            If the file is damaged, of another kind or of another version.
        OSError
            If it cannot be read.
        """
        return load_state(path, cls._from_state)

    @classmethod
    def _from_state(cls, state: Mapping[str, Any]) -> WGANGPOverSampler:
        fitted, parameters = fitted_from_state(state)
        sampler = refusing(cls)(**parameters)
        sampler._fitted = fitted
        sampler.n_features_in_ = len(fitted.trained.model.encoder.schema.columns) if fitted.trained else 0
        if fitted.feature_names is not None:
            sampler.feature_names_in_ = np.array(fitted.feature_names, dtype=object)
        return sampler

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_fitted")

    def _trained(self) -> TrainedParts:
        """Return the result of the training, or raise NotFittedError with the reason why there is none."""
        if not hasattr(self, "_fitted") or (self._fitted.trained is None and self._fitted.grows):
            raise NotFittedError(
                f"This {type(self).__name__} has no trained generator yet. Call fit_resample; fit only checks the data."
            )
        if self._fitted.trained is None:
            raise NotFittedError(
                "No generator was trained, because no class had to grow. Call fit_resample with a sampling_strategy "
                "that asks for rows, for example 'upsample'."
            )
        return self._fitted.trained

    def _prepare(self, X: Any, y: Any) -> tuple[Table, NDArray[Any]]:
        """Check everything that can be checked before training, and drop the result of an earlier training.

        Returns the table, with the category codes of the training that a warm start continues, and the labels.
        """
        previous = None
        if self.warm_start and hasattr(self, "_fitted"):
            previous = self._fitted.trained or self._fitted.previous
        if previous is None:
            self.__dict__.pop("_fitted", None)
        resolve_device(self.device)
        table = check_table(X, self.categorical_features, self.missing_values)
        labels, is_one_hot = check_target(y, table.n_rows)
        # Sets n_features_in_ and feature_names_in_, without a conversion of X.
        validate_data(self, X=X, y=labels, reset=True, skip_check_array=True)
        cells = table.cells
        if previous is not None:  # the previous training is only replaced if the new data fit it
            check_network_sizes(self._settings(), previous)
            cells = recoded_cells(previous, table, labels)
        to_generate = rows_to_generate(self.sampling_strategy, labels, self.target_samples)
        warn_of_data(labels, columns_of(table), to_generate)
        categorical = [j for j, cells in enumerate(table.cells) if isinstance(cells, CategoricalCells)]
        self._fitted = Fitted(
            table.format,
            TargetFormat.of(y, labels, one_hot=is_one_hot),
            to_generate,
            np.array(categorical, dtype=np.int64),
            getattr(self, "feature_names_in_", None),
            previous,
        )
        return replace(table, cells=cells), labels

    def _settings(self) -> FitSettings:
        return FitSettings(**{name: getattr(self, name) for name in HYPER_PARAMETERS})

    def _fit_resample(self, X: Table, y: NDArray[Any]) -> tuple[Table, NDArray[Any]]:
        """Train on a checked table and append synthetic rows; imbalanced-learn's hook."""
        numbers = np.array([self._fitted.to_generate.get(label, 0) for label in np.unique(y)])
        if not numbers.any():
            return X.format.stack(X.rows, X.format.take(X.rows, np.arange(0))), y.copy()
        trained, neighbors = self._train(X, y)
        new_classes = np.repeat(np.arange(len(numbers)), numbers)
        new = self._fitted.table.build(trained.model.draw(new_classes, next_seed(trained.seeds), neighbors))
        return X.format.stack(X.rows, new), np.concatenate([y, trained.model.classes[new_classes]])

    def _train(self, X: Table, y: NDArray[Any]) -> tuple[TrainedParts, NeighborCandidates | None]:
        """Return the trained parts, and the source of moved original rows; None if there are to be none."""
        callbacks = [*(self.callbacks or ()), *([ProgressBar()] if self.verbose else [])]
        device, seeds, previous = resolve_device(self.device), seed_sequence(self.random_state), self._fitted.previous
        encoder = None if previous is None else previous.model.encoder
        preparation = prepare(self._settings(), X.cells, y, device, seeds, callbacks, encoder)
        if previous is not None:
            preparation.load_state_dict(previous.training)
        preparation.train(further=previous is not None)
        # The state is taken before the classifier draws from the batches. Otherwise two calls with warm_start would not
        # see the same batches as one longer training.
        state, trainer = preparation.state_dict(), preparation.trainer
        model, critic = preparation.finish(), cast(GanDiscriminator, copy.deepcopy(trainer.critic))
        table = self._fitted.table if previous is None else previous.table
        trained = TrainedParts(model, critic, trainer.history, trainer.n_updates, seeds, table, state)
        self._fitted = replace(self._fitted, table=table, previous=None, trained=trained)
        if self.neighbor_share == 0 or self.borrowed_rows == 0:  # without borrowed_rows, moved rows would be copies
            return trained, None
        with computing(device):  # only some rows are taken, so that the encoded table can be freed
            return trained, NeighborCandidates(preparation.batches.rows.some(), float(self.neighbor_share))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.allow_nan = self.missing_values == "keep"
        return tags

    def __getstate__(self) -> dict[str, Any]:
        # A sampler that was trained on CUDA must load on a machine without CUDA. The base class returns the dict of the
        # object itself, so it is copied.
        state: dict[str, Any] = dict(super().__getstate__())
        if "_fitted" in state:
            state["_fitted"] = state["_fitted"].on_cpu()
        return state
