import os
import subprocess
import sys
from pathlib import Path

import plotly

from wmcourse.interactive.static import write


def test_everything_the_pages_load_is_written_from_local_files(tmp_path):
    written = {path.name: path.read_bytes() for path in write(tmp_path / "_static")}
    assert set(written) == {
        *("plotly.min.js", "explorer.js", "player.js", "tex-svg-full.js", "MATHJAX-LICENSE.txt"),
        *("page.css", "explorer.css", "player.css"),
    }
    installed = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    assert written["plotly.min.js"] == installed.read_bytes()
    assert b"Apache License" in written["MATHJAX-LICENSE.txt"]
    assert b"http" not in b"".join(
        written[f"{name}.{kind}"] for name in ("explorer", "player") for kind in ("js", "css")
    )


def test_a_second_run_writes_only_what_changed(tmp_path):
    write(tmp_path)
    assert write(tmp_path) == []
    (tmp_path / "explorer.js").write_text("stale")
    assert [path.name for path in write(tmp_path)] == ["explorer.js"]


def test_the_command_needs_a_directory(tmp_path):
    command = [sys.executable, "-m", "wmcourse.interactive.static"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    assert "usage" in subprocess.run(command, capture_output=True, text=True, env=environment).stderr
    subprocess.run([*command, str(tmp_path)], check=True, capture_output=True, env=environment)
    assert (tmp_path / "explorer.js").exists()
