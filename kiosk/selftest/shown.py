"""How a self-test's result is shown on a shell: a table that also fits 60 columns, and JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from drivers.base import CheckOutcome
from kiosk.selftest.examination import Finding
from kiosk.selftest.words import Words

STYLES = {
    CheckOutcome.PASS: "green",
    CheckOutcome.WARN: "yellow",
    CheckOutcome.FAIL: "bold red",
    CheckOutcome.SKIP: "dim",
}
SIGNS = {CheckOutcome.PASS: "✓", CheckOutcome.WARN: "!", CheckOutcome.FAIL: "✗", CheckOutcome.SKIP: "-"}


def as_json(finding: Finding, findings: Sequence[Finding], words: Words) -> dict[str, Any]:
    """Return one line of ``--json``; the keys are stable."""
    told = words.of(finding, findings)
    identity = finding.identity
    return {
        "device": finding.device,
        "class": finding.device_class,
        "driver": finding.driver,
        "identity": None
        if identity is None
        else {"model": identity.model, "serial_number": identity.serial_number, "firmware": identity.firmware},
        "check": finding.check,
        "outcome": finding.outcome.value,
        "code": finding.code,
        "reason": told.reason,
        "consequence": told.consequence,
        "remedy": told.remedy,
        "evidence": finding.evidence,
    }


def summary(findings: Sequence[Finding], words: Words) -> str:
    """Return how many checks ended how."""
    count = {outcome: sum(line.outcome is outcome for line in findings) for outcome in CheckOutcome}
    return words.say(
        "summary",
        passed=count[CheckOutcome.PASS],
        warned=count[CheckOutcome.WARN],
        failed=count[CheckOutcome.FAIL],
        skipped=count[CheckOutcome.SKIP],
    )


def print_table(findings: Sequence[Finding], words: Words, out: TextIO) -> None:
    """Print the table and the sum."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_lines=False)
    table.add_column(words.say("heading.result"), no_wrap=True)
    table.add_column(words.say("heading.device"), overflow="fold", max_width=34)
    table.add_column(words.say("heading.meaning"), overflow="fold")
    for number, finding in enumerate(findings):
        last = number + 1 == len(findings) or findings[number + 1].device != finding.device
        outcome = Text(f"{SIGNS[finding.outcome]} {words.say(f'outcome.{finding.outcome.value}')}")
        outcome.stylize(STYLES[finding.outcome])
        what = Text(f"{finding.device} · {words.check(finding.check)}")
        table.add_row(outcome, what, _meaning(finding, findings, words), end_section=last)
    console = Console(file=out, highlight=False)
    console.print(table)
    console.print(summary(findings, words))


def _meaning(finding: Finding, findings: Sequence[Finding], words: Words) -> Text:
    told = words.of(finding, findings)
    lines: list[Text] = []
    if told.reason:
        code = f" [{finding.code}]" if finding.code else ""
        lines.append(Text(f"{told.reason}{code}", STYLES[finding.outcome]))
    for label, said in (("consequence", told.consequence), ("remedy", told.remedy), ("evidence", finding.evidence)):
        if said and (label != "evidence" or finding.code):
            lines.append(Text.assemble((words.say(f"label.{label}") + " ", "bold"), said))
        elif said:
            lines.append(Text(said, "dim"))
    return Text("\n").join(lines)
