"""The stream of server-sent events that keeps a page of the console up to date."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

from central.platform import Platform

CHECK_SECONDS = 15.0
_LEAST_SECONDS_BETWEEN = 0.5


async def changes(
    platform: Platform, fragments: Callable[[set[str]], dict[str, str]], still_signed_in: Callable[[], Awaitable[bool]]
) -> AsyncIterator[str]:
    """Yield events until the session or the server ends: first the whole page's parts, then those that change.

    Each event's data is a JSON object of element ids and their new HTML. Changes that come faster than twice a second
    are put together. At least every 15 s something is sent, and the session is looked at again.
    """
    with platform.fleet.subscribed() as subscription:
        yield "retry: 3000\n\n"
        changed = {sighting.terminal_id for sighting in platform.fleet.sightings()}
        while not platform.stopping.is_set():
            parts = fragments(changed) if changed else {}
            yield f"data: {json.dumps(parts)}\n\n" if parts else ": still here\n\n"
            if not platform.stopping.is_set():
                await _wait(platform.stopping, _LEAST_SECONDS_BETWEEN)
            if not await _wait(subscription.news, CHECK_SECONDS) and not await still_signed_in():
                return
            changed = subscription.take()


async def _wait(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
