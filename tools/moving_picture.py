"""Film the Player of the built book's first page: `moving_picture.py book/_static/player.webp`, after `make book`.

Twenty pushes to the right, and a look. Then Dreamer plays with its eyes closed. README.md opens with it.
"""

import io
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
WIDTH = 720  # px
FRAME_MS = 80
MOST_STEPS = 150


def main(arguments: Sequence[str]) -> int:
    """Write the picture to the path named on the command line."""
    (path,) = arguments
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
        page.goto((ROOT / "_build" / "html" / "book" / "index.html").as_uri())
        page.wait_for_selector(".wm-player.wm-ready")
        frames = [Image.open(io.BytesIO(shot)).convert("RGB") for shot in film(page)]
        browser.close()
    height = round(WIDTH * frames[0].height / frames[0].width)
    small = [frame.resize((WIDTH, height), Image.Resampling.LANCZOS) for frame in frames]
    small[0].save(path, save_all=True, append_images=small[1:], duration=FRAME_MS, loop=0, quality=70, method=6)
    print(f"wrote {path}: {len(small)} frames, {Path(path).stat().st_size / 1e3:.0f} kB")
    return 0


def film(page: Page) -> Iterator[bytes]:
    """From the carts to the graph, frame by frame."""
    top, bottom = page.locator(".wm-canvas").bounding_box(), page.locator(".wm-meter").bounding_box()
    assert top is not None and bottom is not None
    height = bottom["y"] + bottom["height"] - top["y"]

    def still(count: int) -> Iterator[bytes]:
        shot = page.screenshot(clip={**top, "height": height})
        yield from [shot] * count

    yield from still(6)
    for _ in range(20):
        page.keyboard.press("ArrowRight")
        yield from still(1)
    yield from still(10)
    page.get_by_role("button", name="Look").click()
    yield from still(10)
    page.get_by_role("button", name="Restart").click()
    page.get_by_label("Who pushes").select_option(label="Dreamer")
    page.get_by_role("button", name="Restart").click()  # and pause
    yield from still(4)
    for _ in range(MOST_STEPS):
        page.get_by_role("button", name="One step").click()
        yield from still(1)
        if page.evaluate("document.querySelector('.wm-player').wmPlayer.stopped"):
            break
    yield from still(6)
    page.get_by_role("button", name="Look").click()
    yield from still(12)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
