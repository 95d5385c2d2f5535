"""``kiosk sim``: what the dock can do, from a shell, by asking the dock that is running."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from drivers.hall import CabinetAction, DocumentPrinterAction, PowerAction, PrinterAction
from kiosk.training import dock_address
from kiosk.training.dock_address import TRAINING_DIRECTORY, DockAddress

if TYPE_CHECKING:
    import requests

_SECONDS = 15.0

app = typer.Typer(no_args_is_help=True)
card = typer.Typer(help="The card reader.", no_args_is_help=True)
code = typer.Typer(help="The code camera.", no_args_is_help=True)
paper = typer.Typer(help="The document camera.", no_args_is_help=True)
app.add_typer(card, name="card")
app.add_typer(code, name="code")
app.add_typer(paper, name="paper")


class Reader(StrEnum):
    """The hall's card readers."""

    PCSC = "pcsc"
    SDT = "sdt"


class Cable(StrEnum):
    """What can be done to the network cable."""

    UP = "up"
    DOWN = "down"


_directory = TRAINING_DIRECTORY


@app.callback()
def choose_terminal(
    training_directory: Annotated[
        Path, typer.Option(help="Where the training terminal keeps its files.", show_default=False)
    ] = TRAINING_DIRECTORY,
) -> None:
    """Work the hall around a running training terminal: cards, codes, papers, printer, cabinet, power, network."""
    global _directory
    _directory = training_directory


@card.command("put")
def put_card(
    citizen: Annotated[str, typer.Argument(help="One of assets/citizens without .toml, or a citizen FILE.")],
    reader: Annotated[Reader | None, typer.Option(help="The reader, if not the one that the file names.")] = None,
) -> None:
    """Put a citizen's card on a reader."""
    order: dict[str, object] = {"citizen": citizen, "reader": reader.value if reader else ""}
    if citizen.endswith(".toml") or "/" in citizen:
        order["toml"] = _read(Path(citizen)).decode("utf-8", "replace")
    _post("card", order)


@card.command("plain")
def put_plain_card() -> None:
    """Put a plain type-B card, which cannot give a name, on the PC/SC reader."""
    _post("card/plain")


@card.command("take")
def take_card() -> None:
    """Take every card away."""
    _post("card/take")


@code.command("hold")
def hold_code(
    text: Annotated[str | None, typer.Argument(help="The code's content.")] = None,
    picture: Annotated[Path | None, typer.Option(help="A PNG or JPEG to hold to the camera.")] = None,
    last_receipt: Annotated[bool, typer.Option("--last-receipt", help="The code on the last receipt.")] = False,
) -> None:
    """Hold a QR code to the camera: a TEXT, a picture, or the last receipt's code."""
    if (text is not None) + (picture is not None) + last_receipt != 1:
        raise typer.BadParameter("give exactly one of TEXT, --picture FILE, --last-receipt")
    if text is not None:
        _post("code", {"text": text})
    elif picture is not None:
        _post_picture("code/picture", picture)
    else:
        _post("code/last-receipt")


@code.command("take")
def take_code() -> None:
    """Take away what is before the code camera."""
    _post("code/take")


@paper.command("put")
def put_paper(
    picture: Annotated[Path | None, typer.Option(help="A PNG or JPEG instead of the proof of residence.")] = None,
    blurred: Annotated[bool, typer.Option("--blurred", help="Out of focus.")] = False,
) -> None:
    """Put a paper under the document camera: an invented proof of residence, or a picture."""
    if picture is not None and blurred:
        raise typer.BadParameter("--blurred goes with the proof of residence, not with --picture")
    if picture is not None:
        _post_picture("paper/picture", picture)
    else:
        _post("paper", {"sharp": not blurred})


@paper.command("take")
def take_paper() -> None:
    """Take the paper away."""
    _post("paper/take")


@app.command("printer")
def work_printer(action: Annotated[PrinterAction, typer.Argument(help="What to do to it.")]) -> None:
    """Do something to the receipt printer."""
    _post("printer", {"action": action.value})


@app.command("document-printer")
def work_document_printer(
    action: Annotated[DocumentPrinterAction, typer.Argument(help="What to do to it.")],
) -> None:
    """Do something to the A4 printer."""
    _post("document-printer", {"action": action.value})


@app.command("cabinet")
def work_cabinet(action: Annotated[CabinetAction, typer.Argument(help="What happens.")]) -> None:
    """Walk away from the terminal or come back; open or close its door."""
    _post("cabinet", {"action": action.value})


@app.command("power")
def work_power(action: Annotated[PowerAction, typer.Argument(help="What happens.")]) -> None:
    """Switch the mains off or on, or let the battery run low."""
    _post("power", {"action": action.value})


@app.command("network")
def set_network(cable: Annotated[Cable, typer.Argument(help="Plug the cable in (up) or out (down).")]) -> None:
    """Plug the network cable in or out."""
    _post("network", {"up": cable is Cable.UP})


@app.command("receipts")
def save_receipts(
    out: Annotated[Path, typer.Option(help="The folder to write receipt-N.png and receipt-N.bin to.")],
) -> None:
    """Save every receipt that has come out: the paper, and the bytes that the printer accepted."""
    count = int(_get("state").json()["hall"]["receipts"])
    out.mkdir(parents=True, exist_ok=True)
    for number in range(1, count + 1):
        for form in ("png", "bin"):
            (out / f"receipt-{number}.{form}").write_bytes(_get(f"receipts/{number}.{form}").content)
    typer.echo(f"{count} receipts in {out}")


@app.command("documents")
def save_documents(
    out: Annotated[Path, typer.Option(help="The folder to write document-N.pdf to.")],
) -> None:
    """Save every document on A4 that has come out."""
    count = int(_get("state").json()["hall"]["documents"])
    out.mkdir(parents=True, exist_ok=True)
    for number in range(1, count + 1):
        (out / f"document-{number}.pdf").write_bytes(_get(f"documents/{number}.pdf").content)
    typer.echo(f"{count} documents in {out}")


@app.command("screenshot")
def save_screenshot(file: Annotated[Path, typer.Argument(help="The PNG to write.")]) -> None:
    """Save what the terminal's screen shows."""
    file.write_bytes(_get("screen.png").content)


@app.command("touch")
def touch(
    x: Annotated[int, typer.Argument(min=0, help="Pixels from the left.")],
    y: Annotated[int, typer.Argument(min=0, help="Pixels from the top.")],
) -> None:
    """Touch the terminal's screen."""
    _post("touch", {"points": [{"kind": kind, "x": x, "y": y} for kind in ("press", "release")]})


@app.command("state")
def show_state(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Show what is where."""
    state: dict[str, Any] = _get("state").json()
    if as_json:
        typer.echo(json.dumps(state, ensure_ascii=False, indent=2))
        return
    hall: dict[str, Any] = state["hall"]
    for reader, kind in hall["cards"].items():
        name = state["citizens"].get(reader)
        typer.echo(f"card on {reader}: {kind or 'none'}{f' ({name})' if name else ''}")
    printer: dict[str, Any] = hall["printer"]
    typer.echo(f"code: {hall['code'] or 'none'}")
    typer.echo(f"paper under the camera: {hall['paper'] or 'none'}")
    typer.echo(
        f"printer: paper {printer['paper']}, cover {'open' if printer['cover_open'] else 'closed'}, "
        f"{'jammed' if printer['jammed'] else 'no jam'}, head {'hot' if printer['head_hot'] else 'cool'}, "
        f"cutter {'stuck' if printer['cutter_stuck'] else 'free'}, tickets {'left' if printer['ticket_left'] else 'taken'}, "
        f"{'plugged in' if printer['plugged'] else 'unplugged'}"
    )
    documents: dict[str, Any] = hall["document_printer"]
    typer.echo(
        f"A4 printer: paper {documents['paper']}, {'jammed' if documents['jammed'] else 'no jam'}, "
        f"{'plugged in' if documents['plugged'] else 'unplugged'}"
    )
    cabinet: dict[str, Any] = hall["cabinet"]
    typer.echo(
        f"cabinet: {'somebody' if cabinet['present'] else 'nobody'} there, door {'open' if cabinet['door_open'] else 'closed'}, "
        f"lights: {', '.join(cabinet['lit']) or 'none'}, fan {'on' if cabinet['fan'] else 'off'}"
    )
    typer.echo(f"power: {hall['power']}")
    typer.echo(f"network: {'up' if hall['network'] else 'down'}")
    typer.echo(f"receipts: {hall['receipts']}")
    typer.echo(f"documents: {hall['documents']}")


def _fail(words: str) -> NoReturn:
    typer.echo(words, err=True)
    raise typer.Exit(1)


def _address() -> DockAddress:
    try:
        address = dock_address.find(_directory)
    except (OSError, ValueError) as error:
        _fail(str(error))
    if address is None:
        _fail("no training terminal is running: start script/run")
    return address


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}") from None


def _get(path: str) -> requests.Response:
    return _ask("GET", path, None, "")


def _post(path: str, order: dict[str, object] | None = None) -> None:
    _ask("POST", path, None if order is None else json.dumps(order).encode(), "application/json")


def _post_picture(path: str, picture: Path) -> None:
    _ask("POST", path, _read(picture), "application/octet-stream")


def _ask(method: str, path: str, body: bytes | None, content_type: str) -> requests.Response:
    address = _address()
    headers = {"X-Dock-Token": address.token} | ({"Content-Type": content_type} if body is not None else {})
    import requests  # here, because every kiosk command reads this module and the terminal must start quickly

    with requests.Session() as session:
        session.trust_env = False  # a proxy has no business between this machine and itself
        try:
            answer = session.request(method, f"{address.url}/api/{path}", data=body, headers=headers, timeout=_SECONDS)
        except requests.ConnectionError:
            _fail("no training terminal is running: start script/run")
        except requests.RequestException as error:
            _fail(f"the training terminal does not answer: {type(error).__name__}")
    if answer.ok:
        return answer
    try:
        _fail(str(answer.json()["detail"]))
    except (ValueError, KeyError, TypeError):
        _fail(f"the training terminal refused: HTTP {answer.status_code}")
