"""Puts the web application together: the terminals' API, the operators' console, and the upkeep beside them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from central.api.problems import word_problems
from central.api.terminals import describe_bodies, health_route, terminal_routes
from central.console.pages import console_routes, serve_static_files
from central.fleet.upkeep import keep_stored, keep_watch, recall, store_now
from central.platform import Platform
from kiosk.contract import PREFIX


def create_app(platform: Platform) -> FastAPI:
    """Return the application over an opened platform; it closes the platform's database when it ends."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        await recall(platform.fleet, platform.database)
        upkeep = [
            asyncio.create_task(keep_watch(platform.fleet, platform.sweep_seconds)),
            asyncio.create_task(keep_stored(platform.fleet, platform.database)),
        ]
        yield
        for task in upkeep:
            task.cancel()
        await asyncio.gather(*upkeep, return_exceptions=True)
        await store_now(platform.fleet, platform.database)
        platform.database.close()

    app = FastAPI(
        title="Central platform",
        version="1",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    word_problems(app)
    app.include_router(terminal_routes(platform))
    app.include_router(health_route(platform))
    app.include_router(console_routes(platform))
    serve_static_files(app)
    describe_bodies(app)
    return app
