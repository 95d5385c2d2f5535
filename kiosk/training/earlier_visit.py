"""A case that a scripted citizen handed in on an earlier visit, so that there is something whose progress can be asked."""

from __future__ import annotations

from datetime import datetime

from drivers.base import Deadline
from drivers.card_reader import IdentityDocument
from kiosk.config import ASSETS
from kiosk.contract.cases import Accepted, Submission
from kiosk.identity import applicant
from kiosk.journey.inspection import check
from kiosk.keys import new_key
from kiosk.training.world import TERMINAL_ID, World, WorldError
from kiosk.uplink.client import CentralClient

ITEM_OF = "medical_insurance_enrolment"


def hand_in_earlier(world: World, card: IdentityDocument, deadline: Deadline) -> str:
    """Hand a case in to the training platform, by the terminal's own client; return the text of its receipt's code."""
    service, _ = check(ASSETS / "services" / f"{ITEM_OF}.toml")
    if service is None:
        raise WorldError(f"the service {ITEM_OF} has mistakes")
    submission = Submission(
        task_code=service.item.task_code,
        task_version=service.item.task_version,
        terminal_id=TERMINAL_ID,
        local_no=f"{TERMINAL_ID}-EARLIER",
        handed_in_at=datetime.now().astimezone(),
        training=True,
        language="zh",
        applicant=applicant(card),
        form={},
    )
    client = CentralClient(
        "http://{}:{}".format(*world.central_address), TERMINAL_ID, world.token_file.read_text(encoding="ascii").strip()
    )
    answer = client.submit(new_key(), submission.model_dump_json().encode(), deadline.remaining())
    if not isinstance(answer, Accepted):
        raise WorldError(f"central did not take the earlier visit's case: {answer!r}")
    return answer.query_code
