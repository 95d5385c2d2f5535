"""What the screens show and what they answer: immutable values, the only things that cross into the user interface.

Every text in a view is already in the view's language. ``kiosk`` makes views, ``screens`` draws them and posts intents;
neither side calls the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True)
class Choice:
    """One thing to choose: its stable id and its label."""

    id: str
    label: str


@dataclass(frozen=True)
class Row:
    """A label and its value, as shown in reviews and receipts."""

    label: str
    value: str


@dataclass(frozen=True)
class Tile:
    """A service on the home screen. ``reason`` says in plain words why it is not available, else it is empty."""

    service: str
    title: str
    subtitle: str
    icon: str
    available: bool
    reason: str = ""


class Phase(StrEnum):
    """Where a step that waits for something stands."""

    WAITING = "waiting"
    WORKING = "working"
    REFUSED = "refused"
    DONE = "done"


@dataclass(frozen=True)
class HomeView:
    """The services of this terminal. ``notice`` is a line for everyone (such as: prints are not possible now)."""

    tiles: tuple[Tile, ...]
    notice: str = ""


@dataclass(frozen=True)
class NoticeView:
    """What to know before starting: paragraphs, read before going on."""

    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class IdentifyView:
    """Put the card on the reader. ``message`` says what went wrong or what happens now."""

    instruction: str
    phase: Phase
    message: str = ""
    alternatives: tuple[Choice, ...] = ()


@dataclass(frozen=True)
class ScanView:
    """Show a code to the camera."""

    instruction: str
    phase: Phase
    message: str = ""
    alternatives: tuple[Choice, ...] = ()


@dataclass(frozen=True)
class ChooseView:
    """One question with a few big answers."""

    question: str
    choices: tuple[Choice, ...]


class FieldKind(StrEnum):
    """How a field is filled. Read-only fields come from the card."""

    READ_ONLY = "read_only"
    DIGITS = "digits"
    TEXT = "text"
    CHOICE = "choice"


@dataclass(frozen=True)
class FieldView:
    """One field of a form. ``value`` is what is shown (masked where it must be); ``error`` is empty when all is well."""

    name: str
    label: str
    kind: FieldKind
    value: str = ""
    error: str = ""
    hint: str = ""
    required: bool = True
    max_length: int = 64
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True)
class FormView:
    """A form; fields that the card gave are read-only and come first."""

    fields: tuple[FieldView, ...]
    message: str = ""


@dataclass(frozen=True, repr=False)
class MaterialsView:
    """Photograph one paper. ``picture`` is a JPEG: the live preview while waiting, the photograph when done.

    ``hint`` goes with the live picture and changes as often as it does: what to move, or that all is well.
    """

    name: str
    guide: str
    phase: Phase
    message: str = ""
    picture: bytes = b""
    index: int = 1
    count: int = 1
    hint: str = ""


@dataclass(frozen=True)
class ReviewView:
    """Everything that will be handed in, to be confirmed."""

    rows: tuple[Row, ...]
    statement: str = ""


@dataclass(frozen=True)
class SignView:
    """Sign with the finger under the statement."""

    statement: str
    message: str = ""


@dataclass(frozen=True)
class SubmitView:
    """Handing in: progress, then the result."""

    phase: Phase
    message: str


@dataclass(frozen=True)
class CaseStepView:
    """One step of a case: its name, ``state`` done | current | waiting | returned, and a date or empty."""

    name: str
    state: str
    date: str = ""


@dataclass(frozen=True)
class CaseView:
    """The progress of one case."""

    title: str
    rows: tuple[Row, ...]
    steps: tuple[CaseStepView, ...]
    clocks: tuple[Row, ...]


@dataclass(frozen=True)
class ResultView:
    """What a query found: none, one or several cases, newest first; ``message`` when there is none or it failed.

    ``choices`` offers to ask again when it failed.
    """

    phase: Phase
    cases: tuple[CaseView, ...] = ()
    message: str = ""
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True)
class ReceiptView:
    """The receipt is coming; ``rows`` repeat what matters (case number, promised date) for those who get no paper.

    ``choices`` offers to print again when it surely was not printed.
    """

    phase: Phase
    message: str
    rows: tuple[Row, ...] = ()
    code: str = ""
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True)
class RateView:
    """How was it? ``levels`` from best to worst; ``reasons`` and ``chosen`` once a level is picked that needs one."""

    question: str
    levels: tuple[Choice, ...]
    chosen_level: str = ""
    reasons: tuple[Choice, ...] = ()
    message: str = ""


@dataclass(frozen=True)
class FinishView:
    """Good-bye, with a reminder of what to take along."""

    message: str
    reminders: tuple[str, ...] = ()


@dataclass(frozen=True)
class FaultView:
    """Something is wrong in the middle of a visit, in plain words, and what can be done."""

    message: str
    what_to_do: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class OutOfServiceView:
    """Nothing works here now: why, and where to go instead."""

    message: str
    advice: str


@dataclass(frozen=True)
class TechnicianEntryView:
    """The way into technician mode: a PIN, of which only the number of digits typed is shown, or a card on a reader."""

    instruction: str
    digits: int
    keypad: bool
    message: str = ""


class Mark(StrEnum):
    """How a line of the technician's list stands."""

    GOOD = "good"
    CAUTION = "caution"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class TechnicianLine:
    """A device or a finding: what it is, what is known or wrong of it, and what to do."""

    title: str
    detail: str
    mark: Mark


@dataclass(frozen=True)
class TechnicianView:
    """The technician's overview: the terminal's own data, a line for each device or finding, what can be started."""

    rows: tuple[Row, ...]
    lines: tuple[TechnicianLine, ...]
    choices: tuple[Choice, ...]
    message: str = ""
    time_left: str = ""


@dataclass(frozen=True, repr=False)
class TechnicianTaskView:
    """A check that needs a hand or an eye: what to do or what to answer, with a picture (PNG or JPEG) where one helps."""

    text: str
    choices: tuple[Choice, ...]
    picture: bytes = b""
    time_left: str = ""


@dataclass(frozen=True)
class CrossView:
    """Touch the cross at ``x``, ``y`` (0..1 from the upper left corner of the glass); number ``index`` of ``count``."""

    x: float
    y: float
    index: int
    count: int
    text: str


Body = (
    HomeView
    | NoticeView
    | IdentifyView
    | ScanView
    | ChooseView
    | FormView
    | MaterialsView
    | ReviewView
    | SignView
    | SubmitView
    | ResultView
    | ReceiptView
    | RateView
    | FinishView
    | FaultView
    | OutOfServiceView
    | TechnicianEntryView
    | TechnicianView
    | TechnicianTaskView
    | CrossView
)


@dataclass(frozen=True)
class Buttons:
    """Which of the standard buttons are offered, and the label of the main one (empty: not offered)."""

    back: bool = False
    cancel: bool = False
    next: str = ""
    next_enabled: bool = True


@dataclass(frozen=True)
class Progress:
    """Where the citizen is: names of the stages and the present one's index."""

    stages: tuple[str, ...]
    index: int


@dataclass(frozen=True)
class View:
    """One whole picture of the terminal at one moment.

    ``session`` is None between visits. ``idle_seconds`` is the answer time left of the idle warning, None while there is none.
    ``banner`` is the training banner's text, empty in production. ``asleep``: nobody is there, so the glass may be dark.
    """

    revision: int
    session: int | None
    screen: str
    step: str
    title: str
    language: str
    body: Body
    buttons: Buttons = field(default_factory=Buttons)
    progress: Progress | None = None
    banner: str = ""
    site: str = ""
    idle_seconds: int | None = None
    idle_extendable: bool = True
    asleep: bool = False


# ---- intents: what a touch means. ``session`` guards against touches that belong to an earlier visit.


@dataclass(frozen=True)
class StartService:
    """A tile was touched."""

    service: str


@dataclass(frozen=True)
class SetLanguage:
    """The language button was touched."""

    language: str


@dataclass(frozen=True)
class Next:
    """The main button was touched."""


@dataclass(frozen=True)
class Back:
    """The back button was touched."""


@dataclass(frozen=True)
class Cancel:
    """The citizen wants to stop and go home."""


@dataclass(frozen=True)
class StayHere:
    """The idle warning was answered."""


@dataclass(frozen=True)
class Pick:
    """A choice was touched: on a choose, fault, identify or scan screen, or a rating level or reason."""

    choice: str


@dataclass(frozen=True, repr=False)
class Fill:
    """A field's new value, sent on every change."""

    name: str
    value: str


@dataclass(frozen=True)
class Capture:
    """Take the photograph."""


@dataclass(frozen=True)
class Retake:
    """Throw the photograph away and try again."""


@dataclass(frozen=True, repr=False)
class Signature:
    """The strokes so far, each a sequence of points in 0..1 of the pad's width and height; empty when cleared."""

    strokes: tuple[tuple[tuple[float, float], ...], ...]


@dataclass(frozen=True)
class Activity:
    """The screen was touched, wherever: the idle clock starts anew. Sent at most once a second."""


@dataclass(frozen=True)
class OpenTechnician:
    """The corner that only technicians know was touched often enough."""


@dataclass(frozen=True, repr=False)
class KeyPressed:
    """A key of the technician's keypad: a digit, ``backspace`` or ``done``."""

    key: str


@dataclass(frozen=True)
class Touched:
    """Where the glass was touched while a cross was shown, 0..1 from the upper left corner."""

    x: float
    y: float


Intent = (
    StartService
    | SetLanguage
    | Next
    | Back
    | Cancel
    | StayHere
    | Pick
    | Fill
    | Capture
    | Retake
    | Signature
    | Activity
    | OpenTechnician
    | KeyPressed
    | Touched
)
