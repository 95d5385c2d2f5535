"""Prints documents through the journal, one after the other, until it is killed. Arguments: the store, the printer's URI."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from drivers.base import Deadline
from drivers.ipp.printer import IppPrinter
from kiosk.documents.job import DocumentJobs
from kiosk.documents.stock import Stock
from kiosk.documents.store import DocumentStore


def main() -> None:
    store = DocumentStore(Path(sys.argv[1]))
    jobs = DocumentJobs(store, Stock(store))
    printer = IppPrinter(sys.argv[2])
    printer.open(Deadline.after(20.0))
    os.write(1, b"ready\n")
    for number in range(int(sys.argv[3])):
        pdf = f"%PDF-1.4 {sys.argv[4]}-{number} ".encode() + b"x" * 200_000
        jobs.print(jobs.prepare(pdf, "licence"), pdf, printer, Deadline.after(20.0))
        os.write(1, b"done\n")


if __name__ == "__main__":
    main()
