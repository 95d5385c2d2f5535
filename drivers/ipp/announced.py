"""Printers that announce themselves on the network by DNS-SD (RFC 6763; TXT keys: Bonjour Printing Specification 1.2.1)."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Sequence
from urllib.parse import quote

from zeroconf import BadTypeInNameException, Error, InterfaceChoice, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from drivers.discovery import NetworkPrinter, plain

_SCHEMES = {"_ipps._tcp.local.": "ipps", "_ipp._tcp.local.": "ipp"}
_LISTENING_SHARE = 0.7
"""Of the time: for the printers to announce themselves. The rest is for the addresses of those that did not tell at once."""
_MOST = 100
"""Names that are followed up: more than a hall has printers, and a bound for a network that makes them up."""


def announced(seconds: float, interfaces: Sequence[str] | None = None) -> tuple[NetworkPrinter, ...]:
    """Listen for ``seconds`` and return the printers, each encrypted before plain; none where there is no network.

    ``interfaces``: addresses of those of this machine that are asked; all without.
    """
    try:
        found = asyncio.run(_listen(seconds, interfaces))
    except (OSError, Error):
        return ()  # no interface that multicast goes out of, or a port that another program keeps to itself
    printers = [printer for printer in map(_printer, found) if printer is not None]
    return tuple(sorted(printers, key=lambda printer: (printer.name, not printer.uri.startswith("ipps:"))))


async def _listen(seconds: float, interfaces: Sequence[str] | None) -> list[AsyncServiceInfo]:
    names: dict[str, str] = {}

    def changed(zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        del zeroconf
        if state_change is ServiceStateChange.Removed:
            names.pop(name, None)
        else:
            names[name] = service_type

    async with AsyncZeroconf(interfaces=interfaces or InterfaceChoice.All) as network:
        browser = AsyncServiceBrowser(network.zeroconf, list(_SCHEMES), handlers=[changed])
        await asyncio.sleep(seconds * _LISTENING_SHARE)
        found = [
            info for info in (_named(name, kind) for name, kind in list(names.items())[:_MOST]) if info is not None
        ]
        milliseconds = seconds * (1 - _LISTENING_SHARE) * 1000
        told = await asyncio.gather(*(info.async_request(network.zeroconf, milliseconds) for info in found))
        await browser.async_cancel()
    return [info for info, answered in zip(found, told, strict=True) if answered]


def _named(name: str, service_type: str) -> AsyncServiceInfo | None:
    try:
        return AsyncServiceInfo(service_type, name)
    except BadTypeInNameException:
        return None  # a name that no printer can have


def _printer(info: AsyncServiceInfo) -> NetworkPrinter | None:
    """Return the printer, None for one without an address. It is named by its address.

    Names that end in .local are found by machines with a resolver of their own for them, and the terminal's unit lets only
    addresses through.
    """
    addresses = [address for address in info.parsed_addresses() if not ipaddress.ip_address(address).is_link_local]
    if not addresses or not info.port:
        return None
    told = {key: plain(value or "") for key, value in info.decoded_properties.items()}
    name = plain(info.name.removesuffix(f".{info.type}"))
    host = addresses[0] if ":" not in addresses[0] else f"[{addresses[0]}]"
    uri = f"{_SCHEMES[info.type]}://{host}:{info.port}/{quote(told.get('rp', '').lstrip('/'))}"
    about = (told.get("ty", ""), told.get("note", ""), plain(info.server or "").rstrip("."))
    return NetworkPrinter(name, uri, ", ".join(part for part in about if part) or "network printer")
