"""Workflows, the action and the hooks: well formed, careful with what strangers send, and their scripts run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from iraq_coalition_data.cli import _parser
from iraq_coalition_data.package import shipped

ROOT = Path(str(shipped().root))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
pytestmark = pytest.mark.skipif(not WORKFLOWS, reason="an installed package carries no workflows")

_JOB = {"name", "needs", "if", "runs-on", "timeout-minutes", "permissions", "environment", "strategy", "steps"}
_STEP = {"name", "id", "if", "uses", "with", "run", "env", "shell"}


def read(path: Path) -> dict[Any, Any]:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    return read(path)["jobs"]


def steps(path: Path) -> list[dict[str, Any]]:
    if path.name == "action.yml":
        return read(path)["runs"]["steps"]
    return [step for job in jobs(path).values() for step in job["steps"]]


def script(path: Path, name: str) -> dict[str, Any]:
    return next(step for step in steps(path) if step.get("name") == name)


def workflow(name: str) -> Path:
    return ROOT / ".github" / "workflows" / f"{name}.yml"


EVERY = pytest.mark.parametrize("path", [*WORKFLOWS, ROOT / "action.yml"], ids=lambda path: path.name)


# Form


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_the_parts_that_it_needs(path: Path) -> None:
    document = read(path)
    # YAML 1.1 reads the key `on` as true.
    assert document.keys() - {"concurrency"} == {"name", True, "permissions", "jobs"}
    for name, job in document["jobs"].items():
        assert job.keys() <= _JOB, name
        assert isinstance(job["timeout-minutes"], int), name
        assert job["runs-on"] == "ubuntu-latest"
        for needed in [job["needs"]] if "needs" in job else []:
            assert needed in document["jobs"]


@EVERY
def test_a_step_either_uses_an_action_or_runs_a_script(path: Path) -> None:
    ids = [step["id"] for step in steps(path) if "id" in step]
    assert len(ids) == len(set(ids))
    for step in steps(path):
        assert step.keys() <= _STEP
        assert ("uses" in step) != ("run" in step)
        assert "with" not in step or "uses" in step


@EVERY
def test_every_script_is_one_that_bash_can_read(path: Path) -> None:
    for step in steps(path):
        if "run" in step:
            done = subprocess.run(["bash", "-n"], input=step["run"], capture_output=True, text=True, check=False)
            assert (done.returncode, done.stderr) == (0, "")


@EVERY
def test_every_icd_command_in_a_script_is_one_that_there_is(path: Path) -> None:
    for step in steps(path):
        for line in step.get("run", "").replace("\\\n", " ").splitlines():
            found = re.search(r'(?:^|/bin/)\s*icd"? (.*)|^\s*icd (.*)', line.strip())
            if found:
                command = re.split(r"[>|]|\$\(", found[1] or found[2])[0].replace('"${options[@]}"', "")
                _parser().parse_args([word.replace("$limit", "1") for word in shlex.split(command) if word != "--"])


# Care


@EVERY
def test_only_actions_of_github_itself_and_our_own_are_used(path: Path) -> None:
    for step in steps(path):
        assert "uses" not in step or re.fullmatch(r"actions/[a-z-]+@v[0-9]+|\./", step["uses"])


@EVERY
def test_no_script_takes_in_what_strangers_can_write(path: Path) -> None:
    """Values reach scripts as variables; in a script they would become part of the program."""
    for step in steps(path):
        assert "${{" not in step.get("run", "").replace("${{ matrix.", "")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_nothing_is_permitted_but_what_a_job_asks_for(path: Path) -> None:
    document = read(path)
    assert document["permissions"] in ({}, {"contents": "read"})
    for job in document["jobs"].values():
        checks_out = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout")]
        writes = "write" in job.get("permissions", {}).values()
        assert not (checks_out and writes), "a job that has code must not have the right to write"
        assert all(step["with"]["persist-credentials"] is False for step in checks_out)


def test_where_forks_start_a_run_their_code_is_never_there() -> None:
    document = read(workflow("data-diff"))
    assert document[True].keys() == {"pull_request_target"}
    checkouts = [step for step in steps(workflow("data-diff")) if step.get("uses", "").startswith("actions/checkout")]
    assert [step["with"]["ref"] for step in checkouts] == ["${{ github.event.pull_request.base.sha }}"]
    text = workflow("data-diff").read_text(encoding="utf-8")
    assert "git checkout" not in text
    assert "cache" not in text
    others = [path for path in WORKFLOWS if path != workflow("data-diff")]
    assert all("pull_request_target" not in path.read_text(encoding="utf-8") for path in others)
    (comment,) = [job for job in document["jobs"].values() if "write" in job["permissions"].values()]
    assert comment["permissions"] == {"pull-requests": "write"}
    scripts = " ".join(step.get("run", "") for step in comment["steps"])
    assert not re.search(r"\b(python|pip|git) ", scripts)
    assert [step["uses"] for step in comment["steps"] if "uses" in step] == ["actions/download-artifact@v4"]


def test_no_secret_is_used() -> None:
    for path in WORKFLOWS:
        assert "secrets." not in path.read_text(encoding="utf-8")


# Scripts at work


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put `icd` of this code, and a `gh` that writes down what it is asked, where scripts find them."""
    folder = tmp_path / "bin"
    folder.mkdir()
    _program(folder / "icd", f'exec {shlex.quote(sys.executable)} -m iraq_coalition_data.cli "$@"')
    asked, answer = tmp_path / "asked", tmp_path / "answer"
    _program(folder / "gh", f'echo "$*" >> {asked}\ncase "$*" in *--jq*) cat {answer} ;; esac')
    answer.write_text("", encoding="utf-8")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "a")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "a@example.org")
    return folder


def _program(path: Path, text: str) -> None:
    path.write_text(f"#!/usr/bin/env bash\n{text}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def run(step: dict[str, Any], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the script of a step as GitHub does."""
    options = ["-e", "-o", "pipefail"] if step.get("shell") == "bash" else ["-e"]
    return subprocess.run(
        ["bash", "--noprofile", "--norc", *options, "-c", step["run"]],
        cwd=folder,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, commands: Path) -> Path:
    """Return a clone of a repository of data."""
    origin = tmp_path / "origin"
    origin.mkdir()
    for part in ("data", "schemas"):
        shutil.copytree(ROOT / part, origin / part)
    shutil.copy(ROOT / "datapackage.json", origin)
    git(origin, "init", "--quiet", "--initial-branch", "main")
    git(origin, "add", ".")
    git(origin, "commit", "--quiet", "--message", "data")
    git(tmp_path, "clone", "--quiet", "origin", "clone")
    return tmp_path / "clone"


def propose(repository: Path, path: str, old: bytes, new: bytes) -> str:
    """Make pull request 7, which replaces bytes of one file, and return its commit."""
    origin = repository.parent / "origin"
    git(origin, "checkout", "--quiet", "-b", "fork")
    content = (origin / path).read_bytes()
    assert old in content
    (origin / path).write_bytes(content.replace(old, new, 1))
    git(origin, "commit", "--quiet", "--all", "--message", "proposed")
    commit = git(origin, "rev-parse", "HEAD")
    git(origin, "update-ref", "refs/pull/7/head", commit)
    git(origin, "checkout", "--quiet", "main")
    git(origin, "branch", "--quiet", "--delete", "--force", "fork")
    return commit


COMPARE = "Compare the data"
COMMENT = "Write the comment, or renew it"


def test_the_data_of_a_pull_request_are_compared(repository: Path) -> None:
    commit = propose(repository, "data/publishers.csv", b",Reuters,", b",Reuters <b>@all</b>,")
    done = run(script(workflow("data-diff"), COMPARE), repository, NUMBER="7", PROPOSED=commit)
    assert done.returncode == 0, done.stderr
    comment = (repository / "diff/comment.md").read_text(encoding="utf-8")
    assert comment.startswith("<!-- icd data diff -->\n")
    assert "pub-reuters" in comment
    assert "<b>" not in comment
    assert "@all" not in comment
    assert "&lt;b&gt;" in (repository / "diff/data-diff.html").read_text(encoding="utf-8")
    assert git(repository, "rev-parse", "HEAD") != commit


def test_data_that_cannot_be_read_are_said_to_be_so(repository: Path) -> None:
    commit = propose(repository, "data/publishers.csv", b"publisher_id,", b"@everyone,")
    done = run(script(workflow("data-diff"), COMPARE), repository, NUMBER="7", PROPOSED=commit)
    assert done.returncode == 0, done.stderr
    comment = (repository / "diff/comment.md").read_text(encoding="utf-8")
    assert "cannot be compared" in comment
    assert "@everyone" not in comment
    assert not (repository / "diff/data-diff.html").exists()


def test_a_change_of_everything_still_fits_a_comment(repository: Path) -> None:
    sources = repository / "data/sources.csv"
    header, *_ = sources.read_bytes().splitlines(keepends=True)
    propose(repository, "data/sources.csv", sources.read_bytes(), header)
    commit = git(repository.parent / "origin", "rev-parse", "refs/pull/7/head")
    assert run(script(workflow("data-diff"), COMPARE), repository, NUMBER="7", PROPOSED=commit).returncode == 0
    assert 1_000 < (repository / "diff/comment.md").stat().st_size < 60_000
    assert (repository / "diff/data-diff.html").stat().st_size > 60_000


def test_a_comment_is_written_once_and_then_renewed(tmp_path: Path, commands: Path) -> None:
    step = script(workflow("data-diff"), COMMENT)
    (tmp_path / "comment.md").write_text("text", encoding="utf-8")
    assert run(step, tmp_path, REPOSITORY="a/b", NUMBER="7").returncode == 0
    (tmp_path / "answer").write_text("41\n42\n", encoding="utf-8")
    assert run(step, tmp_path, REPOSITORY="a/b", NUMBER="7").returncode == 0
    writes = [line for line in (tmp_path / "asked").read_text(encoding="utf-8").splitlines() if "--method" in line]
    assert writes == [
        "api --silent --method POST repos/a/b/issues/7/comments -F body=@comment.md",
        "api --silent --method PATCH repos/a/b/issues/comments/41 -F body=@comment.md",
    ]


def test_a_release_needs_a_version_that_says_what_changed(repository: Path) -> None:
    step = script(workflow("release"), "The tag is the version, and the version says what changed")
    _program(repository.parent / "bin/python", f'exec {shlex.quote(sys.executable)} "$@"')
    tag = f"v{shipped().version}"
    assert run(step, repository, GITHUB_REF_NAME="v99.0.0").returncode != 0
    first = run(step, repository, GITHUB_REF_NAME=tag)
    assert first.returncode == 0, first.stderr
    assert (repository / "notes.md").read_text(encoding="utf-8") == "First release.\n"
    git(repository, "tag", "v0.0.1")
    path = repository / "data/publishers.csv"
    path.write_bytes(path.read_bytes().replace(b",Reuters,", b",Reuters News,", 1))
    git(repository, "commit", "--quiet", "--all", "--message", "data under the old number")
    shutil.rmtree(repository / "release")
    assert run(step, repository, GITHUB_REF_NAME=tag).returncode != 0
    assert "is still" in (repository / "notes.md").read_text(encoding="utf-8")


def test_the_action_validates_the_folder_that_it_is_given(repository: Path) -> None:
    step = script(ROOT / "action.yml", "Validate")
    tools = repository.parent / "icd" / "bin"
    tools.mkdir(parents=True)
    shutil.copy(repository.parent / "bin/icd", tools)
    variables = {"RUNNER_TEMP": str(repository.parent), "DATA": "clone", "FAIL_ON": "error", "CHANGED_SINCE": ""}
    good = run(step, repository.parent, **variables)
    assert good.returncode == 0, good.stdout + good.stderr
    path = repository / "data/publishers.csv"
    path.write_bytes(path.read_bytes().replace(b",wire,", b",wire_agncy,", 1).replace(b"pub-", b"pub-\xc2\xa0", 1))
    bad = run(step, repository.parent, **variables)
    assert bad.returncode == 1
    assert "::error file=" in bad.stdout
    assert run(step, repository.parent, **variables | {"FAIL_ON": "never; true"}).returncode == 2


def test_inputs_of_the_action_reach_its_script_as_variables() -> None:
    action = read(ROOT / "action.yml")
    used = script(ROOT / "action.yml", "Validate")["env"].values()
    assert sorted(used) == sorted(f"${{{{ inputs.{name} }}}}" for name in action["inputs"])
    assert action["runs"]["using"] == "composite"
    assert all(step.get("shell") == "bash" for step in steps(ROOT / "action.yml") if "run" in step)


def test_our_own_action_is_given_inputs_that_it_has() -> None:
    inputs = read(ROOT / "action.yml")["inputs"].keys()
    used = [step for path in WORKFLOWS for step in steps(path) if step.get("uses") == "./"]
    assert used
    for step in used:
        assert step["with"].keys() <= inputs


def test_the_hooks_run_commands_that_there_are() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    ids = [hook["id"] for hook in hooks]
    assert len(ids) == len(set(ids))
    for hook in hooks:
        assert hook.keys() == {"id", "name", "description", "entry", "language", "pass_filenames", "files"}
        program, *arguments = hook["entry"].split()
        assert program == "icd"
        _parser().parse_args(arguments)
        assert re.search(hook["files"], "data/events.csv")
        assert not re.search(hook["files"], "README.md")
        assert (hook["language"], hook["pass_filenames"]) == ("python", False)
