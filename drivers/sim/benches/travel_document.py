"""Travel documents on the bench of PC/SC readers: opened by BAC and by PACE, spoilt at any of their many commands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from drivers.card_reader import (
    AccessKey,
    Authenticity,
    DocumentKind,
    IdentityDocument,
    MrzKey,
    Verdict,
)
from drivers.conformance.bench import Operation
from drivers.sim import virtual_issuer
from drivers.sim.benches.pcsc_reader import PcscBench
from drivers.sim.benches.pcsc_reader import _Trouble as Trouble  # pyright: ignore[reportPrivateUsage]
from drivers.sim.virtual_card import VirtualCard
from drivers.sim.virtual_issuer import VirtualIssuer
from drivers.sim.virtual_passport import Manner, VirtualPassport
from drivers.travel_document import mrz

_KEYS = (MrzKey("X12345678", "900307", "340102"), MrzKey("X87654321", "850607", "350102"))
_MANNERS = {"read": Manner("bac"), "read_by_pace": Manner("pace")}


class _PassportOnBench(VirtualPassport):
    def __init__(self, groups: Mapping[int, bytes], sod: bytes, key: MrzKey, manner: Manner, trouble: Trouble) -> None:
        super().__init__(groups, sod, zone_information=mrz.information(key).decode("ascii"), manner=manner)
        self._trouble = trouble

    def respond(self, index: int, apdu: bytes) -> bytes | None:
        """Answer, unless trouble is armed for this APDU."""
        met = self._trouble.meets()
        answer = super().respond(index, apdu)
        return answer if met is None or answer is None else self._trouble.answer(met, answer)


class TravelDocumentBench(PcscBench):
    """Two holders' passports, taking turns."""

    name = "pcsc_travel_document"
    personal = (*(text for key in _KEYS for text in (key.number, key.birth, key.expiry)), "SAMPLE", "MARIE")

    def start(self) -> None:
        """Start the readers and issue the documents."""
        super().start()
        issuer = VirtualIssuer()
        self._picture = virtual_issuer.picture()
        self._files: list[tuple[dict[int, bytes], bytes]] = []
        for key in _KEYS:
            zone = virtual_issuer.passport_zone(key.number, key.birth, key.expiry)
            groups = {1: virtual_issuer.dg1(zone), 2: virtual_issuer.dg2(self._picture)}
            self._files.append((groups, issuer.sign(groups)))

    @property
    def operations(self) -> Mapping[str, Operation]:
        """Read a passport that opens by BAC, and one that opens by PACE."""
        return dict.fromkeys(_MANNERS, self._read)

    def _document(self, operation: str) -> IdentityDocument:
        key = _KEYS[self._turn % len(_KEYS)]
        return IdentityDocument(
            kind=DocumentKind.PASSPORT,
            number=key.number,
            name="",
            name_en="SAMPLE, MARIE",
            sex="2",
            birth=date(1900 + int(key.birth[:2]), int(key.birth[2:4]), int(key.birth[4:])),
            valid_from=None,
            valid_to=date(2000 + int(key.expiry[:2]), int(key.expiry[2:4]), int(key.expiry[4:])),
            nationality="UTO",
            issuer="UTO",
            portrait=self._picture,
            authenticity=Authenticity(
                Verdict.NOT_CHECKED, "no folder of issuers' certificates; hashes and signature are right"
            ),
        )

    def _card(self, operation: str) -> VirtualCard:
        turn = self._turn % len(_KEYS)
        groups, sod = self._files[turn]
        return _PassportOnBench(groups, sod, _KEYS[turn], _MANNERS[operation], self._trouble)

    def _key(self) -> AccessKey:
        return _KEYS[self._turn % len(_KEYS)]
