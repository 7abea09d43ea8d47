"""A model of LightGBM that was fitted on a table answers arrays without a word in the log."""

from __future__ import annotations

import subprocess
import sys

from tests.runtime.serving import RUNTIME

# What LightGBM's wrappers call: scikit-learn's own check of the names, which warns by the name of the class.
PROGRAM = """
import numpy as np, pandas as pd, warnings
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data
import chartgen_runtime.formats.pickle_boosters

class LGBMClassifier(BaseEstimator): pass
class Other(BaseEstimator): pass

for model in LGBMClassifier(), Other():
    validate_data(model, pd.DataFrame({"a": [1.0]}))
    for _ in range(2):
        validate_data(model, np.ones((1, 1)), reset=False)
"""


def test_what_lightgbm_says_of_names_at_every_prediction_is_left_out_of_the_log():
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env={"PYTHONPATH": str(RUNTIME)}, capture_output=True, text=True, check=True)
    assert "LGBMClassifier" not in done.stderr
    assert "but Other was fitted with feature names" in done.stderr
