"""What the README shows is what a user gets."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pandas as pd
import pytest

from iraq_coalition_data.package import shipped

README = Path(str(shipped().root)) / "README.md"
pytestmark = pytest.mark.skipif(not README.is_file(), reason="an installed package carries no README")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.S)


def test_the_python_examples_print_what_stands_below_them() -> None:
    if int(pd.__version__.split(".")[0]) < 3:
        pytest.skip("the README shows how pandas 3 prints missing text")
    code, shown = blocks("python"), blocks("text")
    assert code
    assert len(code) == len(shown)
    names: dict[str, object] = {}
    for source, expected in zip(code, shown, strict=True):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), pd.option_context("display.width", 120):
            exec(source, names)
        assert [line.rstrip() for line in printed.getvalue().splitlines()] == expected.splitlines()


def test_the_commands_are_those_of_the_command_line() -> None:
    from iraq_coalition_data.cli import _parser

    known = _parser().format_help()
    for block in blocks("sh"):
        for command in re.findall(r"^icd ([\w-]+)", block, re.M):
            assert f"    {command} " in known, command


def test_no_placeholder_is_left() -> None:
    assert "@@" not in README.read_text(encoding="utf-8")
