"""The over-sampler: imbalanced-learn's interface around the trained networks."""

from __future__ import annotations

import copy
import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import fields
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from imblearn.over_sampling.base import BaseOverSampler
from numpy.typing import NDArray
from sklearn.base import _fit_context
from sklearn.exceptions import NotFittedError
from sklearn.utils import Tags
from sklearn.utils._param_validation import Interval, StrOptions, validate_parameter_constraints
from sklearn.utils.validation import validate_data

from wgan_resampler.exceptions import CheckpointError
from wgan_resampler.gan import Callback, NeighborCandidates, Normalization, ProgressBar, TrainingHistory
from wgan_resampler.sampler.data_warnings import warn_of_identifiers, warn_of_thin_classes
from wgan_resampler.sampler.fitting import FitSettings, prepare
from wgan_resampler.sampler.row_generator import RowModel
from wgan_resampler.sampler.sampler_state import Learnt, learnt_from_state, learnt_to_state
from wgan_resampler.sampler.strategies import OWN_STRATEGIES, Strategy, rows_to_generate
from wgan_resampler.sampler.warm_start import Earlier, cells_in_terms_of, check_sizes_stay, go_on, training_state
from wgan_resampler.tables import CategoricalCells, Table, TableFormat, TargetFormat, check_table, check_target
from wgan_resampler.utils import SAMPLE_KEY, computing, next_seed, resolve_device, seed_sequence
from wgan_resampler.utils.storage import load_state, save_state


class WGANGPOverSampler(BaseOverSampler):
    """Over-sampling with a conditional Wasserstein GAN with gradient penalty, trained inside ``fit_resample``.

    One generator learns all classes at once, from batches that hold each class equally often, so that a small class
    borrows from the large ones what rows look like in general. New rows are chosen, class by class, among rows that it
    makes and real ones moved to in between and around their neighbors; the original rows come back first, unchanged.

    Parameters
    ----------
    sampling_strategy : str, float, dict or callable, default="equal"
        How many rows each class has afterwards.

        - ``"equal"``: every class as many as the majority.
        - ``"upsample"``: every class, the majority too, 50 % more than before (rounded down).
        - ``"custom"``: as `target_samples` says.
        - ``"auto"``, ``"minority"``, ``"not minority"``, ``"not majority"``, ``"all"``, a float (two classes only: rows
          of the minority over rows of the majority), ``{class: rows}`` or a function from y to such a dict: as in
          imbalanced-learn.
    target_samples : int, dict or None, default=None
        For ``"custom"``, and required there: rows per class afterwards. An int holds for all classes; those that have
        as many already stay. A dict holds for the classes that it names.
    categorical_features : "auto", or array-like of str, int or bool, default="auto"
        Columns that hold categories: their names, their positions, or a mask. ``"auto"``: the columns of category,
        string, object and bool dtype of a frame, and none of an array or list.
    missing_values : {"keep", "error"}, default="keep"
        What missing cells (NaN, None, NA, NaT, null) mean. ``"keep"``: how often they occur in a class is learnt, and
        they occur in synthetic rows. ``"error"``: they are refused.
    noise_dim : int, default=32
        Length of the noise vector that the generator turns into a row.
    hidden_dim : int, default=64
        Units in each hidden layer of both networks.
    num_layers : int, default=2
        Hidden layers in each network.
    dropout : float, default=0.0
        Share of the generator's hidden units silenced in a training step, in [0, 1).
    epochs : int or "auto", default="auto"
        For n rows, one epoch is ceil(n / batch_size) generator updates, each after `n_critic` critic updates.
        ``"auto"`` trains for 900 generator updates, however many rows there are, since batches are drawn evenly from
        all classes; the last epoch may then be cut short. Of a class of more than 16 384 rows, only some random ones
        then teach: 16 384, or more if batches are large.
    batch_size : int or "auto", default="auto"
        Real rows in a critic update. ``"auto"`` takes 32 per class, but at least 64 and at most 256.
    n_critic : int, default=2
        Critic updates per generator update.
    lambda_gp : float, default=10.0
        Weight of the gradient penalty.
    learning_rate : float, default=1e-3
        Step size of Adam for the generator.
    critic_learning_rate : float, default=4e-3
        Step size of Adam for the critic, which has to keep ahead of the generator: at the generator's own rate, modes
        of a class get lost.
    normalization : {"layer", "batch"} or None, default=None
        What normalises the generator's hidden layers.
    skip_connections : bool, default=False
        Whether the generator's later hidden layers add their input to their output.
    m_neighbors : int, default=10
        Rows that are isolated do not teach: those whose `m_neighbors` nearest rows are all of other classes. The
        largest class keeps all of its rows, and so do classes of less than 50 or more than 2048, and those that are
        scattered: whose rows are isolated more than half as often as they would be by chance. 0 leaves out none, which
        favours recall of the minority over its precision.
    borrowed_rows : float, default=60.0
        How many rows' worth of spread a class borrows from the other classes: rows of a class of n rows are taught to
        differ as neighbors do in other classes, with the weight borrowed_rows / (n + borrowed_rows), besides lying
        between neighbors of their own class. 0 teaches the rows as they are.
    moment_start : bool, default=True
        Whether the generator starts from the mean and the covariance of each class, and learns what to correct.
    average_decay : float, default=0.999
        Decay of the moving average of the generator's weights, which is what generates rows; in [0, 1). 0 uses the
        last weights.
    rejection_rate : float, default=0.4
        Share of the generated rows that are dropped because an auxiliary classifier doubts their class; in [0, 1). A
        class of n rows gets n / (n + 20) of it. Lower favours recall of the minority, higher its precision.
    boundary_focus : float, default=1.0
        How much rows near other classes are favoured among those that are left: twice as many as are wanted are
        generated, and drawn with weights (1.05 - p)^boundary_focus, where p is the probability of their class. 0 draws
        none in advance.
    neighbor_share : float, default=0.5
        Share of the rows to choose from in :meth:`fit_resample` that are real rows, moved to in between and around
        their neighbors as the critic is shown them, instead of made by the generator; in [0, 1]. Where all columns
        hold whole numbers or categories, such a row may come out equal to a real one. The sampler keeps no real rows:
        :meth:`sample` asks the generator alone.
    device : {"auto", "cpu", "cuda", "cuda:N"}, default="auto"
        Where to train and generate. ``"auto"`` takes CUDA where there is one. Asking for CUDA where there is none is
        an error.
    random_state : int, RandomState instance or None, default=None
        Seed of everything random. The same int gives the same rows, bit for bit on a CPU, whatever container the data
        comes in. No global random state is read or changed, so None never repeats itself.
    warm_start : bool, default=False
        Whether a further call of :meth:`fit_resample` goes on with the networks of the last one, for `epochs` more. The
        encoder of the first fit is kept: columns, their categories and the classes must be the same.
    callbacks : list of Callback or None, default=None
        Objects whose hooks are called in training. They are used as they are, not copied; but `clone`, and so cross-
        validation and a pipeline with memory, makes copies of them as of every parameter.
    verbose : int, default=0
        1 shows a progress bar with the losses.

    Attributes
    ----------
    sampling_strategy_ : OrderedDict
        ``{class: number of rows to generate}``, sorted by class.
    history_ : TrainingHistory
        One dict per epoch begun; empty if no class had to grow.
    generator_ : GanGenerator
        The trained generator with averaged weights. Absent if no class had to grow.
    critic_ : GanDiscriminator
        The trained critic. Absent if no class had to grow.
    n_iter_ : int
        Generator updates made.
    categorical_features_ : ndarray of shape (n_categorical,)
        Positions of the columns that hold categories.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if X is a frame whose names are all strings.

    Raises
    ------
    InvalidDataError
        If X or y cannot be trained on: infinite numbers, texts among numbers, a single class.
    InvalidParameterError
        If the strategy does not fit the classes.
    DeviceUnavailableError
        If `device` does not exist here.
    TrainingDivergedError
        If a loss is no longer finite.

    Warns
    -----
    ThinClassWarning
        If a class that grows has at most 5 rows.
    IdentifierColumnWarning
        If a column of categories looks like an identifier.

    See Also
    --------
    GanTrainer : The training loop on its own.
    imblearn.over_sampling.SMOTE : Interpolation between neighbors of a class.
    imblearn.over_sampling.SMOTENC : The same for tables with categories.

    Notes
    -----
    Some things differ from Gulrajani et al. (2017) [3]_: classes take turns in the batches; isolated rows do not teach
    (`m_neighbors`); the critic sees rows between and around those of small classes, not the rows themselves
    (`borrowed_rows`); the generator corrects a normal distribution of each class (`moment_start`); the gradient penalty
    measures each feature in units of its spread within the classes; the critic has a learning rate of its own; rows
    come from the moving average of the generator's weights, and half of them from real rows (`neighbor_share`); and
    more are made than are kept: the least credible are dropped (`rejection_rate`), and of the others those near other
    classes are favoured (`boundary_focus`).

    Numbers are put on an invertible scale between -1 and 1; generated ones lie in the observed range of their column,
    and whole numbers stay whole. Dates and durations count as numbers. Values that many rows share (a spike at zero, a
    handful of distinct values), categories and missing cells become blocks of states, of which the generator chooses
    one: generated rows hold no other categories than the original ones. Of a column of k categories, k columns are
    made, but only for the rows of one batch at a time.

    Inside a `Pipeline`, ``memory=...`` saves trainings in a grid search over the later steps.

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

    _model: RowModel
    _table_format: TableFormat
    _target_format: TargetFormat
    _seeds: np.random.SeedSequence
    _training: dict[str, Any]
    _earlier: Earlier | None

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
        "noise_dim": [Interval(Integral, 1, None, closed="left")],
        "hidden_dim": [Interval(Integral, 1, None, closed="left")],
        "num_layers": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "epochs": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "n_critic": [Interval(Integral, 1, None, closed="left")],
        "lambda_gp": [Interval(Real, 0, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "critic_learning_rate": [Interval(Real, 0, None, closed="neither")],
        "normalization": [StrOptions({"layer", "batch"}), None],
        "skip_connections": ["boolean"],
        "m_neighbors": [Interval(Integral, 0, None, closed="left")],
        "borrowed_rows": [Interval(Real, 0, None, closed="left")],
        "moment_start": ["boolean"],
        "average_decay": [Interval(Real, 0, 1, closed="left")],
        "rejection_rate": [Interval(Real, 0, 1, closed="left")],
        "boundary_focus": [Interval(Real, 0, None, closed="left")],
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
    def fit(self, X: Any, y: Any) -> WGANGPOverSampler:
        """Check the data and the strategy; train nothing. Use :meth:`fit_resample`.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            The table.
        y : array-like of shape (n_samples,)
            The class of each row.

        Returns
        -------
        WGANGPOverSampler
            Itself.
        """
        self._prepare(X, y)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_resample(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Train the networks and return the table with the new rows below it.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            The table: numbers, and categories in the columns that `categorical_features` names. pandas or polars.
        y : array-like of shape (n_samples,)
            The class of each row. A column vector and a one-hot matrix are understood too.

        Returns
        -------
        X_resampled : container of X, of shape (n_samples_new, n_features)
            The rows of X, unchanged and in order, then the new rows, sorted by class. Lists, arrays, frames and csr or
            csc matrices come back as what they are; other array-likes as arrays, other sparse formats as csr.
        y_resampled : container of y, of shape (n_samples_new,)
            Their classes, as a list, array, pandas or polars Series, or pandas frame.
        """
        table, labels = self._prepare(X, y)
        X_resampled, labels_resampled = self._fit_resample(table, labels)
        y_resampled = self._target_format.stack(y, labels, labels_resampled[len(labels) :])
        return X_resampled, y_resampled

    def sample(
        self,
        n_samples: int | Mapping[Any, int],
        label: Any = None,
        *,
        random_state: int | np.random.RandomState | None = None,
    ) -> tuple[Any, Any]:
        """Draw more rows from the trained generator.

        Parameters
        ----------
        n_samples : int or dict
            Number of rows, or ``{class: number of rows}``.
        label : class label or None, default=None
            The class of all rows. None draws classes by their frequency in the training data.
        random_state : int, RandomState instance or None, default=None
            None gives new rows with each call; they still follow from the sampler's own `random_state`. An int gives
            the same rows each time.

        Returns
        -------
        X : same container and dtypes as the training table, of shape (n_samples, n_features)
            New rows only.
        y : same container and dtype as the training target, of shape (n_samples,)
            Their classes: in the order of the dict, or as drawn.

        Raises
        ------
        NotFittedError
            If nothing has been trained: before :meth:`fit_resample`, or if no class had to grow.
        InvalidParameterError
            If a class is unknown or a number of rows is negative.
        """
        model = self._trained_model()
        validate_parameter_constraints(
            {"random_state": ["random_state"]}, {"random_state": random_state}, f"{type(self).__name__}.sample"
        )
        seeds = self._seeds if random_state is None else seed_sequence(random_state, SAMPLE_KEY)
        class_indices = model.choose(n_samples, label, next_seed(seeds))
        rows = self._table_format.build(model.draw(class_indices, next_seed(seeds)))
        return rows, self._target_format.build(model.classes[class_indices])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the trained sampler to a file: tensors and plain values, no code.

        Parameters
        ----------
        path : str or os.PathLike
            Where to; the file is there in full or not at all.

        Raises
        ------
        NotFittedError
            If nothing has been trained.
        CheckpointError
            If a parameter, a label or a column cannot be stored, or the file cannot be written.

        See Also
        --------
        load : Reads it.

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
        learnt = Learnt(
            model=self._trained_model(),
            critic=self.critic_,
            table=self._table_format,
            target=self._target_format,
            history=self.history_,
            n_updates=self.n_iter_,
            to_generate=list(self.sampling_strategy_.items()),
            n_features=self.n_features_in_,
            feature_names=getattr(self, "feature_names_in_", None),
            categorical=self.categorical_features_.tolist(),
            seeds=self._seeds,
            training=self._training,
        )
        save_state(path, learnt_to_state(learnt, self.get_params(deep=False)))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> WGANGPOverSampler:
        """Read a sampler that :meth:`save` has written; the file may come from anywhere, nothing in it is run.

        Parameters
        ----------
        path : str or os.PathLike
            The file. One from a machine with CUDA loads without it.

        Returns
        -------
        WGANGPOverSampler
            On the CPU. :meth:`sample` goes on as that of the saved sampler would have.

        Raises
        ------
        CheckpointError
            If the file is damaged, of another kind or of a newer version.
        OSError
            If it cannot be read.
        """
        try:
            learnt, parameters = learnt_from_state(load_state(path))
            sampler = cls(**parameters)
        except (CheckpointError, TypeError) as error:
            text = str(error) if str(path) in str(error) else f"{path}: {error}"
            raise type(error)(text) if isinstance(error, CheckpointError) else CheckpointError(text) from error
        sampler._model, sampler.critic_, sampler.generator_ = learnt.model, learnt.critic, learnt.model.generator
        sampler._table_format, sampler._target_format, sampler._seeds = learnt.table, learnt.target, learnt.seeds
        sampler._training = dict(learnt.training)
        sampler.history_, sampler.n_iter_ = learnt.history, learnt.n_updates
        sampler.sampling_strategy_ = OrderedDict(learnt.to_generate)
        sampler.n_features_in_ = learnt.n_features
        sampler.categorical_features_ = np.array(learnt.categorical, dtype=np.int64)
        if learnt.feature_names is not None:
            sampler.feature_names_in_ = np.array(learnt.feature_names, dtype=object)
        return sampler

    def _trained_model(self) -> RowModel:
        """Return the model, or say why there is none."""
        if hasattr(self, "_model"):
            return self._model
        if hasattr(self, "history_"):
            raise NotFittedError(
                "No generator was trained, because no class had to grow: fit_resample returned the data as it was. "
                "Call fit_resample with a sampling_strategy that asks for rows, for example 'upsample', before sample."
            )
        raise NotFittedError(
            f"This {type(self).__name__} has no trained generator yet. Call fit_resample before sample; fit only "
            "checks the data."
        )

    def _prepare(self, X: Any, y: Any) -> tuple[Table, NDArray[Any]]:
        """Check everything that can be checked before training, and forget an earlier training."""
        earlier = self._earlier_training()
        if earlier is None:
            self._forget()
        resolve_device(self.device)
        table, labels, is_one_hot = self._check_X_y(X, y)
        if earlier is not None:  # what does not fit is refused before the earlier training is forgotten
            check_sizes_stay(self._settings(), earlier)
            cells_in_terms_of(earlier, table, labels)
            self._forget()
        self._earlier = earlier
        self.sampling_strategy_ = rows_to_generate(self.sampling_strategy, labels, self.target_samples)
        warn_of_thin_classes(labels, self.sampling_strategy_)
        warn_of_identifiers(table)
        self.categorical_features_ = np.array(
            [j for j, cells in enumerate(table.cells) if isinstance(cells, CategoricalCells)], dtype=np.int64
        )
        self._table_format = table.format
        self._target_format = TargetFormat.of(y, labels, one_hot=is_one_hot)
        return table, labels

    def _earlier_training(self) -> Earlier | None:
        """Return what to go on from, if that is asked for and there is something."""
        if not self.warm_start:
            return None
        if hasattr(self, "_model"):
            return Earlier(self._model, self._table_format, self._training)
        return getattr(self, "_earlier", None)

    def _forget(self) -> None:
        for name in ("generator_", "critic_", "history_", "n_iter_", "_model", "_seeds", "_training"):
            if hasattr(self, name):
                delattr(self, name)

    def _settings(self) -> FitSettings:
        own = {field.name: getattr(self, field.name) for field in fields(FitSettings) if hasattr(self, field.name)}
        return FitSettings(**own)

    def _check_X_y(self, X: Any, y: Any) -> tuple[Table, NDArray[Any], bool]:
        table = check_table(X, self.categorical_features, self.missing_values)
        labels, is_one_hot = check_target(y, table.n_rows)
        # Sets n_features_in_ and feature_names_in_; a frame stays a frame.
        validate_data(self, X=X, y=labels, reset=True, skip_check_array=True)
        return table, labels, is_one_hot

    def _fit_resample(self, X: Table, y: NDArray[Any]) -> tuple[Table, NDArray[Any]]:
        """Train and grow a checked table; imbalanced-learn's hook."""
        numbers = np.array([self.sampling_strategy_.get(label, 0) for label in np.unique(y)])
        if not numbers.any():
            self.history_, self.n_iter_ = TrainingHistory(), 0
            return X.format.copy(X.rows), y.copy()
        self._seeds = seed_sequence(self.random_state)
        self._model, neighbors = self._train(X, y, self._seeds)
        new_classes = np.repeat(np.arange(len(numbers)), numbers)
        new = self._table_format.build(self._model.draw(new_classes, next_seed(self._seeds), neighbors))
        return X.format.stack(X.rows, new), np.concatenate([y, self._model.classes[new_classes]])

    def _train(
        self, X: Table, y: NDArray[Any], seeds: np.random.SeedSequence
    ) -> tuple[RowModel, NeighborCandidates | None]:
        """Return what draws rows, and real rows to choose from beside its own, if they are wanted."""
        callbacks = [*(self.callbacks or ()), *([ProgressBar()] if self.verbose else [])]
        settings, device, earlier = self._settings(), resolve_device(self.device), self._earlier
        if earlier is None:
            preparation = prepare(settings, X.cells, y, device, seeds, callbacks)
        else:
            cells, encoder = cells_in_terms_of(earlier, X, y), earlier.model.encoder
            preparation = prepare(settings, cells, y, device, seeds, callbacks, encoder)
            go_on(preparation, earlier)
            self._table_format, self._earlier = earlier.table, None
        preparation.train(further=earlier is not None)
        # Before the classifier draws from the batches, so that a further call goes on as a longer one would have.
        self._training = training_state(preparation)
        fit = preparation.finish()
        self.history_, self.n_iter_ = fit.history, fit.n_updates
        self.generator_, self.critic_ = fit.model.generator, fit.critic
        if self.neighbor_share == 0 or self.borrowed_rows == 0:  # rows that are not varied would be copies
            return fit.model, None
        with computing(device):  # some of the rows, so that the others need not stay in memory
            return fit.model, NeighborCandidates(preparation.batches.rows.some(), float(self.neighbor_share))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.allow_nan = self.missing_values == "keep"
        return tags

    def __getstate__(self) -> dict[str, Any]:
        # What was trained on CUDA must load on a machine without it. The state of the base class is the live object's
        # own dict, hence the copy.
        state: dict[str, Any] = dict(super().__getstate__())
        if "_model" in state:
            state["_model"] = state["_model"].to(torch.device("cpu"))
            state["generator_"] = state["_model"].generator
            if next(self.critic_.parameters()).device.type != "cpu":
                state["critic_"] = copy.deepcopy(self.critic_).cpu()
        return state
