"""Check yourself: questions that answer back, without any script.

Each option opens to say whether it is right, and why. `<details>` works in the static page, in JupyterLab (trusted
or not), VS Code and GitHub, by mouse and by keyboard. (`jupyterquiz` gives its elements random ids, so no two runs
have the same output, and asks a content network for MathJax.)
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

MIN_QUESTIONS = 5

_STYLE = """<style>
.wm-quiz { margin: 1rem 0; padding: 0; list-style-position: outside; }
.wm-quiz .wm-question { margin: 0 0 1.5rem; }
.wm-quiz .wm-ask { margin: 0 0 .5rem; font-weight: 600; }
.wm-quiz details { margin: .35rem 0; border: 1px solid rgba(128, 128, 128, .45); border-radius: 8px !important; }
.wm-quiz summary { padding: .5rem .8rem; cursor: pointer; list-style: none; border-radius: 8px; }
.wm-quiz summary::-webkit-details-marker { display: none; }
.wm-quiz summary::before { content: "○"; display: inline-block; width: 1.5em; opacity: .7; }
.wm-quiz summary:hover { background: rgba(128, 128, 128, .14); }
.wm-quiz summary:focus-visible { outline: 3px solid #0a8f86; outline-offset: 1px; }
.wm-quiz details[open].wm-right { border-color: #0a8f86; box-shadow: inset 4px 0 0 #0a8f86; }
.wm-quiz details[open].wm-wrong { border-color: #d9660a; box-shadow: inset 4px 0 0 #d9660a; }
.wm-quiz details[open].wm-right > summary::before { content: "✓"; }
.wm-quiz details[open].wm-wrong > summary::before { content: "✗"; }
.wm-quiz .wm-feedback { margin: 0; padding: 0 .8rem .6rem 2.3rem; }
.wm-quiz p.wm-feedback { margin: 0; }
</style>"""


class Quiz:
    """A quiz to display; `quiz(questions)` makes and checks it."""

    def __init__(self, questions: Sequence[Mapping[str, Any]]) -> None:
        """Render checked questions."""
        body = "\n".join(_question(question) for question in questions)
        self.html = f'<div class="wm-quiz">\n{_STYLE}\n{body}\n</div>'
        self.text = "\n".join(f"{i}. {question['text']}" for i, question in enumerate(questions, 1))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": self.text, "text/html": self.html}


def quiz(questions: Sequence[Mapping[str, Any]]) -> Quiz:
    """Make a quiz of at least five questions, each a mapping with `text` and `options`.

    An option is `{"text": ..., "correct": bool, "feedback": ...}`; feedback is required on every wrong option. Texts
    may hold `$...$` maths, `code`, **bold** and *emphasis*. Raises ValueError naming the question that is malformed.
    """
    if len(questions) < MIN_QUESTIONS:
        raise ValueError(f"a quiz asks at least {MIN_QUESTIONS} questions; this one asks {len(questions)}")
    texts = [question.get("text", "").strip() for question in questions]
    if len(set(texts)) < len(texts):
        raise ValueError("two questions have the same text")
    for number, question in enumerate(questions, 1):
        _check(question, f"question {number}")
    return Quiz(questions)


def guess(question: Mapping[str, Any]) -> Quiz:
    """Ask one question of `quiz`'s kind before its answer is shown; raises ValueError if it is malformed."""
    _check(question, "the guess")
    return Quiz([question])


def _check(question: Mapping[str, Any], where: str) -> None:
    text = question.get("text", "").strip()
    if not text:
        raise ValueError(f"{where} has no text")
    where = f"{where} ({text[:40]!r})"
    options = question.get("options", ())
    if len(options) < 2:
        raise ValueError(f"{where} needs at least two options, and has {len(options)}")
    right = [option for option in options if option.get("correct", False)]
    if not right:
        raise ValueError(f"{where} has no right option: mark one with correct=True")
    if len(right) == len(options):
        raise ValueError(f"{where} has no wrong option")
    if len({option.get("text", "").strip() for option in options} - {""}) < len(options):
        raise ValueError(f"{where} has an option without a text, or the same option twice")
    silent = [o["text"] for o in options if not o.get("correct", False) and not o.get("feedback", "").strip()]
    if silent:
        raise ValueError(f"{where}: the wrong option {silent[0]!r} needs feedback that says why it is wrong")


def _question(question: Mapping[str, Any]) -> str:
    options = question["options"]
    single = sum(bool(option.get("correct", False)) for option in options) == 1
    name = f"wm-{hashlib.sha256(question['text'].encode()).hexdigest()[:10]}"
    group = f' name="{name}"' if single else ""  # options of one name close each other
    ask = rich(question["text"]) + ("" if single else " <em>(more than one is right)</em>")
    rows = [
        f'<div class="wm-question" role="group" aria-labelledby="{name}">',
        f'<p class="wm-ask" id="{name}">{ask}</p>',
    ]
    for option in options:
        right = bool(option.get("correct", False))
        verdict = "Right." if right else "Not so."
        said = rich(option.get("feedback", ""))
        rows.append(
            f'<details class="{"wm-right" if right else "wm-wrong"}"{group}><summary>{rich(option["text"])}</summary>'
            f'<p class="wm-feedback"><strong>{verdict}</strong> {said}</p></details>'
        )
    return "\n".join([*rows, "</div>"])


def rich(text: str) -> str:
    r"""Plain text with `$maths$`, `code`, **bold** and *emphasis* as HTML; maths becomes `\(...\)` for MathJax."""
    parts = re.split(r"(\$[^$]+\$|`[^`]+`|\*\*[^*]+\*\*|\*[^*\s][^*]*\*)", text)
    pieces = []
    for part in parts:
        if part.startswith("$") and len(part) > 2:
            pieces.append(f'<span class="math">\\({html.escape(part[1:-1])}\\)</span>')
        elif part.startswith("`") and len(part) > 2:
            pieces.append(f"<code>{html.escape(part[1:-1])}</code>")
        elif part.startswith("**") and len(part) > 4:
            pieces.append(f"<strong>{html.escape(part[2:-2])}</strong>")
        elif re.fullmatch(r"\*[^*\s][^*]*\*", part):
            pieces.append(f"<em>{html.escape(part[1:-1])}</em>")
        else:
            pieces.append(html.escape(part))
    return "".join(pieces)
