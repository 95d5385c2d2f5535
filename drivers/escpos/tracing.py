"""Words for what goes over a printer's wire, for technicians; what stands on a receipt is never among them."""

from __future__ import annotations

from typing import assert_never

from drivers.escpos.replies import (
    BUFFER_CLEARED,
    PROCESS_ID,
    AutomaticStatus,
    FlowControl,
    FullStatus,
    InformationBlock,
    JobBlock,
    QueuedStatus,
    RealTimeStatus,
    Reply,
    ResponseBlock,
    Unrecognised,
)

_BLOCKS = {PROCESS_ID: "job on paper", BUFFER_CLEARED: "buffers cleared"}
_MOST_TOLD = 8


def describe(replies: list[Reply]) -> str:
    """Return what replies mean, in order; a long stream is cut short."""
    told = [_meaning(reply) for reply in replies[:_MOST_TOLD]]
    if len(replies) > _MOST_TOLD:
        told.append(f"{len(replies) - _MOST_TOLD} more")
    return ", ".join(told) or "part of an answer"


def _meaning(reply: Reply) -> str:
    match reply:
        case RealTimeStatus(value):
            return f"status {value:02x}"
        case AutomaticStatus(values):
            return f"status unasked {bytes(values).hex(' ')}"
        case QueuedStatus(value):
            return f"queued status {value:02x}"
        case FullStatus(values):
            return f"full status {bytes(values).hex(' ')}"
        case ResponseBlock(answers, _):
            return _BLOCKS.get(answers, "block")
        case InformationBlock(text):
            return f"identity {text}"
        case JobBlock(_):
            return "job on paper"
        case FlowControl(stop):
            return "stop sending" if stop else "go on sending"
        case Unrecognised(value):
            return f"unknown {value:02x}"
        case _:
            assert_never(reply)


def amount(count: int) -> str:
    """Return a number of bytes as people read it."""
    return f"{count:,} bytes".replace(",", " ")
