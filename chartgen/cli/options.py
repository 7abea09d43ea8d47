"""Options that several verbs share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from chartgen.cli import completing, output
from chartgen.names import is_namespace

if TYPE_CHECKING:
    from chartgen.chart.build import Built
    from chartgen.lifecycle.target import Place, Target
    from chartgen.service.model import ServiceSpec

Function = Callable[..., Any]
Decorator = Callable[[Function], Function]


def gather(function: Function, name: str, made: Callable[..., Any], *options: Decorator) -> Function:
    """Let a function take one object instead of the options that it is made of."""
    fields = [field for field in made.__annotations__ if field != "return"]

    @functools.wraps(function)
    def gathered(*args: Any, **kwargs: Any) -> Any:
        kwargs[name] = made(**{field: kwargs.pop(field) for field in fields})
        return function(*args, **kwargs)

    decorated: Function = gathered
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


@dataclass(frozen=True)
class ServiceArguments:
    """Which service file, and what changes it."""

    files: tuple[str, ...]
    set_: tuple[str, ...]
    set_string: tuple[str, ...]
    set_json: tuple[str, ...]
    set_file: tuple[str, ...]
    set_literal: tuple[str, ...]
    runtimes: str | None

    def load(self, version: str | None = None) -> ServiceSpec:
        """Read and check the service file.

        Args:
            version: The version that it is to have instead of its own.

        Raises:
            ServiceError: It cannot be read, or breaks a rule.
        """
        from chartgen.service.load import load
        from chartgen.service.overrides import Overrides

        overrides = Overrides(
            set=self.set_,
            set_string=self.set_string,
            set_json=self.set_json,
            set_file=self.set_file,
            set_literal=(*self.set_literal, *([f"version={version}"] if version else [])),
        )
        files: list[Path | Literal["-"]] = ["-" if name == "-" else Path(name) for name in self.files]
        return load(files, overrides, runtimes=Path(self.runtimes) if self.runtimes else None)

    def build(self, *, version: str | None = None, warn: bool = True) -> Built:
        """Make the chart of the service.

        Args:
            version: See `load`.
            warn: Tell what a person should know although nothing is wrong.

        Raises:
            ServiceError: The service file cannot be read, or breaks a rule.
            ModelError: The model file cannot be served as it is.
            ChartError: The chart cannot be made.
        """
        from chartgen.chart.build import build

        built = build(self.load(version))
        for warning in built.warnings if warn else ():
            output.warn(warning)
        return built


def service_options(function: Function) -> Function:
    """The service file and what changes it, as `arguments`."""
    return gather(
        function,
        "arguments",
        ServiceArguments,
        click.option(
            "-f",
            "--file",
            "files",
            multiple=True,
            metavar="FILE",
            default=("service.yaml",),
            type=click.Path(allow_dash=True),
            show_default=True,
            help="The service file; repeat it to merge files, the last one wins; - is standard input.",
        ),
        click.option("--set", "set_", multiple=True, metavar="KEY=VALUE", help="Change the service file (a.b=1,c=x)."),
        click.option("--set-string", multiple=True, metavar="KEY=TEXT", help="The same, always as text."),
        click.option("--set-json", multiple=True, metavar="KEY=JSON", help="The same, as JSON."),
        click.option("--set-file", multiple=True, metavar="KEY=PATH", help="The same, with a file's content as text."),
        click.option("--set-literal", multiple=True, metavar="KEY=TEXT", help="The same, taken as it is."),
        click.option(
            "--runtimes",
            metavar="DIR",
            type=click.Path(file_okay=False),
            help="A folder with serving runtimes of your own, which `runtime` may name too.",
        ),
    )


@dataclass(frozen=True)
class HelmArguments:
    """Which helm, which cluster, which namespace."""

    helm: str | None
    kubeconfig: str | None
    kube_context: str | None
    namespace: str | None

    def place(self, namespace: str | None = None) -> Place:
        """The cluster and namespace that were asked for.

        Args:
            namespace: The service file's; the command line and the environment go before it.
        """
        import os

        from chartgen.cluster.kubeconfig import current_namespace
        from chartgen.lifecycle.target import Place

        context = self.kube_context or os.environ.get("HELM_KUBECONTEXT") or None
        kubeconfig = Path(self.kubeconfig) if self.kubeconfig else None
        chosen = self.namespace or os.environ.get("HELM_NAMESPACE") or namespace
        chosen = chosen or current_namespace(kubeconfig, context)
        if not is_namespace(chosen):
            raise click.BadParameter(
                f"{chosen!r} cannot name a namespace: lower-case letters, digits and `-`, a letter or a digit at both "
                "ends, at most 63 characters",
                param_hint="--namespace",
            )
        return Place(chosen, kubeconfig, context)

    def target(self, namespace: str | None = None) -> Target:
        """The same, with what drives helm there.

        Args:
            namespace: See `place`.

        Raises:
            HelmNotFoundError: There is no helm.
        """
        from chartgen.cli.verb import command_log, debugging
        from chartgen.helm.client import HelmClient
        from chartgen.helm.find import find_helm
        from chartgen.helm.runner import SubprocessRunner
        from chartgen.lifecycle.target import Target

        place = self.place(namespace)
        helm = HelmClient(
            find_helm(self.helm),
            kubeconfig=place.kubeconfig,
            kube_context=place.kube_context,
            namespace=place.namespace,
            runner=SubprocessRunner(command_log()),
            debug=debugging(),
        )
        # Asked for here: the thread that watches the pods has no context to ask.
        return Target(place, helm, tell=(lambda _line: None) if output.is_quiet() else output.say, warn=output.warn)


def helm_options(function: Function) -> Function:
    """Which helm, which cluster, which namespace, as `where`."""
    return gather(
        function,
        "where",
        HelmArguments,
        click.option(
            "--helm",
            metavar="PATH",
            type=click.Path(),
            help="The helm program (else $CHARTGEN_HELM, PATH, $XDG_DATA_HOME/chartgen/bin).",
        ),
        click.option("--kubeconfig", metavar="PATH", type=click.Path(), help="The kubeconfig (else $KUBECONFIG)."),
        click.option(
            "--kube-context",
            metavar="NAME",
            shell_complete=completing.contexts,
            help="The context of the kubeconfig (else $HELM_KUBECONTEXT).",
        ),
        click.option(
            "-n",
            "--namespace",
            metavar="NAME",
            shell_complete=completing.namespaces,
            help="The namespace (else $HELM_NAMESPACE, the service file's, the kubeconfig's).",
        ),
    )


def output_option(*forms: str) -> Decorator:
    """`-o`: the form of the output, the first one being the default."""
    return click.option(
        "-o", "--output", type=click.Choice(forms), default=forms[0], show_default=True, help="The form of the output."
    )


def release_argument(function: Function) -> Function:
    """NAME: the release."""
    decorated: Function = click.argument("name", shell_complete=completing.releases)(function)
    return decorated
