import os
import re
import subprocess
import sys
from pathlib import Path

import plotly

from wmcourse.interactive.static import write

PLOTLY = "plotly-cartesian.min.js"


def test_everything_the_pages_load_is_written_from_local_files(tmp_path):
    written = {path.name: path.read_bytes() for path in write(tmp_path / "_static")}
    licenses = {"PLOTLY-LICENSE.txt", "MATHJAX-LICENSE.txt"}
    assert set(written) == {PLOTLY, "course.js", "course.css", "tex-svg-full.js"} | licenses
    assert b"MIT License" in written["PLOTLY-LICENSE.txt"]
    assert b"Apache License" in written["MATHJAX-LICENSE.txt"]
    assert b"http" not in written["course.js"] + written["course.css"]


def test_the_partial_bundle_is_of_the_plotly_that_makes_the_figures(tmp_path):
    whole = (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_text(encoding="utf-8")
    write(tmp_path)
    part = (tmp_path / PLOTLY).read_text(encoding="utf-8")
    ours, theirs = (re.search(r"plotly\.js .*?v([\d.]+)", text[:200])[1] for text in (part, whole))
    assert ours == theirs, f"npm pack plotly.js-cartesian-dist-min@{theirs}"
    assert "Licensed under the MIT license" in part[:200]
    assert len(part) < len(whole) / 3


def test_a_second_run_writes_only_what_changed(tmp_path):
    write(tmp_path)
    assert write(tmp_path) == []
    (tmp_path / "course.js").write_text("stale")
    assert [path.name for path in write(tmp_path)] == ["course.js"]


def test_the_command_needs_a_directory(tmp_path):
    command = [sys.executable, "-m", "wmcourse.interactive.static"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    assert "usage" in subprocess.run(command, capture_output=True, text=True, env=environment).stderr
    subprocess.run([*command, str(tmp_path)], check=True, capture_output=True, env=environment)
    assert (tmp_path / "course.js").exists()
