from pathlib import Path

import pytest

from offline import main, problems, requests
from wmcourse.interactive.page import element, models_of

HOST = "https://cdn.example.org/x"


@pytest.mark.parametrize(
    "html",
    [
        f'<script src="{HOST}.js"></script>',
        '<script src="//cdn.example.org/x.js"></script>',
        f'<link rel="stylesheet" href="{HOST}.css">',
        f'<link rel="preload" as="font" href="{HOST}.woff2">',
        f'<img src="{HOST}.png">',
        f'<img srcset="{HOST}.png 2x">',
        f'<iframe src="{HOST}"></iframe>',
        f"<style>@import '{HOST}.css';</style>",
        f"<style>@font-face {{ src: url({HOST}.woff2) }}</style>",
        f'<p style="background: url({HOST}.png)">',
        f"<script>script.src = '{HOST}.js'</script>",
        f'<script type="module">import plot from "{HOST}.js"</script>',
        f'<script>fetch("{HOST}.json")</script>',
    ],
)
def test_what_a_browser_fetches_from_another_host_is_found(html: str):
    assert len(list(requests(f"<html><body>{html}</body></html>"))) == 1


@pytest.mark.parametrize(
    "html",
    [
        f'<a href="{HOST}">read</a>',
        f'<link rel="canonical" href="{HOST}">',
        '<script src="../_static/plotly.min.js?v=1"></script>',
        '<img src="data:image/png;base64,//8AAP//">',
        f"<p>import plot from '{HOST}.js'</p>",
        f'<pre>&lt;script src="{HOST}.js"&gt;</pre>',
        '<script>const svg = "http://www.w3.org/2000/svg"</script>',
    ],
)
def test_a_link_or_a_text_is_not_a_request(html: str):
    assert list(requests(html)) == []


def test_a_built_book_is_searched_page_by_page_and_style_by_style(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "index.html").write_text("<p>fine</p>")
    assert main([str(tmp_path)]) == 0
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "a.html").write_text(f'<script src="{HOST}.js"></script>')
    (tmp_path / "book" / "b.html").write_text("x" * 2_100_000)
    (tmp_path / "c.css").write_text(f"@import url({HOST}.css);")
    assert list(problems(tmp_path)) == [
        f"book/a.html: requests {HOST}.js",
        "book/b.html: 2.1 MB, over 2 MB",
        f"c.css: requests {HOST}.css",
    ]
    assert main([str(tmp_path)]) == 1
    assert "3 problems" in capsys.readouterr().out


def test_a_folder_without_a_book_is_refused(tmp_path: Path):
    assert main([str(tmp_path)]) == 1


def test_the_models_that_a_page_runs_count_and_must_be_there(tmp_path: Path):
    (tmp_path / "a.html").write_text(element("wm-player", title="t", alt="a", data={"model": "heavy-one"}, png=b""))
    assert list(problems(tmp_path)) == ["a.html: it needs _static/models/heavy-one.js; run `make book`"]
    models = tmp_path / "_static" / "models"
    models.mkdir(parents=True)
    (models / "heavy-one.js").write_text("x" * 2_100_000)
    assert list(problems(tmp_path)) == ["a.html: 2.1 MB, over 2 MB"]


@pytest.mark.parametrize(
    ("data", "models"),
    [
        ({"model": "one", "agents": [{"name": "a", "payload": {"graphs": {}}}]}, {"one"}),
        ({"models": [{"label": "VAE", "model": "one"}, {"label": "plain", "model": "two"}]}, {"one", "two"}),
        (
            {"truth": "equations", "models": [{"label": "early", "model": "one", "early": True}], "controls": {}},
            {"one"},
        ),
        ({"controls": [], "computed": {"model": "one"}}, {"one"}),
        ({"controls": [{"name": "model"}]}, set()),
    ],
    ids=["player", "sliders over codes", "planning board", "explorer", "explorer that is drawn beforehand"],
)
def test_an_element_names_the_models_that_it_runs(data, models):
    page = element("wm-player", title="t", alt="a", data=data, png=b"")
    assert models_of(f"<p>Two of them.</p>{page}{page}") == models
