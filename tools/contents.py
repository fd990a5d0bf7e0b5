"""Write the lists of chapters where readers look for them, from the chapters' own tables: `contents.py [--check]`.

README.md and sources/book/index.md: between `<!-- chapters -->` and `<!-- /chapters -->`. _toc.yml: all of it.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from wmcourse.chapter import PLAN, Chapter
from wmcourse.zoo.registry import chapters

ROOT = Path(__file__).resolve().parent.parent
LIST = re.compile(r"(<!-- chapters -->\n).*?(<!-- /chapters -->)", re.DOTALL)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; with `--check` nothing is written, and the exit status is 1 if something would be."""
    parser = argparse.ArgumentParser(prog="contents.py", description="Write the lists of chapters from their tables.")
    parser.add_argument("--check", action="store_true", help="only say which list is not what the tables say")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository")
    options = parser.parse_args(arguments)
    stale = list(outdated(options.root, chapters()))
    for path, text in stale:
        if options.check:
            print(
                f"{path.name}: its list of chapters is not what their tables say; run `make contents`", file=sys.stderr
            )
        else:
            path.write_text(text)
            print(f"wrote {path.name}")
    return int(options.check and bool(stale))


def outdated(root: Path, tables: list[Chapter]) -> Iterator[tuple[Path, str]]:
    """Each file whose list differs from the chapters' tables, with the text it should have."""
    writers: dict[str, Callable[[list[Chapter]], str]] = {"README.md": readme, "sources/book/index.md": index}
    for name, write in writers.items():
        path = root / name
        text = LIST.sub(lambda found, write=write: found[1] + write(tables) + found[2], path.read_text())  # type: ignore[misc]
        if text != path.read_text():
            yield path, text
    path = root / "_toc.yml"
    if toc(root, tables) != path.read_text():
        yield path, toc(root, tables)


def readme(tables: list[Chapter]) -> str:
    """Parts, chapters, and links to those that are there."""
    rows = ["| part | chapters | there now |", "| --- | --- | --- |"]
    for part, plan in PLAN.items():
        links = [f"[{c.number:02d} {c.title}](book/{c.stem}.ipynb)" for c in tables if c.part == part]
        rows.append(f"| {part} | {' · '.join(names(part, plan, tables))} | {' · '.join(links)} |".replace("  ", " "))
    return "\n".join(rows) + "\n"


def index(tables: list[Chapter]) -> str:
    """The map of the book: a card with a picture for each chapter that is there, and the names of those to come."""
    lines = []
    for part, plan in PLAN.items():
        there = [chapter for chapter in tables if chapter.part == part]
        to_come = [name for name in names(part, plan, tables) if name[:2] not in {f"{c.number:02d}" for c in there}]
        lines += [f"**{part}**", ""]
        if there:
            pictures = [f"[![{c.title}](_static/cards/{c.stem}.svg)]({c.stem}.ipynb)" for c in there]
            words = [f"**[{c.number:02d} {c.title}]({c.stem}.ipynb)**<br>{c.summary}" for c in there]
            rows = (pictures, [":---"] * len(there), words)
            lines += [*(f"| {' | '.join(row)} |" for row in rows), ""]
        if to_come:
            lines += [f"To come: {' · '.join(to_come)}", ""]
    return "\n".join(["", *lines])


def names(part: str, plan: tuple[str, ...], tables: list[Chapter]) -> list[str]:
    """The chapters of a part, planned or not."""
    planned = {name[:2] for name in plan}
    others = [f"{c.number:02d} {c.title}" for c in tables if c.part == part and f"{c.number:02d}" not in planned]
    return sorted([*plan, *others])


def toc(root: Path, tables: list[Chapter]) -> str:
    """The table of contents for Jupyter Book: an exercise page is a section of its chapter."""
    lines = ["format: jb-book", "root: book/index", "parts:"]
    for part in PLAN:
        inside = [chapter for chapter in tables if chapter.part == part]
        if inside:
            lines += [f"  - caption: {part}", "    chapters:"]
        for chapter in inside:
            lines.append(f"      - file: book/{chapter.stem}")
            if chapter.exercises:
                lines += ["        sections:", f"          - file: exercises/{chapter.stem}"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
