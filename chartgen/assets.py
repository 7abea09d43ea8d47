"""Finds the files that chartgen ships: `chart_templates/` and `schemas/`."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def _root() -> Path:
    """The folder that holds both: `chartgen/_data` in an installed wheel, the repository's top in a checkout.

    A checkout comes first: an editable install may leave a stale copy in site-packages.
    """
    package = Path(__file__).resolve().parent
    checkout = package.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "chart_templates").is_dir():
        return checkout
    return package / "_data"


def chart_templates() -> Path:
    """The folder with everything that ends up in a chart."""
    return _root() / "chart_templates"


def schemas() -> Path:
    """The folder with the JSON Schemas."""
    return _root() / "schemas"
