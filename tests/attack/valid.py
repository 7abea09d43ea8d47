"""Service files that are valid by construction: what the schema lets stand, made by walking it."""

from __future__ import annotations

import hashlib
import json
import shutil
from typing import TYPE_CHECKING, Any

from chartgen.service.node import is_written
from chartgen.service.vocabulary import schema
from tests.attack.fields import Path, Pattern, free_keys, keys, long_form, required, resolved, short_form, types
from tests.attack.strings import CARRIED, HOSTILE, NAMES
from tests.helpers import ONNX_MODEL, PICKLE_MODEL

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path as File

ONNX_FILES = ("digits.onnx", "./digits.onnx", "a folder/dïgits 😀.onnx")
PICKLE_FILES = ("iris.pkl", "./a folder/../iris.pkl")
HANDLERS = ("handler.py", "a folder/handler.py")
HANDLER = "def preprocess(value):\n    return value\n"
SAMPLES = {"onnx": [0.5] * 64, "pickle": [5.1, 3.5, 1.4, 0.2]}

DIGESTS = {
    name: hashlib.sha256(path.read_bytes()).hexdigest()
    for name, path in (("onnx", ONNX_MODEL), ("pickle", PICKLE_MODEL))
}

WORDS = ("a", "models", "team-a", "x1", "0", "no", "on", "y", "null", "1e3", "007", "a" * 40)
SUBDOMAINS = (*WORDS, "a.b", "registry.example.com", "1.2.3")
DATA_KEYS = ("token", "a.b", "_", "A-b", "404", ".x")
LABEL_VALUES = (*WORDS, "A_b.c", "Y", "2020-01-01", "1.10", "", "0x1F", "a" * 63)
REQUIRED, PREFERRED = (f"{word}DuringSchedulingIgnoredDuringExecution" for word in ("required", "preferred"))
LABEL_KEYS = ("team", "A_b", "example.com/team", "1e3", "no", "a.b/c.d", "Y")


def lay_out(folder: File) -> File:
    """The files that the service files name."""
    (folder / "a folder").mkdir(parents=True)
    for file, source in [(name, ONNX_MODEL) for name in ONNX_FILES[1:]] + [("iris.pkl", PICKLE_MODEL)]:
        shutil.copy(source, folder / file)
    for handler in HANDLERS:
        (folder / handler).write_text(HANDLER)
    (folder / "requirements.txt").write_text("# nothing yet\n")
    (folder / "broken.py").write_text("def preprocess(value:\n")
    (folder / "nothing.py").write_text("x = 1\n")
    return folder


class Maker:
    """Makes one document.

    Args:
        rng: What chooses.
    """

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def document(self) -> dict[str, Any]:
        """A whole service file."""
        self.format = self.rng.choice(["onnx", "pickle"])
        self.fullness = self.rng.choice([0.15, 0.5, 0.9])
        made: dict[str, Any] = self.value(schema(), ())
        wants_sample = made.pop("sample", None) is not None
        uses_handler = isinstance(made.get("runtime"), dict) and "handler" in made["runtime"]
        if wants_sample or self.format == "pickle":
            made["sample"] = self.sample(any_input=uses_handler)
        kept_rules(made)
        return made

    def value(self, part: dict[str, Any], pattern: Pattern) -> Any:
        """A value for a place."""
        part = resolved(part)
        if pattern in SPECIAL:
            return SPECIAL[pattern](self)
        if "enum" in part:
            return self.rng.choice([item for item in part["enum"] if item not in part.get("x-chartgen-planned", [])])
        kinds = types(part)
        if "object" in kinds and (len(kinds) == 1 or self.rng.random() < 0.5):
            return self._mapping(long_form(part), pattern)
        short = short_form(part)
        if short is not part:
            return self.value({key: item for key, item in short.items() if key not in {"then", "else", "if"}}, pattern)
        if kinds == ["array"]:
            shown = [item for example in part.get("examples", []) for item in example]
            made = [self._item(part, (*pattern, "[]"), shown) for _ in range(self.rng.randint(0, 2))]
            return made or [self._item(part, (*pattern, "[]"), shown)] * part.get("minItems", 0)
        return self._scalar(part, [kind for kind in kinds if kind != "object"])

    def _item(self, part: dict[str, Any], pattern: Pattern, shown: list[Any]) -> Any:
        if pattern not in SPECIAL and shown and "string" in types(resolved(part["items"])):
            return self.rng.choice(shown)
        return self.value(part["items"], pattern)

    def _scalar(self, part: dict[str, Any], kinds: list[str]) -> Any:
        shown = [item for item in [*part.get("examples", []), part.get("default")] if item not in (None, {}, [])]
        shown = [item for item in shown if not isinstance(item, dict)]
        if kinds == ["boolean"]:
            return self.rng.random() < 0.5
        if kinds == ["integer"] and "minimum" in part:
            return self.rng.choice([part["minimum"], part["minimum"] + 1, min(part.get("maximum", 300), 300)])
        return self.rng.choice(shown) if shown else "text"

    def _mapping(self, part: dict[str, Any], pattern: Pattern) -> dict[str, Any]:
        known = keys(part)
        chosen = [key for key in known if key in required(part) or self.rng.random() < self.fullness]
        self.rng.shuffle(chosen)
        made = {key: self.value(known[key], (*pattern, key)) for key in chosen}
        free = free_keys(part)
        if free is not None:
            made |= {f"k{n}": self.value(free, (*pattern, "*")) for n in range(self.rng.randint(0, 2))}
        return made

    def one(self, *choices: Any) -> Any:
        """One of them."""
        return self.rng.choice(choices)

    def text(self) -> str:
        """Any text that is not empty."""
        return self.rng.choice([text for text in HOSTILE if text] + ["info"] * 50)

    def some(self, names: tuple[str, ...], value: Callable[[], Any]) -> dict[str, Any]:
        """A mapping of up to three of these keys."""
        return {name: value() for name in self.rng.sample(names, self.rng.randint(0, 3))}

    def model(self) -> Any:
        """The model, of the format that this document has."""
        file = self.one(*(ONNX_FILES if self.format == "onnx" else PICKLE_FILES))
        if self.rng.random() < 0.4:
            return file
        made = self._mapping(long_form(resolved(schema()["properties"]["model"])), ("model",))
        made["file"] = file
        for key, value in {
            "format": self.format,
            "method": "predict" if self.format == "onnx" else self.one("predict", "predict_proba"),
            "sha256": self.one(DIGESTS[self.format], DIGESTS[self.format].upper()),
            "version": self.one("2.1.0", "2024-05", "1e3", "no", "007", "a" * 63),
        }.items():
            made.update({key: value} if key in made else {})
        return made

    def quantity(self, choices: tuple[Any, ...]) -> Any:
        """A quantity, or its request and limit; the choices are in rising order."""
        index = self.rng.randrange(len(choices))
        if self.rng.random() < 0.5:
            return choices[index]
        made = {"request": choices[index], "limit": self.one(*choices[index:])}
        return {key: made[key] for key in self.rng.sample(sorted(made), self.rng.randint(1, 2))}

    def sample(self, *, any_input: bool) -> Any:
        """A recorded request; only a handler takes anything at all."""
        value = self.one([self.text(), None, {self.text(): [1e-7, True]}], SAMPLES[self.format]) if any_input else None
        value = SAMPLES[self.format] if value is None else value
        if self.rng.random() < 0.4:
            return value
        return {"input": value} | self.one(
            {}, {"output": None}, {"output": [0]}, {"output": {self.text(): 1}}, {"tolerance": 0.5}
        )

    def toleration(self) -> dict[str, Any]:
        """A complete toleration."""
        made = self.one({"operator": "Exists"}, {"key": self.one(*LABEL_KEYS)}, {"key": "a", "operator": "Exists"})
        if made.get("operator") != "Exists":
            made = {**made, "value": self.one(*LABEL_VALUES)}
        made |= self.one(
            {}, {"effect": "NoSchedule"}, {"effect": "NoExecute"}, {"effect": "NoExecute", "tolerationSeconds": 300}
        )
        return made

    def affinity(self) -> dict[str, Any]:
        """Affinity rules, with every key that they may have."""
        expression = {"key": self.one(*LABEL_KEYS), "operator": "In", "values": [self.one(*filter(None, LABEL_VALUES))]}
        labels = {"matchLabels": {"team": "a"}, "matchExpressions": [expression]}
        node = {
            "matchExpressions": [expression],
            "matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-1"]}],
        }
        pods = {"labelSelector": labels, "topologyKey": "kubernetes.io/hostname", "namespaceSelector": labels}
        pods |= self.one({}, {"namespaces": ["models", "1e3"], "matchLabelKeys": ["app"], "mismatchLabelKeys": ["x"]})
        beside = {REQUIRED: [pods], PREFERRED: [{"weight": self.one(1, 100), "podAffinityTerm": pods}]}
        nodes = {REQUIRED: {"nodeSelectorTerms": [node]}, PREFERRED: [{"weight": 1, "preference": node}]}
        return self.one(
            {}, {"nodeAffinity": nodes}, {"podAffinity": beside}, {"podAntiAffinity": beside, "nodeAffinity": {}}
        )

    def variable(self) -> Any:
        """A value of an environment variable."""
        kind = self.one("text", "text", "text", "number", "secretKeyRef", "configMapKeyRef")
        if kind == "text":
            return self.one(*HOSTILE)
        if kind == "number":
            return self.one(1, 0.5, True, False, 10**20, -3)
        reference = {"name": self.one(*SUBDOMAINS), "key": self.one(*DATA_KEYS)} | self.one({}, {"optional": True})
        return {kind: reference}


def kept_rules(document: dict[str, Any]) -> None:
    """Mends what would break a rule across fields."""
    hpa, ingress = document.get("hpa", {}), document.get("ingress", {})
    if hpa.get("minReplicas", 1) > hpa.get("maxReplicas", 3):
        hpa["maxReplicas"] = hpa["minReplicas"]
    if not hpa.get("targetCPU", 70) and not hpa.get("targetMemory"):
        hpa["targetCPU"] = 1
    spread = document.get("pod", {}).get("topologySpreadConstraints", [])
    for number, constraint in enumerate(spread):
        constraint["topologyKey"] += f"-{number}"
        if constraint["whenUnsatisfiable"] != "DoNotSchedule":
            constraint.pop("minDomains", None)
        if constraint.get("matchLabelKeys"):
            constraint.setdefault("labelSelector", {"matchLabels": {"team": "a"}})
    if ingress.get("enabled"):
        ingress.setdefault("host", "models.example.com")


CPUS = ("1m", 0.25, "0.5", "500m", 1, "1.5", "2", "1k")
MEMORIES = ("64M", "64Mi", "128Mi", 200_000_000, "0.5Gi", "1e9", "1Gi", "4Gi")

SPECIAL: dict[Pattern, Callable[[Maker], Any]] = {
    ("name",): lambda at: at.one("iris", "a", "no", "on", "y", "null", "x" * 53, "e3"),
    ("namespace",): lambda at: at.one("models", "1e3", "0", "no", "a" * 63),
    ("version",): lambda at: at.one("1.2.0", "0.0.0", "1.2.0-rc.1", "1.0.0-1e3"),
    ("description",): lambda at: at.text(),
    ("model",): lambda at: at.model(),
    # What asks for a package needs a lock file, which tests/pins tries.
    ("runtime", "requirements"): lambda at: at.one([], "requirements.txt"),
    ("runtime", "handler"): lambda at: at.one(*HANDLERS),
    ("runtime", "image"): lambda at: at.one("python:3.11-slim", "r.example.com:5000/a/b", "a/b@sha256:" + "0a" * 32),
    ("runtime", "packages", "noProxy"): lambda at: at.one(*filter(None, CARRIED)),
    ("cpu",): lambda at: at.quantity(CPUS),
    ("memory",): lambda at: at.quantity(MEMORIES),
    ("env",): lambda at: at.some(NAMES, at.variable),
    ("pod", "labels"): lambda at: at.some(LABEL_KEYS, lambda: at.one(*LABEL_VALUES)),
    **{
        (owner, "annotations"): lambda at: at.some((*LABEL_KEYS, "Example.COM/x"), lambda: at.one(*CARRIED))
        for owner in ("pod", "service", "ingress")
    },
    ("ingress", "host"): lambda at: at.one("a", "*.a.b", "models.example.com", "1e3.no", "0.a", "a." * 100 + "b"),
    ("ingress", "path"): lambda at: at.one("/", "/models/iris", "/~a/b-c_d.e", "/1e3", "/...", "/.a/" + "b" * 200),
    ("ingress", "className"): lambda at: at.one(*SUBDOMAINS),
    ("ingress", "tls"): lambda at: at.one(True, False, {"secretName": at.one(*SUBDOMAINS)}),
    ("pod", "nodeSelector"): lambda at: at.some(LABEL_KEYS, lambda: at.one(*LABEL_VALUES)),
    ("pod", "tolerations", "[]"): lambda at: at.toleration(),
    ("pod", "priorityClassName"): lambda at: at.one(*SUBDOMAINS),
    ("pod", "runtimeClassName"): lambda at: at.one(*SUBDOMAINS),
    ("pod", "imagePullSecrets", "[]"): lambda at: at.one(*SUBDOMAINS),
    ("pod", "affinity"): lambda at: at.affinity(),
}


def as_read(value: Any, path: Path = ()) -> Any:
    """What a document reads as: where text is taken as it is written, numbers are text."""
    if isinstance(value, dict):
        return {key: as_read(item, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [as_read(item, (*path, index)) for index, item in enumerate(value)]
    return json.dumps(value) if is_written(path) and not isinstance(value, str) else value


def valid(rng: random.Random) -> dict[str, Any]:
    """One valid document."""
    return Maker(rng).document()
