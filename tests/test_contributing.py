"""What contributors rely on: the check of commit subjects, and the files that the guide names."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def check(tmp_path: Path, message: str) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "message"
    file.write_text(message)
    command = [str(ROOT / ".ci/check_commits"), "--message", str(file)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize(
    "message",
    [
        "lobby: Keep the seat while the page reloads\n\nThe reason: a reload takes a second.",
        "api, docs: Name the cursor",
        "lobby: " + "K" + "x" * 64,
        "Merge branch 'other'",
    ],
)
def test_subjects_that_name_an_area_are_accepted(tmp_path: Path, message: str) -> None:
    assert check(tmp_path, message).returncode == 0


@pytest.mark.parametrize(
    "message",
    [
        "Keep the seat",
        "lobby: keep the seat",
        "Lobby: Keep the seat",
        "lobby: Keep the seat.",
        "lobby:Keep the seat",
        "lobby: " + "K" + "x" * 65,
        "",
    ],
)
def test_other_subjects_are_refused_with_a_reason(tmp_path: Path, message: str) -> None:
    result = check(tmp_path, message or "\n")
    assert result.returncode == 1
    assert "is " in result.stderr


def test_the_guide_names_files_that_exist() -> None:
    named = re.findall(r"`([\w./]+/[\w./]*)`", (ROOT / "CONTRIBUTING.md").read_text())
    assert len(named) > 8
    assert [path for path in named if not (ROOT / path).exists()] == []
