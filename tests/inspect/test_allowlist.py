from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from chartgen.inspect.allowlist import may_call, may_mention
from chartgen.inspect.picklevalues import Global

TOOL = Path(__file__).resolve().parents[2] / "tools" / "make_pickle_allowlist.py"

# Names that execute text, import by name, reach attributes by name, open files or start processes.
DANGEROUS = """
    builtins.eval builtins.exec builtins.compile builtins.open builtins.__import__ builtins.getattr builtins.setattr
    builtins.map builtins.type builtins.vars builtins.globals builtins.super builtins.memoryview builtins.input
    os.system posix.system nt.system subprocess.Popen pty.spawn runpy.run_path importlib.import_module
    operator.attrgetter operator.itemgetter operator.methodcaller functools.partial functools.reduce
    types.FunctionType types.CodeType types.MethodType copyreg.add_extension copyreg.__newobj_ex__ _codecs.decode
    codecs.open io.open _io.open pickle.loads _pickle.loads marshal.loads shelve.open timeit.timeit code.interact
    numpy.load numpy.save numpy.fromfile numpy.loadtxt numpy.genfromtxt numpy.frompyfunc numpy.vectorize
    numpy.testing.runstring numpy.testing._private.utils.runstring numpy.core._ufunc_reconstruct
    numpy._core._ufunc_reconstruct numpy.distutils.exec_command.exec_command numpy.f2py.compile
    scipy.stats._distn_infrastructure.rv_frozen scipy.stats._continuous_distns.uniform_gen scipy.io.loadmat
    scipy.optimize._nonlin.broyden1 joblib.load joblib.numpy_pickle.load joblib.memory.Memory joblib.parallel.Parallel
    joblib.numpy_pickle_compat.NDArrayWrapper sklearn.datasets._base.load_files sklearn.utils._set_output.check_library_installed
    sklearn.tree._export.export_graphviz sklearn.utils.parallel.Parallel sklearn.metrics._scorer.get_scorer
    cloudpickle.cloudpickle._make_function cloudpickle.cloudpickle.subimport
""".split()  # noqa: E501, SIM905 - a list of names


@pytest.mark.parametrize("name", DANGEROUS)
def test_a_name_that_runs_text_imports_or_opens_is_not_on_the_list(name: str) -> None:
    assert not may_mention(Global(*name.rsplit(".", 1)))


def test_a_function_of_arrays_may_be_held_but_not_called() -> None:
    for name in ("numpy.log1p", "sklearn.metrics._classification.accuracy_score"):
        found = Global(*name.rsplit(".", 1))
        assert may_mention(found)
        assert not may_call(found)


def test_older_releases_of_the_libraries_are_covered() -> None:
    for name in (
        "sklearn.linear_model._sgd_fast.SquaredHinge",
        "sklearn.linear_model._sgd_fast.Hinge",
        "sklearn._loss._loss.CyHalfBinomialLoss",
        "_loss.CyHalfBinomialLoss",
        "numpy.core.multiarray._reconstruct",
        "scipy.sparse.csr.csr_matrix",
    ):
        assert may_call(Global(*name.rsplit(".", 1))), name


def test_the_list_covers_the_installed_libraries() -> None:
    done = subprocess.run([sys.executable, TOOL, "--collect"], stdout=subprocess.PIPE, check=True)
    found = json.loads(done.stdout)
    missing = [pair for pair in found["called"] if not may_call(Global(*pair))]
    missing += [pair for pair in found["mentioned"] if not may_mention(Global(*pair))]
    assert not missing, "run tools/make_pickle_allowlist.py"
