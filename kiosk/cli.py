"""The ``kiosk`` command: run, tour, self-test, status, and checks of what people write. Exit 0 pass, 1 fail, 2 usage."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kiosk.documents.commands import documents_app, stock_app
from kiosk.memory import keep_few_arenas
from kiosk.training.sim_commands import app as sim_app

if TYPE_CHECKING:
    from kiosk.config import Configuration

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # whose help shows a type behind every flag
    help="A self-service terminal for government services.",
)
services_app = typer.Typer(no_args_is_help=True, help="Services as data.")
config_app = typer.Typer(no_args_is_help=True, help="The terminal's configuration.")
devices_app = typer.Typer(no_args_is_help=True, help="Devices and their drivers.")
app.add_typer(services_app, name="services")
app.add_typer(devices_app, name="devices")
app.add_typer(config_app, name="config")
app.add_typer(sim_app, name="sim")
app.add_typer(documents_app, name="documents")
app.add_typer(stock_app, name="stock")
technician_app = typer.Typer(no_args_is_help=True, help="Who may enter technician mode on the screen.")
app.add_typer(technician_app, name="technician")

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="The configuration (default: /etc/civic-kiosk/kiosk.toml)."),
]

LanguageOption = Annotated[str, typer.Option("--language", help="zh or en (default: the configuration's own).")]


def _fail(text: str, code: int = 1) -> typer.Exit:
    typer.echo(text, err=True)
    return typer.Exit(code)


def _known_language(language: str, command: str) -> str:
    if language not in ("", "zh", "en"):
        raise _fail(f"kiosk {command}: --language is zh or en", 2)
    return language


def _loaded(config: Path | None) -> Configuration | None:
    from kiosk.config import ConfigurationError, load

    try:
        return None if config is None else load(config)
    except ConfigurationError as error:
        raise _fail(f"kiosk: {error}", 2) from None


@app.command()
def run(
    config: ConfigOption = None,
    training: Annotated[
        bool, typer.Option("--training", help="Virtual devices, an embedded central platform and the dock.")
    ] = False,
    headless: Annotated[bool, typer.Option("--headless", help="Without a window, for tests.", hidden=True)] = False,
    landscape: Annotated[bool, typer.Option("--landscape", help="With --training: a screen of 1920x1080.")] = False,
    directory: Annotated[
        Path | None, typer.Option("--training-directory", help="With --training: where its files go.")
    ] = None,
) -> None:
    """Run the terminal until Ctrl-C or SIGTERM."""
    if training:
        from kiosk.training.supervisor import run_training

        raise typer.Exit(run_training(directory, landscape, _loaded(config)))
    # What is loaded at start stays: to collect it again and again would only make the start longer. ``run`` turns it on.
    gc.disable()
    from kiosk.app import default_configuration
    from kiosk.app import run as run_terminal
    from kiosk.config import ConfigurationError, load

    try:
        raise typer.Exit(run_terminal(load(config or default_configuration()), headless))
    except ConfigurationError as error:
        raise _fail(f"kiosk: {error}", 2) from None


@app.command()
def tour(
    service: Annotated[str, typer.Argument(help="The service's id, such as medical_insurance_enrolment.")],
    citizen: Annotated[
        Path | None, typer.Option("--citizen", metavar="FILE", help="Who visits (docs/citizen-files.md).")
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where pictures, receipts and summary.json go.")
    ] = Path("var/tour"),
    language: Annotated[str, typer.Option("--language", help="zh or en.")] = "zh",
    landscape: Annotated[bool, typer.Option("--landscape", help="A screen of 1920x1080 instead of 1080x1920.")] = False,
) -> None:
    """A scripted citizen touches the real screens from the home screen to the end of SERVICE."""
    from kiosk.config import ASSETS

    if language not in ("zh", "en"):
        raise _fail("kiosk tour: --language is zh or en", 2)
    if not (ASSETS / "services" / f"{service}.toml").is_file():
        raise _fail(f"kiosk tour: there is no service {service!r}", 2)
    from kiosk.training.citizen import CitizenFileError
    from kiosk.training.tour import run_tour

    try:
        code = run_tour(service, citizen, out, language, landscape)
    except CitizenFileError as error:
        raise _fail(f"kiosk tour: {error}", 2) from None
    raise typer.Exit(code)


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    config: ConfigOption = None,
    language: LanguageOption = "",
) -> None:
    """Whether the terminal runs, reaches central and has room, and what waits to be handed in; while it runs or not."""
    from kiosk.status import show

    raise typer.Exit(show(config, as_json, _known_language(language, "status")))


@app.command()
def selftest(
    device: Annotated[str | None, typer.Option("--device", metavar="NAME", help="Only this device.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    config: ConfigOption = None,
    language: LanguageOption = "",
    training: Annotated[bool, typer.Option("--training", help="Try it on virtual devices.")] = False,
    interactive: Annotated[
        bool,
        typer.Option("--interactive", help="Also the checks that need a hand: a card, a look at a print, a touch."),
    ] = False,
    soak: Annotated[
        str, typer.Option("--soak", metavar="DURATION", help="Again and again, such as 20s, 30m or 8h.")
    ] = "",
    faults: Annotated[
        bool, typer.Option("--faults", help="With --soak: inject random faults into virtual hardware.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="With --soak: replay an earlier run's choices.")] = 0,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE.html", help="Write a report with pictures.")
    ] = None,
    now: Annotated[
        bool, typer.Option("--now", help="End a visit that is under way instead of waiting for it.")
    ] = False,
) -> None:
    """Check every configured device; a terminal that runs steps aside meanwhile. Exit 0 only if nothing failed."""
    _known_language(language, "selftest")
    seconds = _duration(soak) if soak else 0.0
    if faults and not soak:
        raise _fail("kiosk selftest: --faults goes with --soak", 2)
    if soak and (interactive or report is not None):
        raise _fail("kiosk selftest: --soak goes with neither --interactive nor --report", 2)
    from kiosk.selftest.command import Options, run_selftest

    options = Options(config, device, as_json, language, interactive, report, now, seconds, faults, seed)
    if training:
        if config is not None:
            raise _fail("kiosk: --training makes its own configuration; leave --config out", 2)
        from kiosk.training.hall_check import run_training_selftest

        raise typer.Exit(run_training_selftest(options))
    raise typer.Exit(run_selftest(options))


def _duration(text: str) -> float:
    """Return the seconds of ``20s``, ``30m`` or ``8h``, at most a day."""
    unit = {"s": 1.0, "m": 60.0, "h": 3600.0}.get(text[-1:])
    if unit is None or not text[:-1].isdecimal() or not 0 < int(text[:-1]) * unit <= 24 * 3600:
        raise _fail("kiosk selftest: --soak is such as 20s, 30m or 8h, at most 24h", 2)
    return int(text[:-1]) * unit


@app.command()
def trace(
    device: Annotated[str, typer.Argument(help="The device's name in the configuration.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    config: ConfigOption = None,
    language: LanguageOption = "",
) -> None:
    """Show what goes over a device's wire, decoded and with personal data masked, until Ctrl-C."""
    _known_language(language, "trace")
    from kiosk.selftest.trace import run_trace

    raise typer.Exit(run_trace(config, device, as_json, language))


@devices_app.command("discover")
def devices_discover(
    ask: Annotated[
        bool,
        typer.Option(
            "--ask", help="Let each driver ask the ports that are free whether its device is there; look for printers."
        ),
    ] = False,
    port: Annotated[list[str] | None, typer.Option("--port", metavar="PATH", help="One more serial port.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    language: Annotated[str, typer.Option("--language", help="zh or en.")] = "en",
) -> None:
    """Say which devices are there, which driver would fit, and the lines of configuration to paste."""
    if language not in ("zh", "en"):
        raise _fail("kiosk devices discover: --language is zh or en", 2)
    from kiosk.devices_discover import discover

    raise typer.Exit(discover(ask, tuple(port or ()), as_json, language))


@technician_app.command("hash")
def technician_hash() -> None:
    """Ask for a PIN, or a card's number, and print the hash that stands for it in the configuration."""
    from kiosk.technician.credentials import hash_of

    asked = typer.prompt("PIN (6 to 12 digits) or card number", hide_input=True, confirmation_prompt=True)
    secret = str(asked).strip().upper()
    if len(secret) < 6 or (secret.isdecimal() and 12 < len(secret) < 15):
        raise _fail("kiosk technician: a PIN of 6 to 12 digits, or a card's whole number", 2)
    typer.echo(hash_of(secret))


@devices_app.command("conform")
def devices_conform(
    driver: Annotated[str, typer.Argument(help="The driver's name, such as escpos, or a vendor's.")],
    bench: Annotated[str | None, typer.Option("--bench", metavar="NAME", help="Only this bench of the driver.")] = None,
    cases: Annotated[int, typer.Option("--cases", min=1, help="How many cases for each bench.")] = 200,
    seed: Annotated[int, typer.Option("--seed", help="Chooses the moments of trouble.")] = 1,
    case: Annotated[int | None, typer.Option("--case", min=0, help="Only this case, as a finding names it.")] = None,
    device: Annotated[
        str | None,
        typer.Option("--device", metavar="NAME", help="Instead of benches: this device of the configuration."),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Put a driver through the conformance suite: faults at every moment, and what it must do then."""
    from kiosk.devices_conform import Chosen, conform, conform_device

    chosen = Chosen(cases, seed, case)
    if device is None:
        raise typer.Exit(conform(driver, bench, chosen))
    if bench is not None:
        raise _fail("kiosk devices conform: --bench is for virtual hardware; it does not go with --device", 2)
    raise typer.Exit(conform_device(driver, config, device, chosen))


@services_app.command("check")
def services_check(
    path: Annotated[
        Path | None, typer.Argument(help="A service file or a folder of them (default: assets/services).")
    ] = None,
) -> None:
    """Find every mistake in service files before a citizen does."""
    from kiosk.config import ASSETS
    from kiosk.journey.inspection import check

    place = path or ASSETS / "services"
    files = sorted(place.glob("*.toml")) if place.is_dir() else [place]
    if not files or not all(file.is_file() for file in files):
        raise _fail(f"kiosk services check: no service file at {place}", 2)
    failed = False
    for file in files:
        _, findings = check(file)
        failed = failed or bool(findings)
        typer.echo(f"{file.name}: {'ok' if not findings else f'{len(findings)} wrong'}")
        for finding in findings:
            typer.echo(f"  {finding}")
    raise typer.Exit(1 if failed else 0)


@config_app.command("check")
def config_check(file: Annotated[Path | None, typer.Argument(help="The configuration file.")] = None) -> None:
    """Find every mistake in a configuration."""
    from kiosk.app import configuration_problems, default_configuration
    from kiosk.config import ConfigurationError, load

    place = file or default_configuration()
    if not place.is_file():
        raise _fail(f"kiosk config check: {place} is not there", 2)
    try:
        problems = configuration_problems(load(place))
    except ConfigurationError as error:
        problems = str(error).splitlines()
    for problem in problems:
        typer.echo(problem)
    if problems:
        raise typer.Exit(1)
    typer.echo(f"{place}: ok")


def main() -> None:
    """Run the command."""
    keep_few_arenas()
    try:
        app()
    except PermissionError as error:
        # A technician who forgot sudo; the terminal's files belong to its own user.
        sys.stderr.write(f"kiosk: {error.filename}: not permitted. Run it as root (sudo), or as the terminal's user.\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
