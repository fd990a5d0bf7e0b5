"""The files of the project agree with each other."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from PIL import Image

from wmcourse.zoo.registry import chapters

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DIRECT = [
    Requirement(line)
    for group in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    for line in group
]
LINES = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if line and not line.startswith("#")]


def test_requirements_are_exact_pins_and_nothing_else():
    assert [line for line in LINES if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line)] == []
    assert "torch==2.13.0" in LINES


@pytest.mark.parametrize("direct", DIRECT, ids=lambda requirement: requirement.name)
def test_each_dependency_is_pinned_within_its_bounds(direct: Requirement):
    pins = dict(line.split("==") for line in LINES)
    versions = {canonicalize_name(name): version for name, version in pins.items()}
    assert direct.specifier.contains(versions[canonicalize_name(direct.name)], prereleases=True)


def test_the_contents_list_every_chapter_and_its_exercises():
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text())
    assert contents["root"] == "book/index"
    listed = {}
    for part in contents["parts"]:
        for chapter in part["chapters"]:
            listed[chapter["file"]] = [section["file"] for section in chapter.get("sections", [])]
    sources = sorted(f"book/{path.stem}" for path in (ROOT / "sources" / "book").glob("*.md"))
    assert sorted([contents["root"], *listed]) == sources
    for path in (ROOT / "sources" / "solutions").glob("*.md"):
        assert f"exercises/{path.stem}" in listed[f"book/{path.stem}"]


def test_each_chapter_has_its_number_in_its_title_and_a_picture_and_a_sentence_on_the_map():
    for chapter in chapters():
        for source in (ROOT / "sources").glob(f"*/{chapter.stem}.md"):
            title = next(line for line in source.read_text().splitlines() if line.startswith("# "))
            assert title.startswith(f"# {chapter.number:02d} "), source
        assert "<title>" in (ROOT / "book" / "_static" / "cards" / f"{chapter.stem}.svg").read_text()
        assert chapter.summary.endswith(".")


def test_the_readme_opens_with_a_moving_picture_under_one_megabyte():
    (first, *_) = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", (ROOT / "README.md").read_text())
    assert (ROOT / first).stat().st_size < 1_000_000
    assert Image.open(ROOT / first).n_frames > 20


def test_links_between_the_papers_of_the_project_lead_somewhere():
    for paper in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / paper).read_text()):
            assert target.startswith("https://") or (ROOT / target).exists(), f"{paper} links to {target}"
