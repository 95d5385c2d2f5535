"""The signature as a picture: strokes of a finger drawn as a small PNG."""

from __future__ import annotations

import io

WIDTH, HEIGHT, PEN = 600, 300, 5


def png(strokes: tuple[tuple[tuple[float, float], ...], ...]) -> bytes:
    """Return a black-on-white PNG of 600 x 300 pixels; the points are in 0..1 of the pad, origin at the top left."""
    from PIL import Image, ImageDraw

    picture = Image.new("L", (WIDTH, HEIGHT), 255)
    draw = ImageDraw.Draw(picture)
    for stroke in strokes:
        points = [(x * (WIDTH - 1), y * (HEIGHT - 1)) for x, y in stroke]
        if len(points) == 1:
            x, y = points[0]
            draw.ellipse((x - PEN / 2, y - PEN / 2, x + PEN / 2, y + PEN / 2), fill=0)
        else:
            draw.line(points, fill=0, width=PEN, joint="curve")
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
