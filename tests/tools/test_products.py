from pathlib import Path

import nbformat
import pytest

from products import SourceError, read_source, strip_solutions

HEADER = "---\nkernelspec: {name: python3, display_name: Python 3}\n---\n\n"


def solved(tmp_path: Path, code: str, tags: str = "exercise-9.2") -> nbformat.NotebookNode:
    source = tmp_path / "09_motion.md"
    source.write_text(f"{HEADER}# Title\n\n```{{code-cell}} ipython3\n:tags: [{tags}]\n\n{code}\n```\n")
    return read_source(source)


def test_a_solution_becomes_one_raise_at_its_indentation(tmp_path: Path):
    body = "        y = x\n\n        return y"
    code = f"def f(x):\n    if x:\n        ### BEGIN SOLUTION\n{body}\n        ### END SOLUTION\n    return 0"
    stub = strip_solutions(solved(tmp_path, code)).cells[1].source
    assert stub == 'def f(x):\n    if x:\n        raise NotImplementedError("Exercise 9.2")\n    return 0'
    namespace: dict = {}
    exec(stub, namespace)
    assert namespace["f"](0) == 0
    with pytest.raises(NotImplementedError, match=r"^Exercise 9\.2$"):
        namespace["f"](1)


def test_two_solutions_in_one_cell_are_both_taken_out(tmp_path: Path):
    block = "    ### BEGIN SOLUTION\n    return SECRET\n    ### END SOLUTION"
    stub = strip_solutions(solved(tmp_path, f"def f():\n{block}\n\ndef g():\n{block}")).cells[1].source
    assert "SECRET" not in stub and "SOLUTION" not in stub
    assert stub.count('raise NotImplementedError("Exercise 9.2")') == 2


def test_stripping_leaves_the_solved_notebook_alone(tmp_path: Path):
    notebook = solved(tmp_path, "### BEGIN SOLUTION\nx = 1\n### END SOLUTION", "exercise-9.2, nbval-check-output")
    before = nbformat.writes(notebook)
    strip_solutions(notebook)
    assert nbformat.writes(notebook) == before


@pytest.mark.parametrize(
    ("code", "tags", "message"),
    [
        ("### BEGIN SOLUTION\nx = 1\n### END SOLUTION", "hide-input", "needs a tag such as 'exercise-9.2'"),
        ("### BEGIN SOLUTION\nx = 1", "exercise-9.2", "'### BEGIN SOLUTION' without '### END SOLUTION'"),
        ("x = 1\n### END SOLUTION", "exercise-9.2", "'### END SOLUTION' without '### BEGIN SOLUTION'"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", "exercise-9.2", "a second '### BEGIN SOLUTION'"),
        ("x = 1", "exercise-9.2", "tagged exercise-9.2, but no '### BEGIN SOLUTION'"),
    ],
)
def test_a_source_that_would_leak_or_lose_a_solution_is_refused(tmp_path: Path, code: str, tags: str, message: str):
    with pytest.raises(SourceError, match="cell 09_motion-02") as raised:
        strip_solutions(solved(tmp_path, code, tags))
    assert message in str(raised.value)


def test_cells_are_named_by_stem_and_number_and_nothing_of_the_machine_is_kept(tmp_path: Path):
    source = tmp_path / "09_motion.md"
    source.write_text(
        "---\nkernelspec: {name: my-env, display_name: Mine, language: julia}\nauthor: me\n---\n\n# A\n\n"
        "```{code-cell} ipython3\n:tags: [a]\n:collapsed: true\n\n1\n```\n\nB\n"
    )
    notebook = read_source(source)
    assert [cell.id for cell in notebook.cells] == ["09_motion-01", "09_motion-02", "09_motion-03"]
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.kernelspec.display_name == "Python 3"
    assert notebook.cells[1].metadata == {"tags": ["a"]}
    nbformat.validate(notebook)


@pytest.mark.parametrize(("tags", "folded"), [("hide-input", True), ("remove-input, nbval-check-output", True),
                                              ("nbval-check-output", False), ("scroll", False)])  # fmt: skip
def test_code_that_the_page_folds_is_folded_in_jupyterlab(tmp_path: Path, tags: str, folded: bool):
    notebook = solved(tmp_path, "### BEGIN SOLUTION\nx = 1\n### END SOLUTION", f"{tags}, exercise-9.2")
    for cell in (notebook.cells[1], strip_solutions(notebook).cells[1]):
        assert cell.metadata.get("jupyter", {}) == ({"source_hidden": True} if folded else {})
