"""The virtual hall end to end: what is put, held and printed there is what the real drivers read and print."""

import contextlib
import io
import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from PIL import Image

from drivers import registry
from drivers.base import Deadline, DeviceState, DriverError
from drivers.card_reader import CardRefused
from drivers.document_camera import CaptureRefused, Photograph
from drivers.hall import DocumentPrinterAction, PrinterAction
from drivers.print_outcome import PrintOutcome
from drivers.receipt_printer import Cut, QrCode, ReceiptDocument, Text, Ticket
from drivers.registry import Resources
from drivers.sim.hall import VirtualHall
from kiosk.config import ASSETS
from kiosk.training import citizen

RESOURCES = Resources(ASSETS / "fonts")

# libpcsclite reads its socket's path once a process, so the card driver gets a process of its own, as in training mode.
READ_CARDS = """
import json, sys, threading
from drivers import registry
from drivers.base import Deadline
table = json.loads(sys.argv[1])
reader = registry.find(table["driver"]).make("card_reader", table["options"], None)
reader.open(Deadline.after(5))
print("ready", flush=True)
for line in sys.stdin:
    if line.strip() == "read":
        handle = reader.wait_card(Deadline.after(5), threading.Event())
        answer = reader.read_identity(handle, Deadline.after(5))
        fields = ("kind", "name", "name_en", "number", "address", "code")
        print(json.dumps({field: str(getattr(answer, field, "")) for field in fields}), flush=True)
    else:
        print(reader.wait_removed(Deadline.after(5), threading.Event()), flush=True)
reader.close()
"""


class CardProcess:
    def __init__(self, hall):
        table = hall.device_tables()["card_reader"]
        self.process = subprocess.Popen(
            [sys.executable, "-c", READ_CARDS, json.dumps(table)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline() == "ready\n"

    def ask(self, word):
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def card_process(hall):
    process = CardProcess(hall)
    yield process
    process.close()


@contextlib.contextmanager
def device(hall, name):
    table = hall.device_tables()[name]
    made = registry.find(table["driver"]).make(name, table["options"], RESOURCES)
    made.open(Deadline.after(5))
    try:
        yield made
    finally:
        made.close()


def people(reader):
    found = [citizen.load(path) for path in sorted(citizen.CITIZENS.glob("*.toml"))]
    return [person.card for person in found if person.reader == reader]


def test_device_tables_name_drivers_and_options_of_the_registry(hall):
    tables = hall.device_tables()
    assert set(tables) == {
        "card_reader",
        "card_reader_serial",
        "code_scanner",
        "document_camera",
        "receipt_printer",
        "document_printer",
        "io_board",
        "power_supply",
    }
    for table in tables.values():
        assert registry.find(table["driver"]).virtual
        registry.check_options(table["driver"], table["options"])


def test_starting_is_fast(short_directory):
    started = time.monotonic()
    hall = VirtualHall(short_directory)
    hall.start(Deadline.after(10))
    seconds = time.monotonic() - started
    hall.stop()
    # Half a second alone on the machine; the rest is for other tests that run beside.
    assert seconds < 3


def test_cards_of_all_kinds_on_the_pcsc_reader(empty_hall, card_process):
    for card in people("pcsc"):
        empty_hall.put_card(card, "pcsc")
        read = json.loads(card_process.ask("read"))
        assert (read["kind"], read["name"], read["number"]) == (card.kind.value, card.name, card.number)
        assert read["address"] == card.address
        empty_hall.take_card()
        assert card_process.ask("removed") == "True\n"


def test_the_plain_card_gives_no_name(empty_hall, card_process):
    empty_hall.put_plain_card()
    assert json.loads(card_process.ask("read"))["code"] == "card.plain_type_b"
    assert empty_hall.state()["cards"] == {"pcsc": "plain", "sdt": ""}
    empty_hall.take_card()
    assert card_process.ask("removed") == "True\n"


def test_cards_of_all_kinds_on_the_serial_reader(empty_hall):
    with device(empty_hall, "card_reader_serial") as reader:
        for card in people("sdt"):
            empty_hall.put_card(card, "sdt")
            assert empty_hall.state()["cards"] == {"pcsc": "", "sdt": card.kind.value}
            handle = reader.wait_card(Deadline.after(5), threading.Event())
            answer = reader.read_identity(handle, Deadline.after(5))
            assert not isinstance(answer, CardRefused)
            assert (answer.number, answer.name, answer.name_en) == (card.number, card.name, card.name_en)
            assert answer.valid_to == card.valid_to
            empty_hall.take_card()


def test_a_card_taken_from_the_serial_reader_is_not_found_there(empty_hall):
    with device(empty_hall, "card_reader_serial") as reader:
        empty_hall.put_card(people("sdt")[0], "sdt")
        empty_hall.take_card()
        assert reader.wait_card(Deadline.after(0.8), threading.Event()) is None


def test_an_unknown_reader_is_refused(hall):
    with pytest.raises(ValueError, match="no reader"):
        hall.put_card(people("pcsc")[0], "usb")


def test_a_code_is_held_and_taken_away(empty_hall):
    with device(empty_hall, "code_scanner") as scanner:
        empty_hall.hold_code("回执 39402")
        payload = scanner.scan(Deadline.after(5), threading.Event())
        assert payload.text == "回执 39402"
        assert empty_hall.state()["code"] == "text"
        empty_hall.take_code()
        assert empty_hall.state()["code"] == ""
        assert scanner.scan(Deadline.after(0.5), threading.Event()) is None


def test_rubbish_is_no_picture_and_too_much_is_no_code(hall):
    with pytest.raises(ValueError):
        hall.hold_picture(b"no picture")
    with pytest.raises(ValueError):
        hall.put_paper(b"no picture", sharp=True)
    with pytest.raises(ValueError):
        hall.hold_code("x" * 4000)


def test_the_own_paper_is_sharp_or_blurred_to_the_document_camera(empty_hall):
    with device(empty_hall, "document_camera") as camera:
        empty_hall.put_paper(None, sharp=True)
        sharp = camera.capture(Deadline.after(8), threading.Event())
        assert isinstance(sharp, Photograph)
        empty_hall.put_paper(None, sharp=False)
        blurred = camera.capture(Deadline.after(8), threading.Event())
        assert isinstance(blurred, CaptureRefused)
        assert blurred.code == "photo.blurred"
        empty_hall.take_paper()
        nothing = camera.capture(Deadline.after(8), threading.Event())
        assert isinstance(nothing, CaptureRefused)
        assert nothing.code == "photo.no_paper"


def test_documents_come_out_and_the_a4_printer_has_its_troubles(empty_hall):
    before = len(empty_hall.documents())
    with device(empty_hall, "document_printer") as printer:
        pdf = b"%PDF-1.4 of nobody"
        assert printer.print(pdf, "doc-1", Deadline.after(20)).outcome is PrintOutcome.PRINTED
        assert empty_hall.documents()[before:] == (pdf,)
        assert empty_hall.state()["documents"] == before + 1
        for trouble, end, code in (
            ("paper_out", "paper_ok", "document_printer.paper_out"),
            ("jam", "clear_jam", "document_printer.jam"),
        ):
            empty_hall.document_printer(DocumentPrinterAction(trouble))
            assert code in {fault.code for fault in printer.poll(Deadline.after(5)).faults}
            empty_hall.document_printer(DocumentPrinterAction(end))
            assert printer.poll(Deadline.after(5)).faults == ()
        empty_hall.document_printer(DocumentPrinterAction.UNPLUG)
        with pytest.raises(DriverError):
            printer.poll(Deadline.after(5))
        assert empty_hall.state()["document_printer"] == {"paper": "ok", "jammed": False, "plugged": False}
        empty_hall.document_printer(DocumentPrinterAction.PLUG)
        assert printer.poll(Deadline.after(5)).faults == ()


def test_a_receipt_comes_out_and_its_code_can_be_shown(empty_hall):
    assert empty_hall.last_code() is None
    before = len(empty_hall.papers())
    document = ReceiptDocument((Text("受理回执"), QrCode("https://example.invalid/39402"), Cut()))
    with device(empty_hall, "receipt_printer") as printer:
        result = printer.print(document, "0001", Deadline.after(10))
    assert result.outcome is PrintOutcome.PRINTED
    assert len(empty_hall.papers()) == len(empty_hall.accepted()) == before + 1
    assert empty_hall.state()["receipts"] == before + 1
    with Image.open(io.BytesIO(empty_hall.papers()[-1])) as paper:
        assert paper.width == 576
    assert empty_hall.last_code() == "https://example.invalid/39402"
    empty_hall.hold_code(empty_hall.last_code())
    with device(empty_hall, "code_scanner") as scanner:
        assert scanner.scan(Deadline.after(5), threading.Event()).text == "https://example.invalid/39402"


@pytest.mark.parametrize(
    ("trouble", "end", "place", "value"),
    [
        (PrinterAction.PAPER_OUT, PrinterAction.PAPER_OK, "paper", "out"),
        (PrinterAction.COVER_OPEN, PrinterAction.COVER_CLOSED, "cover_open", True),
        (PrinterAction.JAM, PrinterAction.CLEAR_JAM, "jammed", True),
        (PrinterAction.HEAD_HOT, PrinterAction.HEAD_COOL, "head_hot", True),
        (PrinterAction.CUTTER_STUCK, PrinterAction.CUTTER_FREE, "cutter_stuck", True),
    ],
)
def test_printer_troubles_are_seen_by_the_driver_and_end(hall, trouble, end, place, value):
    well = hall.state()["printer"]
    with device(hall, "receipt_printer") as printer:
        hall.printer(trouble)
        assert hall.state()["printer"] == {**well, place: value}
        assert printer.poll(Deadline.after(3)).state is DeviceState.FAULT
        hall.printer(end)
        assert hall.state()["printer"] == well
        assert printer.poll(Deadline.after(3)).state is DeviceState.ONLINE


def test_one_trouble_that_ends_leaves_the_other(hall):
    with device(hall, "receipt_printer") as printer:
        hall.printer(PrinterAction.JAM)
        hall.printer(PrinterAction.HEAD_HOT)
        hall.printer(PrinterAction.CLEAR_JAM)
        assert [fault.code for fault in printer.poll(Deadline.after(3)).faults] == ["printer.overheated"]
        hall.printer(PrinterAction.HEAD_COOL)
        assert printer.poll(Deadline.after(3)).state is DeviceState.ONLINE


def test_tickets_are_taken_at_once_or_left_until_somebody_comes(hall):
    document = ReceiptDocument((Text("受理回执"), Cut()))
    with device(hall, "receipt_printer") as printer:
        assert printer.print(document, "0001", Deadline.after(10)).ticket is Ticket.TAKEN
        hall.printer(PrinterAction.TICKET_LEFT)
        assert hall.state()["printer"]["ticket_left"] is True
        assert printer.print(document, "0002", Deadline.after(10)).ticket is Ticket.WAITING
        never = threading.Event()
        never.set()
        assert printer.wait_taken(Deadline.after(3), never) is Ticket.WAITING
        hall.printer(PrinterAction.TICKET_TAKEN)
        assert hall.state()["printer"]["ticket_left"] is False
        assert printer.wait_taken(Deadline.after(3), never) is Ticket.TAKEN


def test_low_paper_is_a_supply(hall):
    with device(hall, "receipt_printer") as printer:
        hall.printer(PrinterAction.PAPER_LOW)
        assert [supply.level for supply in printer.poll(Deadline.after(3)).supplies] == ["low"]
        hall.printer(PrinterAction.PAPER_OK)


def test_an_unplugged_printer_is_gone_until_it_is_plugged_in(hall):
    hall.printer(PrinterAction.UNPLUG)
    assert hall.state()["printer"]["plugged"] is False
    with pytest.raises(Exception, match="printer"), device(hall, "receipt_printer"):
        pass
    hall.printer(PrinterAction.PLUG)
    with device(hall, "receipt_printer") as printer:
        assert printer.poll(Deadline.after(3)).state is DeviceState.ONLINE


def test_the_network_needs_a_cable_first(hall):
    with pytest.raises(ValueError, match="cable"):
        hall.set_network(True)
    with socket.create_server(("127.0.0.1", 0)) as central:
        url = hall.connect_network(*central.getsockname())
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=5):
            central.accept()[0].close()
        hall.set_network(False)
        assert hall.state()["network"] is False
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, int(port)), timeout=5)
        hall.set_network(True)
        assert hall.state()["network"] is True


def children():
    """Return the processes that this one started and that still run."""
    tasks = Path("/proc/self/task").glob("*/children")
    return {child for task in tasks for child in task.read_text().split()}


def test_stopping_leaves_no_thread_no_process_and_no_port(short_directory):
    threads, processes = set(threading.enumerate()), children()
    hall = VirtualHall(short_directory)
    hall.start(Deadline.after(10))
    hall.put_card(people("pcsc")[0], "pcsc")
    hall.put_card(people("sdt")[0], "sdt")
    assert children() > processes
    printer = hall.device_tables()["receipt_printer"]["options"]["address"]
    hall.stop()
    assert set(threading.enumerate()) <= threads
    assert children() <= processes
    assert not (short_directory / "sdt").exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(printer.rsplit(":", 1)[1])), timeout=5)
