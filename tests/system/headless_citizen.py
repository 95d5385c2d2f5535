"""A scripted citizen for a terminal without a window: sees what the observer sees, and answers with intents."""

import time

from kiosk.training.citizen import CITIZENS, Citizen, load

LOOK_SECONDS = 0.01
ENROLMENT = "medical_insurance_enrolment"
PROGRESS = "progress_query"
STROKES = [[[0.1, 0.1], [0.5, 0.5], [0.8, 0.3]]]
TOLD = (("submit", "done"), *(("receipt", phase) for phase in ("working", "refused", "done")))
"""Screens on which a citizen reads that it has been handed in."""
HAND_SECONDS = 0.8
"""No hand is faster in taking a card up and laying it down again; pcscd looks every 0.4 s."""
AGAIN_SECONDS = 4.0
"""A person who touched and sees nothing happen touches again; so much later that nothing is touched by mistake."""


def person(stem="zhang-weiyang", **answers):
    found = load(CITIZENS / f"{stem}.toml")
    return Citizen(found.card, found.reader, {**found.answers, **answers})


def secrets(citizen):
    """What must not be seen once the visit is over."""
    card = citizen.card
    shown = (card.name, card.name_en, card.number, card.address, citizen.answers.get("phone", ""))
    return [text for text in shown if text]


def wait_until(condition, what, seconds=20.0, pause=LOOK_SECONDS):
    """Return the first true value of ``condition()``."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(pause)


class HeadlessCitizen:
    """One person before one terminal. ``walk`` goes on until something is seen; every glass seen is remembered shortly."""

    def __init__(self, world, citizen=None, service=ENROLMENT):
        self.world = world
        self.citizen = citizen or person(phone="13800000000")
        self.service = service
        self.code = ""
        self.sharp = True
        self.leave_alone = False
        self.refusals = 0
        self.told_handed_in = False
        self._acted = None
        self._acted_at = 0.0
        self._begun = False

    # ---- looking

    def look(self):
        """What is on the glass now, None while the terminal does not answer."""
        glass = self.world.observer.glass()
        if glass is not None and (glass["screen"], glass["phase"]) in TOLD:
            self.told_handed_in = True
        return glass

    def see(self, ready, what, seconds=20.0):
        """Wait, without doing anything, until the glass shows something."""
        last = None

        def seen():
            nonlocal last
            last = self.look()
            return last if last is not None and ready(last) else None

        try:
            return wait_until(seen, what, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; the last look: {last}") from None

    def home(self, seconds=20.0):
        return self.see(lambda glass: glass["screen"] == "home", "the home screen", seconds)

    def offered(self, seconds=20.0):
        """Wait until the service can be started."""
        return self.see(lambda glass: bool(self.tile(glass).get("available")), f"{self.service} to be offered", seconds)

    def tile(self, glass, service=""):
        wanted = service or self.service
        return next((tile for tile in glass.get("tiles", ()) if tile["service"] == wanted), {})

    # ---- acting

    def intend(self, glass, kind, **values):
        self.world.observer.intend(glass["session"], kind, **values)

    def start(self, seconds=20.0):
        """Touch the tile and see the first step."""
        glass = self.offered(seconds)
        self.intend(glass, "StartService", service=self.service)
        self._begun = True
        return self.see(lambda seen: seen["session"] is not None, "the first step")

    def walk(self, until, what, seconds=40.0):
        """Do what a person does on each screen until ``until`` holds for what is seen, which is returned."""
        end = time.monotonic() + seconds
        glass = None
        while time.monotonic() < end:
            glass = self.look()
            if glass is not None:
                if until(glass):
                    return glass
                self.act(glass)
            time.sleep(LOOK_SECONDS)
        raise AssertionError(f"waited {seconds} s in vain for {what}; the last look: {glass}")

    def walk_to(self, step, phase=None, seconds=40.0):
        """Go on until this step (and phase) is reached, and do nothing there."""
        return self.walk(
            lambda glass: glass["step"] == step and (phase is None or glass["phase"] in phase),
            f"the step {step}",
            seconds,
        )

    def put_until(self, put, ready, what):
        """Put a card on the reader; as people do, lift it and put it back where nothing happens or it was not read."""
        for patience in (10.0, 15.0, 20.0):
            put()
            end = time.monotonic() + patience
            while time.monotonic() < end:
                glass = self.look()
                if glass is not None and ready(glass):
                    return glass
                time.sleep(LOOK_SECONDS)
            self.world.hall.take_card()
            time.sleep(HAND_SECONDS)
        raise AssertionError(f"put the card three times in vain for {what}; the last look: {glass}")

    def visit(self, seconds=60.0):
        """Go from home to home; return the record of the visit."""
        session = self.start()["session"]
        self.walk(lambda glass: glass["session"] != session, "the end of the visit", seconds)
        return wait_until(
            lambda: (record := self.world.observer.last_visit()) and record["number"] == session and record,
            "the record",
        )

    def act(self, glass):
        """Do once what this screen asks for."""
        moment = (glass["session"], glass["step"], glass["phase"])
        now = time.monotonic()
        if moment == self._acted and now - self._acted_at < AGAIN_SECONDS:
            return False
        again = moment == self._acted
        act = getattr(self, f"_at_{glass['screen']}", None)
        if act is None:
            raise AssertionError(f"no idea what to do here: {glass}")
        self._acted, self._acted_at = moment, now
        act(glass, again)
        return True

    def _at_home(self, glass, again):
        if self._begun and not self.leave_alone:
            return
        self._acted = None
        if self.tile(glass).get("available"):
            self._begun = True
            self.intend(glass, "StartService", service=self.service)

    def _at_notice(self, glass, again):
        self.intend(glass, "Next")

    _at_review = _at_notice

    def _at_choose(self, glass, again):
        self.intend(glass, "Pick", choice=self.citizen.answers.get("how", "code"))

    def _at_identify(self, glass, again):
        if glass["phase"] == "working":
            return
        if glass["phase"] == "refused" and not again:
            # The card of the one before may still have lain there, and was being read when ours came: as told, once more.
            self.refusals += 1
            if self.refusals > 3:
                raise AssertionError(f"the {self.citizen!r} was refused: {glass['message']}")
        if again or glass["phase"] == "refused":
            # Nothing happens: a card in the place of one that lay there at the terminal's start may count as that one.
            self.world.hall.take_card()
            time.sleep(HAND_SECONDS)
        self.world.hall.put_card(self.citizen.card, self.citizen.reader)

    def _at_scan(self, glass, again):
        if glass["phase"] == "refused":
            raise AssertionError(f"the code was refused: {glass['message']}")
        if not again:
            self.world.hall.hold_code(self.code)

    def _at_form(self, glass, again):
        answers = {"insured_type": "resident", "residence_proof": "household_register", **self.citizen.answers}
        for name in ("phone", "insured_type", "residence_proof"):
            self.intend(glass, "Fill", name=name, value=answers[name])
        self.intend(glass, "Next")

    def _at_materials(self, glass, again):
        if glass["phase"] == "waiting":
            if not again:
                self.world.hall.put_paper(None, self.sharp)
            self.intend(glass, "Capture")
        elif glass["phase"] == "done":
            self.intend(glass, "Next")
        elif glass["phase"] == "refused":
            raise AssertionError(f"the photograph was refused: {glass['message']}")

    def _at_sign(self, glass, again):
        self.intend(glass, "Signature", strokes=STROKES)
        self.intend(glass, "Next")

    def _at_submit(self, glass, again):
        if glass["phase"] == "done":
            self.intend(glass, "Next")

    def _at_receipt(self, glass, again):
        if glass["phase"] != "working":
            self.intend(glass, "Next")

    _at_document = _at_result = _at_receipt

    def _at_rate(self, glass, again):
        self.intend(glass, "Pick", choice="1")

    def _at_finish(self, glass, again):
        self.world.hall.take_card()
        self.world.hall.take_code()
        self.world.hall.take_paper()
        self.intend(glass, "Next")

    def _at_fault(self, glass, again):
        raise AssertionError(f"the visit is held up: {glass}")
