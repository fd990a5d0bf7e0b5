"""The command line: wmcourse list | train | evaluate | check | study."""

import argparse
import io
import json
import math
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, NoReturn

from wmcourse.errors import CourseError

INTERRUPTED = 130
USER_ERROR = 2
TRAINED = Path("trained")
"""Where `wmcourse train` writes, unless it is told otherwise."""
OWN = f"a folder of models that you trained, such as {TRAINED} (default: the shipped models)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 not (all) right, 2 wrong usage, 130 interrupted."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # for torch and NumPy: two wait for each other
    try:
        if words[:1] == ["train"]:
            return _train(words[1:])
        options = _parser().parse_args(words)
        return int(options.run(options))
    except CourseError as error:
        print(f"wmcourse: {error}", file=sys.stderr)
        return USER_ERROR
    except KeyboardInterrupt:
        print("wmcourse: interrupted", file=sys.stderr)
        return INTERRUPTED


class _Parser(argparse.ArgumentParser):
    """Reports a wrong call in one line."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message} (see {self.prog} --help)", file=sys.stderr)
        raise SystemExit(USER_ERROR)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="wmcourse", description="World Models, Hands On: train, measure and check from a terminal.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    listing = commands.add_parser("list", help="the models, with their measured quality")
    listing.add_argument("--json", action="store_true", help="print the manifests as JSON")
    listing.add_argument("--weights-dir", type=Path, metavar="DIR", help=OWN)
    listing.set_defaults(run=_list)

    commands.add_parser("train", help="train a model from nothing: wmcourse train NAME [options] (--help lists them)")

    evaluate = commands.add_parser("evaluate", help="measure a model again, on seeds of your choice")
    evaluate.add_argument("name", metavar="NAME", help="a model that `wmcourse list` shows")
    evaluate.add_argument("--episodes", type=_count, default=20, help="real episodes to measure on (default: 20)")
    evaluate.add_argument("--seed", type=_seed, default=0, help="of the environment, any integer >= 0 (default: 0)")
    evaluate.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    evaluate.add_argument("--weights-dir", type=Path, metavar="DIR", help=OWN)
    evaluate.set_defaults(run=_evaluate)

    check = commands.add_parser(
        "check",
        help="how far you are in the exercises",
        epilog="The exit status is 0 when every exercise is done, else 1.",
    )
    check.add_argument("topic", nargs="?", metavar="TOPIC", help="such as 09_dreamer, dreamer or 9 (default: all)")
    check.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    check.add_argument(
        "--exercises", type=Path, metavar="DIR", help="the folder of your notebooks (default: exercises)"
    )
    check.add_argument("--timeout", type=_count, default=60, metavar="S", help="seconds a cell may run (default: 60)")
    check.set_defaults(run=_check)

    study = commands.add_parser("study", help="repeat a measurement too slow for a chapter")
    study.add_argument("name", metavar="NAME")
    study.set_defaults(run=_study)
    return parser


def _list(options: argparse.Namespace) -> int:
    with _stdout_to_stderr():
        from wmcourse.zoo import list_models
        from wmcourse.zoo.command import making_command
        from wmcourse.zoo.plain import to_plain

        manifests = list_models(directory=options.weights_dir)
    if options.json:
        print(json.dumps([to_plain(manifest) | {"trained": manifest.trained} for manifest in manifests], indent=2))
        return 0
    width = max((len(manifest.name) for manifest in manifests), default=0)
    for manifest in manifests:
        if manifest.headline_metric:
            state = f"{manifest.headline} {manifest.headline_metric}"
        elif manifest.trained:
            state = "not measured"
        else:
            state = f"not trained yet: {making_command(manifest.name, options.weights_dir)}"
        print(f"{manifest.name:<{width}}  {state}\n{'':<{width}}  {manifest.description}")
    return 0


def _train(words: list[str]) -> int:
    from wmcourse.zoo import model_names, recipe
    from wmcourse.zoo.weights import WEIGHTS, load_manifest, model_path

    if words[:1] in (["-h"], ["--help"]):
        print(f"usage: wmcourse train NAME [options]\n\nNAME is one of: {', '.join(sorted(model_names()))}")
        print("`wmcourse train NAME --help` lists the options of that model's recipe.")
        return 0
    if not words or words[0].startswith("-"):
        raise CourseError("the model's name comes first: wmcourse train NAME [options]")
    name = words[0]
    source = recipe(name)
    config, folder = _training_options(name, source, words[1:])
    directory = WEIGHTS if folder is None else folder
    _expect_writable(directory)
    path = model_path(name, directory)
    before = path.read_bytes() if path.is_file() else None
    try:
        source.make(directory, config)
    except KeyboardInterrupt:
        if not path.is_file():
            state = "nothing was saved"
        elif path.read_bytes() == before:
            state = "the old weights are unchanged"
        else:
            measured = load_manifest(name, directory=directory).metrics
            state = f"the training is kept in {path}, {'and' if measured else 'but not'} measured"
        print(f"\nwmcourse: interrupted; {state}", file=sys.stderr)
        return INTERRUPTED
    where = "" if folder is None else f', directory="{folder}"'
    print(f'load it with: wmcourse.load("{name}"{where})')
    return 0


def _training_options(name: str, source: Any, words: list[str]) -> tuple[Any, Path | None]:
    """The recipe's configuration, every field of which is an option; and where to write to, None for the package."""
    import tyro

    kind: Any = Annotated[type(source.config), tyro.conf.arg(name="")]
    where: Any = Annotated[Path | None, tyro.conf.arg(help=f"folder to write the model to, instead of {TRAINED}")]
    replace: Any = Annotated[
        bool, tyro.conf.FlagCreatePairsOff, tyro.conf.arg(help="replace the model that ships with the package")
    ]

    def options(config: kind = source.config, output_dir: where = None, replace_shipped: replace = False) -> Any:
        return config, output_dir, replace_shipped

    complaints = io.StringIO()
    try:
        with redirect_stderr(complaints):
            config, folder, shipped = tyro.cli(
                options, prog=f"wmcourse train {name}", description=source.description, args=words
            )
    except SystemExit as stop:
        if not stop.code:
            raise
        raise CourseError(_one_line(complaints.getvalue())) from None
    except ValueError as error:  # a Config that rejects its values
        raise CourseError(f"wmcourse train {name}: {error}") from None
    if shipped and folder:
        raise CourseError("--replace-shipped and --output-dir name two places to write to: choose one of them")
    return config, None if shipped else folder or TRAINED


def _one_line(box: str) -> str:
    """What tyro says in a box, of Unicode or of ASCII lines, in one line without its title."""
    lines = [line.strip("│| ") for line in box.splitlines()[1:]]
    return " ".join(line for line in lines if line.strip("─-+╭╮╰╯"))


def _expect_writable(folder: Path) -> None:
    """Better to know before the training than after it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CourseError(f"cannot make the folder {folder}: {error.strerror}") from None
    if not os.access(folder, os.W_OK):
        raise CourseError(f"cannot write in {folder}: choose another folder with --output-dir")


def _evaluate(options: argparse.Namespace) -> int:
    with _stdout_to_stderr():
        from wmcourse.zoo import load, recipe

        source = recipe(options.name)
        module = load(options.name, directory=options.weights_dir)
        metrics = source.measure(module, episodes=options.episodes, seed=options.seed)
    for metric, interval in metrics.items():
        if not all(math.isfinite(bound) for bound in interval):
            print(f"wmcourse: {metric} could not be measured: {tuple(interval)}", file=sys.stderr)
            return 1
    if not options.json:
        width = max(map(len, metrics))
        for metric, interval in metrics.items():
            print(f"{metric:<{width}}  {interval}")
        print(f"{options.episodes} episodes, seed {options.seed}: {source.protocol}")
        return 0
    report = {
        "model": options.name,
        "protocol": source.protocol,
        "seed": options.seed,
        "episodes": options.episodes,
        "metrics": {
            metric: {bound: float(value) for bound, value in zip(("value", "low", "high"), interval, strict=True)}
            for metric, interval in metrics.items()
        },
    }
    print(json.dumps(report, indent=2, allow_nan=False))
    return 0


def _check(options: argparse.Namespace) -> int:
    with _stdout_to_stderr():
        from wmcourse.exercises.progress import exercise_notebooks, progress, read_notebook

        notebooks = exercise_notebooks(options.exercises or _exercises_folder(), options.topic)
        for path in notebooks:  # before anything runs
            read_notebook(path)
        found = []
        for path in notebooks:
            print(f"running {path.name} ...", file=sys.stderr)
            found += progress(path, timeout=options.timeout)
    done = sum(exercise.status == "done" for exercise in found)
    if options.json:
        print(json.dumps({"done": done, "total": len(found), "exercises": [asdict(each) for each in found]}, indent=2))
        return int(done < len(found))
    width = max(len(exercise.title) for exercise in found)
    for exercise in found:
        print(f"{exercise.topic}  {exercise.exercise:>5}  {exercise.title:<{width}}  {exercise.status}".rstrip())
        for line in exercise.message.splitlines():
            print(f"    {line}")
    print(f"{done} of {len(found)} done")
    return int(done < len(found))


def _exercises_folder() -> Path:
    here = Path("exercises")
    return here if here.is_dir() else Path(__file__).parents[1] / "exercises"


def _study(options: argparse.Namespace) -> int:
    from wmcourse.zoo.registry import study

    study(options.name).run()
    return 0


@contextmanager
def _stdout_to_stderr() -> Iterator[None]:
    """Send to stderr whatever is printed meanwhile, by Python or by a library below it, so that stdout stays JSON."""
    sys.stdout.flush()
    try:
        stdout, stderr = sys.stdout.fileno(), sys.stderr.fileno()
    except (OSError, ValueError):  # no real files, as in a test
        with redirect_stdout(sys.stderr):
            yield
        return
    kept = os.dup(stdout)
    try:
        os.dup2(stderr, stdout)
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, stdout)
        os.close(kept)


def _count(text: str) -> int:
    return _integer(text, 1)


def _seed(text: str) -> int:
    return _integer(text, 0)


def _integer(text: str, least: int) -> int:
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer") from None
    if number < least:
        raise argparse.ArgumentTypeError(f"must be at least {least}, got {number}")
    return number


if __name__ == "__main__":
    sys.exit(main())
