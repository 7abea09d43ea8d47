"""Writes chartgen/inspect/estimators.yaml: what each class of scikit-learn can be asked for, found out by trying.

For each estimator class: the methods that `model.method` may name; the values of its parameters with which one of them
is missing; and whether it is certain that an instance without fitted attributes can answer nothing. What cannot be
found out by trying is left out: chartgen then refuses nothing.

The table must be true for every release that a pod may have: methods are the union over several, the rest what all of
them agree on, each in an environment of its own::

    python tools/make_estimator_table.py --also /path/to/venv-with-older-scikit-learn/bin/python ...
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from environments import answers

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = Path(__file__).resolve().parent.parent / "chartgen" / "inspect" / "estimators.yaml"

# What the schema of the service file allows as `model.method`.
METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function", "score_samples", "transform")

Entry = dict[str, Any]
"""`methods`, `without` (method -> parameter -> values) and `needs_fit` of one class.

While it is collected, `without` tells the values with which the method is there as well."""


def main() -> None:
    """Asks each environment and writes what they agree on."""
    found = answers(__file__, __doc__, collect)
    versions = sorted(each["version"] for each in found)
    TABLE.write_text(as_yaml(merged([each["classes"] for each in found]), versions))


def collect() -> dict[str, Any]:
    """The classes of this environment, by `module.name`."""
    import sklearn
    from sklearn.experimental import enable_halving_search_cv, enable_iterative_imputer  # noqa: F401
    from sklearn.utils import all_estimators

    # A class that looks attributes up in another estimator can do what that one can.
    found = [cls for _, cls in all_estimators() if not hasattr(cls, "__getattr__")]
    classes = {f"{cls.__module__}.{cls.__qualname__}": describe(cls) for cls in found}
    return {"classes": classes, "version": sklearn.__version__}


def describe(cls: Any) -> Entry:
    """What instances of a class can do, as far as making some of them tells."""
    methods = [name for name in METHODS if hasattr(cls, name)]
    instances = list(variations(cls))
    return {
        "methods": methods,
        "without": {name: found for name in methods if (found := depends_on(name, instances))},
        "needs_fit": needs_fit(cls, methods, [instance for _, _, instance in instances]),
    }


def variations(cls: Any) -> Iterator[tuple[str, Any, Any]]:
    """Instances in which one parameter has another value than by default, as (name, value, it); first one with none."""
    given = required(cls)
    try:
        plain = cls(**given)
    except TypeError:  # it wants something that is not known here
        return
    yield "", None, plain
    for name, default in plain.get_params(deep=False).items():
        values = [default] if isinstance(default, bool | str | None) else []
        for constraint in getattr(cls, "_parameter_constraints", {}).get(name, ()):
            values += sorted(getattr(constraint, "options", ())) if type(constraint).__name__ == "StrOptions" else []
            values += [True, False] if constraint == "boolean" else [None] if constraint is None else []
        for value in dict.fromkeys(values):
            yield name, value, cls(**{**given, name: value})


def required(cls: Any) -> dict[str, Any]:
    """What a class that wraps others is given: a fitted classifier, so that only the fit of its own is missing."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit(np.array([[0.0, 0.0], [1.0, 1.0]]), [0, 1])
    values = {
        "estimator": model,
        "estimators": [("a", model)],
        "param_grid": {"C": [1.0]},
        "param_distributions": {"C": [1.0]},
        "transformers": [("a", "passthrough", [0])],
    }
    parameters = inspect.signature(cls).parameters.values()
    return {one.name: values[one.name] for one in parameters if one.default is one.empty and one.name in values}


def depends_on(method: str, instances: list[tuple[str, Any, Any]]) -> dict[str, dict[str, list[Any]]]:
    """The parameters on which it depends whether there is a method: the values with which it is there or missing."""
    found: dict[str, dict[str, list[Any]]] = {}
    for parameter in dict.fromkeys(name for name, _, _ in instances if name):
        has = {value: hasattr(instance, method) for name, value, instance in instances if name == parameter}
        if len(set(has.values())) > 1:
            found[parameter] = {
                "there": [value for value, there in has.items() if there],
                "missing": [value for value, there in has.items() if not there],
            }
    return found


def needs_fit(cls: Any, methods: list[str], instances: list[Any]) -> bool:
    """Whether no instance answers before it is fitted, and scikit-learn tells that by its attributes."""
    import numpy as np
    from sklearn.exceptions import NotFittedError

    if not instances or not methods or hasattr(cls, "__sklearn_is_fitted__"):
        return False
    if "vocabulary" in instances[0].get_params():  # a text vectorizer that is given its words needs no fit
        return False
    refused = False
    for index, instance in enumerate(instances):
        for method in methods:
            if not hasattr(instance, method):
                continue
            try:
                getattr(instance, method)(np.ones((3, 2)))
            except NotFittedError:
                refused = refused or index == 0
            except Exception:  # noqa: S112 - a parameter that does not go with the others: it answers nothing either
                continue
            else:
                return False
    return refused


def merged(collections: list[dict[str, Entry]]) -> dict[str, Entry]:
    """What holds for every release: the union of the methods, and of the rest what all say that know the class."""
    found: dict[str, Entry] = {}
    for name in sorted({name for classes in collections for name in classes}):
        entries = [classes[name] for classes in collections if name in classes]
        methods = [method for method in METHODS if any(method in entry["methods"] for entry in entries)]
        found[name] = {
            "methods": methods,
            "without": agreed([entry["without"] for entry in entries]),
            "needs_fit": all(entry["needs_fit"] for entry in entries),
        }
    return found


def agreed(conditions: list[dict[str, dict[str, dict[str, list[Any]]]]]) -> dict[str, dict[str, list[Any]]]:
    """The values with which a method is missing in every release that takes them."""
    result: dict[str, dict[str, list[Any]]] = {}
    for method, parameter in sorted({(one, name) for found in conditions for one in found for name in found[one]}):
        told = [found[method][parameter] for found in conditions if parameter in found.get(method, {})]
        there = [value for one in told for value in one["there"]]
        missing = [value for one in told for value in one["missing"] if value not in there]
        if missing and len(told) == len(conditions):
            result.setdefault(method, {})[parameter] = list(dict.fromkeys(missing))
    return result


def as_yaml(classes: dict[str, Entry], versions: list[str]) -> str:
    """The table as text, a line for each class."""
    lines = [
        "# Generated by tools/make_estimator_table.py, which says what is in it; do not edit.",
        *(f"# scikit-learn {version}" for version in versions),
    ]
    for name, entry in classes.items():
        parts = [f"methods: {json.dumps(entry['methods'])}"]
        parts += [f"without: {json.dumps(entry['without'])}"] if entry["without"] else []
        parts += ["needs_fit: true"] if entry["needs_fit"] else []
        lines.append(f"{name}: {{{', '.join(parts)}}}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
