"""From data to device-neutral receipts."""

from kiosk.receipts.build import build as build
from kiosk.receipts.template import LANGUAGES as LANGUAGES
from kiosk.receipts.template import ReceiptTemplate as ReceiptTemplate
from kiosk.receipts.template import ReceiptTemplateError as ReceiptTemplateError
from kiosk.receipts.template import load as load
