"""Makes the console's HTML, with the headers that keep foreign scripts, frames and caches away from it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from central.platform import Platform

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_HTTPS_HEADERS = {"Strict-Transport-Security": "max-age=31536000"}


class Renderer:
    """Fills in the templates."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).with_name("templates")),
            autoescape=select_autoescape(default=True, default_for_string=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def page(self, request: Request, template: str, values: Mapping[str, object], status: int = 200) -> HTMLResponse:
        """Return a whole page; ``values`` hold ``words`` and, for those signed in, ``visit``."""
        shown = {
            "visit": None,
            "path": request.url.path,
            "year_without_holidays": self._platform.year_without_holidays(),
            **values,
        }
        headers = HEADERS | (_HTTPS_HEADERS if request.url.scheme == "https" else {})
        return HTMLResponse(self.fragment(template, shown), status, headers)

    def fragment(self, template: str, values: Mapping[str, object]) -> str:
        """Return a piece of a page."""
        return self._templates.get_template(template).render(values)
