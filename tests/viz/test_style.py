import itertools

import numpy as np
import plotly.graph_objects as go
import plotly.io as pio
import pytest

from wmcourse.viz import style

# Machado, Oliveira & Fernandes 2009, severity 1.0, on linear RGB.
DEFICIENCIES = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(color: str) -> np.ndarray:
    srgb = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def contrast(left: str, right: str) -> float:
    """WCAG 2.2 contrast ratio."""
    light, dark = sorted((float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (left, right)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE 1976 L*a*b* of linear RGB under D65."""
    matrix = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(matrix) @ np.clip(rgb, 0, 1) / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("color", [style.REAL, style.IMAGINED, style.CORRECTED])
def test_lines_stand_out_from_the_card(color):
    assert contrast(color, style.PAPER) >= 3.0  # WCAG 1.4.11, graphical objects


@pytest.mark.parametrize("color", [style.INK, style.MUTED])
def test_text_is_legible_on_the_card(color):
    assert contrast(color, style.PAPER) >= 4.5  # WCAG 1.4.3


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("pair", list(itertools.combinations(style.COLORS, 2)))
def test_roles_are_told_apart_without_full_color_vision(deficiency, pair):
    seen = [lab(np.array(DEFICIENCIES[deficiency]) @ linear(style.COLORS[role])) for role in pair]
    assert np.linalg.norm(seen[0] - seen[1]) > 20  # a just noticeable difference is about 2.3


def test_imagined_is_told_by_its_dashes_too():
    assert style.line("imagined")["dash"] != style.line("real")["dash"] == style.line("corrected")["dash"]


def test_the_template_is_registered_and_makes_a_card():
    figure = go.Figure(layout={"template": style.TEMPLATE})
    assert figure.layout.template.layout.paper_bgcolor == style.PAPER
    assert pio.templates[style.TEMPLATE].layout.colorway[0] == style.REAL


def test_faded():
    assert style.faded("#ff8000", 0.5) == "rgba(255,128,0,0.5)"
    with pytest.raises(ValueError, match="between 0 and 1"):
        style.faded("#ff8000", 2)
