"""Which package on the index brings a Python module along."""

from __future__ import annotations

import re

# Where the names differ; elsewhere the package has the module's name.
_PACKAGES = {
    "_loss": "scikit-learn",  # What its compiled losses of 1.5 to 1.8 call their module.
    "attr": "attrs",
    "autogluon": "autogluon.core",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "grpc": "grpcio",
    "imblearn": "imbalanced-learn",
    "jwt": "pyjwt",
    "mpl_toolkits": "matplotlib",
    "PIL": "pillow",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "skopt": "scikit-optimize",
    "sksurv": "scikit-survival",
    "yaml": "pyyaml",
}

# The packages whose module has their own name, as far as models are known to need them.
_KNOWN = {
    "catboost",
    "category_encoders",
    "cloudpickle",
    "dill",
    "feature_engine",
    "joblib",
    "keras",
    "lightgbm",
    "lightning",
    "nltk",
    "numpy",
    "onnxruntime",
    "pandas",
    "polars",
    "prophet",
    "pyarrow",
    "scipy",
    "sentence_transformers",
    "spacy",
    "statsmodels",
    "tensorflow",
    "torch",
    "transformers",
    "xgboost",
}


def distribution(module: str) -> str:
    """The package, by its name on the index, that a top-level module comes from; by default one of the same name."""
    return re.sub(r"[-_.]+", "-", _PACKAGES.get(module, module)).lower()


def is_known(package: str) -> bool:
    """Whether it is certain that there is a package of this name, and that it holds the module it was derived from."""
    return package in {distribution(module) for module in (*_PACKAGES, *_KNOWN)}
