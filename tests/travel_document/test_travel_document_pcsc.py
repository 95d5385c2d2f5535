"""A travel document on a reader, behind a real pcscd: the production driver from the insertion to the judged identity."""

import os
from threading import Event

import pytest
from smartcard import scard
from travel_document_setting import CAN_KEY, KEY, NUMBER, WRONG_KEY, issuer, passport, picture, soon

from drivers.card_reader import CardHandle, CardRefused, DocumentKind, IdentityDocument, Verdict
from drivers.pcsc import service
from drivers.pcsc.reader import PcscCardReader
from drivers.registry import Resources, find
from drivers.sim.pcsc import VirtualPcsc, process_directory
from drivers.sim.virtual_card import CardFaults
from drivers.sim.virtual_passport import Manner


@pytest.fixture(scope="module")
def pcsc():
    service = VirtualPcsc(process_directory(), readers=1)
    os.environ.update(service.environment)
    service.start(soon())
    yield service
    service.stop()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("csca")
    issuer().publish(path)
    return path


@pytest.fixture
def reader(pcsc, folder):
    """A reader as the configuration makes it."""
    device = find("pcsc").make("card", {"csca": str(folder)}, Resources(font_directory=folder))
    assert isinstance(device, PcscCardReader)
    device.open(soon())
    yield device
    pcsc.remove()
    # pcscd must have noticed, or the next test's card could be taken for this one's.
    assert device.wait_removed(soon(), Event())
    device.close()


def put(pcsc, reader, card) -> CardHandle:
    pcsc.insert(card)
    handle = reader.wait_card(soon(), Event())
    assert handle is not None
    return handle


@pytest.mark.parametrize("manner", [Manner("bac"), Manner("pace"), Manner("both", "brainpool", "AES-256")])
@pytest.mark.parametrize("form", ["JPEG", "JPEG2000"])
def test_read_end_to_end(pcsc, reader, manner, form):
    handle = put(pcsc, reader, passport(manner, portrait=picture(form)))
    assert reader.read_identity(handle, soon()) == CardRefused("card.key_needed")
    document = reader.read_identity(handle, soon(), KEY)
    assert isinstance(document, IdentityDocument), document
    assert (document.kind, document.number, document.portrait) == (DocumentKind.PASSPORT, NUMBER, picture(form))
    assert document.authenticity.verdict is Verdict.GENUINE


def test_a_wrong_key_can_be_put_right_while_the_card_lies_there(pcsc, reader):
    handle = put(pcsc, reader, passport())
    refused = reader.read_identity(handle, soon(), WRONG_KEY)
    assert isinstance(refused, CardRefused)
    assert refused.code == "card.wrong_key"
    assert isinstance(reader.read_identity(handle, soon(), CAN_KEY), IdentityDocument)


def test_a_large_portrait_behind_a_reader(pcsc, reader):
    large = picture(noise=120)
    document = reader.read_identity(put(pcsc, reader, passport(portrait=large)), soon(), KEY)
    assert isinstance(document, IdentityDocument), document
    assert document.portrait == large


@pytest.mark.parametrize("access", ["bac", "pace"])
@pytest.mark.parametrize("index", [0, 1, 2, 3, 5, 8, 12, 20])
def test_a_card_pulled_while_it_is_read_gives_no_identity(pcsc, reader, access, index):
    card = passport(Manner(access), faults=CardFaults(pull_at=index))
    outcome = reader.read_identity(put(pcsc, reader, card), soon(), KEY)
    assert isinstance(outcome, CardRefused)
    assert outcome.code in {"card.removed", "card.unreadable"}


@pytest.mark.parametrize("access", ["bac", "pace"])
@pytest.mark.parametrize("index", [0, 1, 4, 9, 20, 35])
def test_a_card_that_another_program_resets_at_any_moment_is_read_from_the_start(
    pcsc, reader, monkeypatch, access, index
):
    """What was selected and agreed on is gone then, so that going on where the reading stopped would fail."""
    handle = put(pcsc, reader, passport(Manner(access)))
    transmit, calls = service.Connection.transmit, []

    def reset_before(connection, command):
        calls.append(command)
        if len(calls) == index + 1:
            _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
            result, card, _ = scard.SCardConnect(
                context, handle.reader, scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_ANY
            )
            assert result == 0
            scard.SCardDisconnect(card, scard.SCARD_RESET_CARD)
            scard.SCardReleaseContext(context)
        return transmit(connection, command)

    monkeypatch.setattr(service.Connection, "transmit", reset_before)
    assert isinstance(reader.read_identity(handle, soon(), KEY), IdentityDocument)
    assert calls[0] in calls[index:], "begun again"


def test_nothing_personal_is_shown_on_the_wire(pcsc, reader):
    events = []
    reader.watcher = events.append
    handle = put(pcsc, reader, passport(Manner("bac")))
    assert isinstance(reader.read_identity(handle, soon(), KEY), IdentityDocument)
    assert events
    told = " ".join(event.shown + event.meaning for event in events)
    for secret in (NUMBER, NUMBER.encode().hex(" "), KEY.birth, KEY.birth.encode().hex(" ")):
        assert secret not in told
    # What a brute force over the zone's few possibilities would need is masked: challenge and proof.
    authentication = [event for event in events if event.shown.startswith("00 82")]
    assert authentication
    assert all(set(event.shown.split()[5:46]) <= {"··", "…", "more"} for event in authentication if event.length > 40)
