"""What the terminal says of itself to central: the state of every device and every service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from drivers.base import Health
from kiosk import VERSION
from kiosk.contract.reports import DeviceReport, FaultReport, ServiceReport, SupplyReport, TerminalReport
from kiosk.devices.desk import DeviceDesk
from kiosk.faults import Catalogue
from kiosk.terminal import Terminal
from kiosk.uplink.outbox import Outbox


def device_report(name: str, device_class: str, driver: str, health: Health, faults: Catalogue) -> DeviceReport:
    """Return one device's line."""
    return DeviceReport(
        name=name,
        device_class=device_class,
        driver=driver,
        state=health.state.value,
        faults=tuple(
            FaultReport(
                code=fault.code, severity=faults.entry(fault.code).severity, action=faults.entry(fault.code).action
            )
            for fault in health.faults
        ),
        supplies=tuple(SupplyReport(name=supply.name, level=supply.level.value) for supply in health.supplies),
    )


@dataclass(frozen=True)
class SelfReport:
    """Makes the terminal's reports, on the reporter's thread."""

    terminal_id: str
    training: bool
    terminal: Terminal
    devices: DeviceDesk
    outbox: Outbox
    faults: Catalogue

    def __call__(self, boot_id: str, sequence: int) -> TerminalReport:
        """Return the present state."""
        health = self.devices.availability.health
        return TerminalReport(
            terminal_id=self.terminal_id,
            boot_id=boot_id,
            sequence=sequence,
            clock=datetime.now().astimezone(),
            software_version=VERSION,
            training=self.training,
            in_session=self.terminal.in_session,
            outbox_pending=self.outbox.pending(),
            devices=tuple(
                device_report(entry.name, entry.device_class, entry.driver, health(entry.name), self.faults)
                for entry in self.devices.entries
            ),
            services=tuple(
                ServiceReport(service=name, available=not reason, reason=reason)
                for name, reason in self.terminal.services_state()
            ),
        )
