import copy
import re
from html.parser import HTMLParser

import pytest

from wmcourse.interactive import guess, quiz
from wmcourse.interactive.quiz import Quiz, rich

QUESTIONS = [
    {
        "text": f"What does $p(z_t \\mid h_t)$ see in case {i}?",
        "options": [
            {"text": "Only the past", "correct": True, "feedback": "The prior comes before the observation."},
            {"text": "$o_t$ & more", "feedback": "That is the *posterior*."},
        ],
    }
    for i in range(5)
]


class Options(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.options = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag == "details":
            self.options.append(dict(attrs))


def test_each_option_opens_to_its_verdict():
    html = quiz(QUESTIONS)._repr_mimebundle_()["text/html"]
    options = Options(html).options
    assert [option["class"] for option in options] == ["wm-right", "wm-wrong"] * 5
    assert len({option["name"] for option in options}) == 5
    right = re.search(r'class="wm-right".*?</details>', html)[0]
    assert "Only the past" in right
    assert "Right." in right
    assert "<script" not in html


def test_the_output_is_the_same_each_time():
    assert quiz(QUESTIONS)._repr_mimebundle_() == quiz(copy.deepcopy(QUESTIONS))._repr_mimebundle_()


def test_questions_with_several_right_options_let_them_all_be_opened():
    questions = copy.deepcopy(QUESTIONS)
    questions[0]["options"].append({"text": "h", "correct": True})
    html = quiz(questions).html
    assert [("name" in option) for option in Options(html).options[:3]] == [False, False, False]
    assert "more than one is right" in html


def test_text_is_escaped_and_maths_marked():
    assert rich("a < b & `x<y` **so** $p < q$") == (
        'a &lt; b &amp; <code>x&lt;y</code> <strong>so</strong> <span class="math">\\(p &lt; q\\)</span>'
    )
    assert rich("a *soft* word, 2 * 3 * 4") == "a <em>soft</em> word, 2 * 3 * 4"
    assert rich("it costs 5$") == "it costs 5$"


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda q: q.pop(), "at least 5 questions; this one asks 4"),
        (lambda q: q[2]["options"][0].pop("correct"), "question 3 .*no right option"),
        (lambda q: q[1]["options"][1].update(feedback=" "), "question 2 .*needs feedback"),
        (lambda q: q[0]["options"].pop(), "question 1 .*at least two options, and has 1"),
        (lambda q: q[0]["options"][1].update(correct=True), "no wrong option"),
        (lambda q: q[4].update(text=""), "question 5 has no text"),
        (lambda q: q[4].update(text=q[3]["text"]), "same text"),
        (lambda q: q[0]["options"][1].update(text="Only the past"), "same option twice"),
    ],
)
def test_a_malformed_quiz_is_refused_by_question(break_it, message):
    questions = copy.deepcopy(QUESTIONS)
    break_it(questions)
    with pytest.raises(ValueError, match=message):
        quiz(questions)


def test_a_guess_is_one_question_and_checked_like_any_other():
    assert guess(QUESTIONS[0]).html == Quiz(QUESTIONS[:1]).html
    with pytest.raises(ValueError, match="the guess .* needs feedback"):
        guess({"text": "And you?", "options": [{"text": "yes", "correct": True}, {"text": "no"}]})
