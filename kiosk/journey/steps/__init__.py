"""One class a step kind: what it shows, what a touch means in it, and what it asks of devices and central."""

from __future__ import annotations

from kiosk.journey.steps.base import Report, Step, Tools
from kiosk.journey.steps.devices import MaterialsStep, ScanStep
from kiosk.journey.steps.document import DocumentStep
from kiosk.journey.steps.identifying import IdentifyStep
from kiosk.journey.steps.paper import ChooseStep, FinishStep, FormStep, NoticeStep, RateStep, ReviewStep, SignStep
from kiosk.journey.steps.querying import ResultStep
from kiosk.journey.steps.receipt import ReceiptStep
from kiosk.journey.steps.submitting import SubmitStep

STEP_KINDS: dict[str, type[Step]] = {
    "notice": NoticeStep,
    "identify": IdentifyStep,
    "scan": ScanStep,
    "choose": ChooseStep,
    "form": FormStep,
    "materials": MaterialsStep,
    "review": ReviewStep,
    "sign": SignStep,
    "submit": SubmitStep,
    "result": ResultStep,
    "receipt": ReceiptStep,
    "document": DocumentStep,
    "rate": RateStep,
    "finish": FinishStep,
}

__all__ = ["STEP_KINDS", "Report", "Step", "Tools"]
