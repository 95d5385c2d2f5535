"""Submissions (what a terminal hands in, once), cases (办件), queries and ratings."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Base64Bytes, Field

from kiosk.contract.items import Value

DocumentType = Literal[
    "resident",
    "hmt_permit",
    "permanent_resident_2017",
    "permanent_resident_2023",
    "social_security",
    "passport",
    "exit_entry_permit",
]
"""The card's kind in our own words: the codes of GA/T 2000.156 were not available to us, so an adapter maps them per city."""

ProjectNumber = Annotated[str, Field(pattern=r"^[0-9A-Z]{18}[1-6][0-9A-Z]{12}\d{8}\d{4}$")]
"""project_no, 43 characters: task_code (31), day of acceptance (yyyyMMdd), number of the day (4)."""


class Applicant(Value):
    """Who hands in. Personal data."""

    name: str = Field(min_length=1, max_length=120)
    name_en: str = Field(default="", max_length=120)
    sex: Literal["0", "1", "2", "9"]
    birth: date
    nation: str = Field(default="", pattern=r"^(\d\d)?$")
    nationality: str = Field(default="", pattern=r"^([A-Z]{3})?$")
    document_type: DocumentType
    document_number: str = Field(min_length=1, max_length=18)
    address: str = Field(default="", max_length=200)
    valid_to: date | None = None


class MaterialFile(Value):
    """One photographed paper."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    media_type: Literal["image/jpeg"] = "image/jpeg"
    content: Base64Bytes = Field(max_length=4_000_000)


class Submission(Value):
    """What a terminal hands in. The same idempotency key always carries the same bytes."""

    task_code: str
    task_version: int
    terminal_id: str = Field(pattern=r"^[A-Za-z0-9-]{1,40}$")
    local_no: str = Field(pattern=r"^[A-Z0-9-]{4,40}$")
    handed_in_at: datetime
    training: bool
    language: Literal["zh", "en"]
    applicant: Applicant
    form: dict[str, str]
    materials: tuple[MaterialFile, ...] = ()
    signature_png: Base64Bytes = Field(default=b"", max_length=500_000)


class Accepted(Value):
    """Central's answer to a submission: the case's number and what the receipt says.

    ``query_code`` is the text of the receipt's QR code; whoever holds it may see the masked progress.
    """

    project_no: ProjectNumber
    query_code: str = Field(min_length=8, max_length=200)
    accept_date: date
    promise_date: date


class CaseStep(Value):
    """One step of a case (受理 审核 批准 办结): result 通过/退回/其他 once ended."""

    name: str
    name_en: str
    state: Literal["done", "current", "waiting", "returned"]
    started_at: datetime | None = None
    ended_at: datetime | None = None


class Clocks(Value):
    """The four clocks of a case (四条线): legal 法定, promised 承诺, assessed 考核, and days used 实际."""

    legal_date: date
    promise_date: date
    assess_date: date
    used_days: int
    stage: Literal["running", "reminder", "warning", "breach", "over_legal", "ended"]


class Case(Value):
    """The progress of one case as the public may see it: the applicant's name and number are masked."""

    project_no: ProjectNumber
    local_no: str
    task_name: str
    task_name_en: str
    applicant_masked: str
    document_masked: str
    accept_date: date
    state: Literal["accepted", "in_review", "approved", "completed", "returned"]
    steps: tuple[CaseStep, ...]
    clocks: Clocks


class QueryByCode(Value):
    """Ask with the QR code of a receipt: its whole text. Codes of receipts given without a number work too."""

    by: Literal["code"] = "code"
    query_code: str = Field(min_length=8, max_length=200)


class QueryByDocument(Value):
    """Ask with an identity card that was read on this terminal."""

    by: Literal["document"] = "document"
    document_type: DocumentType
    document_number: str = Field(min_length=1, max_length=18)


class CaseQuery(Value):
    """A question for cases. Sent as a POST body so that no log holds it."""

    query: Annotated[QueryByCode | QueryByDocument, Field(discriminator="by")]


class CaseList(Value):
    """Newest first, at most 20."""

    cases: tuple[Case, ...]


class Rating(Value):
    """好差评. ``satisfaction`` as GB/T 39046 counts: 1 非常满意 .. 5 非常不满意; 4 and 5 need a reason or a text.

    ``subject_no`` is the project_no, or the local_no while there is none. ``assess_number`` tells repeated ratings of a case apart.
    """

    subject_no: str = Field(min_length=4, max_length=43)
    task_code: str
    assess_number: int = Field(ge=1)
    satisfaction: int = Field(ge=1, le=5)
    reasons: tuple[str, ...] = ()
    text: str = Field(default="", max_length=500)
    channel: Literal["5"] = "5"
    rated_at: datetime


LOCAL_CODE_PREFIX = "CKL:"
"""Receipts without a number carry ``CKL:`` + the submission's idempotency key (a UUIDv7) as their QR code."""
CASE_CODE_PREFIX = "CK1:"
"""Receipts with a number carry ``CK1:`` + project_no + ``:`` + a random token that central made."""
