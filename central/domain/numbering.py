"""How case numbers and the codes on receipts are put together and read back (GB/T 39046-2020: 31 + 8 + 4)."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from kiosk.contract.cases import CASE_CODE_PREFIX, LOCAL_CODE_PREFIX

LAST_NUMBER_OF_A_DAY = 9999
PROJECT_NUMBER = re.compile(r"[0-9A-Z]{18}[1-6][0-9A-Z]{12}[0-9]{8}[0-9]{4}", re.ASCII)
TASK_CODE = re.compile(r"[0-9A-Z]{18}[1-6][0-9A-Z]{12}", re.ASCII)
SUBJECT = re.compile(r"[A-Z0-9-]{4,43}", re.ASCII)
_UUID_VERSION = 7


@dataclass(frozen=True)
class CaseCode:
    """The code of a receipt with a number; only the digest of the token can be compared."""

    project_no: str
    token_digest: bytes


@dataclass(frozen=True)
class LocalCode:
    """The code of a receipt that was given before the number was known: the submission's key."""

    key: str


def project_number(task_code: str, day: date, number: int) -> str:
    """Return the 43 characters of project_no. Raises ``ValueError`` outside 1..9999."""
    if not 1 <= number <= LAST_NUMBER_OF_A_DAY:
        raise ValueError("the number of the day does not fit four digits")
    return f"{task_code}{day:%Y%m%d}{number:04d}"


def new_token() -> str:
    """Return 128 random bits as 22 characters."""
    return secrets.token_urlsafe(16)


def digest(token: str) -> bytes:
    """Return the SHA-256 of a random token: enough for 128 bits of entropy, and quick."""
    return hashlib.sha256(token.encode()).digest()


def same_digest(left: bytes, right: bytes) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(left, right)


def case_code(project_no: str, token: str) -> str:
    """Return the text of a receipt's QR code."""
    return f"{CASE_CODE_PREFIX}{project_no}:{token}"


def parse_key(text: str) -> str | None:
    """Return an idempotency key in its one spelling, None unless it is a UUIDv7."""
    try:
        key = UUID(text)
    except ValueError:
        return None
    return str(key) if key.version == _UUID_VERSION else None


def parse_code(text: str) -> CaseCode | LocalCode | None:
    """Read the text of a receipt's QR code; None when it is no code of ours."""
    if text.startswith(LOCAL_CODE_PREFIX):
        key = parse_key(text.removeprefix(LOCAL_CODE_PREFIX))
        return LocalCode(key) if key else None
    if text.startswith(CASE_CODE_PREFIX):
        project_no, _, token = text.removeprefix(CASE_CODE_PREFIX).partition(":")
        if PROJECT_NUMBER.fullmatch(project_no) and token:
            return CaseCode(project_no, digest(token))
    return None
