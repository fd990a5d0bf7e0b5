"""Begin a chapter: `scaffold.py 16_diffusion_world_models` (`make chapter NAME=16_diffusion_world_models`).

Writes its table, its two sources, an exercise with a check that passes, and answers for the test of all exercises;
then the lists of chapters. Nothing that exists is overwritten. `notebooks.py execute NAME` makes the notebooks.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from wmcourse.chapter import PARTS, PLAN

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = Path(__file__).parent / "template"
NAME = re.compile(r"(\d\d)_([a-z][a-z0-9]*(?:_[a-z0-9]+)*)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 1 if the name is no chapter's or the chapter is there already."""
    parser = argparse.ArgumentParser(prog="scaffold.py", description="Begin a chapter.")
    parser.add_argument("name", metavar="NAME", help="number and topic, such as 16_diffusion_world_models")
    parser.add_argument("--part", choices=PARTS, help="for a chapter that the plan does not name")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository")
    options = parser.parse_args(arguments)
    match = NAME.fullmatch(options.name)
    if match is None:
        print(f"{options.name!r} is no chapter's name: two digits and words, as 16_diffusion_models", file=sys.stderr)
        return 1
    number, topic = match.groups()
    part = next((part for part, plan in PLAN.items() if any(name[:2] == number for name in plan)), options.part)
    if part is None:
        print(f"the plan has no chapter {number}: say which part it belongs to, with --part", file=sys.stderr)
        return 1
    texts = files(int(number), topic, part)
    if there := [name for name in texts if (options.root / name).exists()]:
        print(f"{there[0]} is there already: nothing was written", file=sys.stderr)
        return 1
    for name, text in texts.items():
        path = options.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        print(f"wrote {name}")
    contents = [sys.executable, str(options.root / "tools" / "contents.py")]  # a process that sees the new table
    return subprocess.run(contents, cwd=options.root, check=False).returncode


def files(number: int, topic: str, part: str) -> dict[str, str]:
    """Every file of a new chapter, by its path: those of `template/`, with the words between two @ filled in."""
    words = {
        "number": str(number),
        "nn": f"{number:02d}",
        "topic": topic,
        "title": topic.replace("_", " ").capitalize(),
        "part": part,
        "stem": f"{number:02d}_{topic}",
    }

    def fill(text: str) -> str:
        for word, value in words.items():
            text = text.replace(f"@{word}@", value)
        return text

    paths = sorted(TEMPLATE.rglob("*.in"))
    return {fill(str(path.relative_to(TEMPLATE).with_suffix(""))): fill(path.read_text()) for path in paths}


if __name__ == "__main__":
    sys.exit(main())
