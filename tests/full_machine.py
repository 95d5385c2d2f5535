"""A made-up /sys, /dev and /proc in a folder, as the kernel has them, for what looks for devices there."""

from drivers.discovery import NetworkPrinter, Surroundings

READER = "ACS ACR1281 1S Dual Reader 00 00"
SERIAL = "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A10K-if00-port0"
PANEL = "/dev/input/by-id/usb-ELO_Touch_2500U-event-if00"


class Machine:
    """``around`` is what discovery sees of it; its services know nothing unless told."""

    def __init__(self, root):
        self.root = root

    def around(self, **services):
        return Surroundings(self.root, **services)

    def write(self, path, text):
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        return place

    def usb(self, name, vendor, product, maker="", model="", interfaces=()):
        """A USB device; each of its ``interfaces`` is class, subclass and protocol as six hexadecimal digits."""
        place = self.root / "sys/devices/usb1" / name
        for key, value in (("idVendor", vendor), ("idProduct", product), ("manufacturer", maker), ("product", model)):
            self.write(f"sys/devices/usb1/{name}/{key}", f"{value}\n")
        for number, kind in enumerate(interfaces):
            for at, key in enumerate(("bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol")):
                self.write(f"sys/devices/usb1/{name}/{name}:1.{number}/{key}", f"{kind[2 * at : 2 * at + 2]}\n")
        (self.root / "sys/bus/usb/devices").mkdir(parents=True, exist_ok=True)
        (self.root / "sys/bus/usb/devices" / name).symlink_to(place)
        return place

    def node(self, subsystem, node, device, /, **attributes):
        """A node of a class, with its device behind a link."""
        interface = device / f"{device.name}:1.0"
        interface.mkdir(parents=True, exist_ok=True)
        place = self.root / "sys/class" / subsystem / node
        place.mkdir(parents=True)
        (place / "device").symlink_to(interface)
        for key, value in attributes.items():
            (place / key).write_text(f"{value}\n")
        return interface

    def stable(self, directory, link, name):
        """A device node and its name by id."""
        node = self.write(f"dev/{name}", "")
        (self.root / "dev" / directory / "by-id").mkdir(parents=True, exist_ok=True)
        (self.root / "dev" / directory / "by-id" / link).symlink_to(node)

    def panel(self, event, name, absolute="260800000000003", properties="2"):
        self.write(f"sys/class/input/{event}/device/name", f"{name}\n")
        self.write(f"sys/class/input/{event}/device/properties", f"{properties}\n")
        self.write(f"sys/class/input/{event}/device/capabilities/abs", f"{absolute}\n")

    def sound_card(self, number, name, plays=True):
        self.write(f"sys/class/sound/card{number}/id", f"{name}\n")
        if plays:
            self.write(f"sys/class/sound/pcmC{number}D0p/dev", "116:2\n")

    def listens(self, *ports):
        """Some program listens on these TCP ports of 127.0.0.1; another one is only connected, from port 60001."""
        sockets = [(port, "0A") for port in ports] + [(60001, "01")]
        lines = [
            f"{at:4}: 0100007F:{port:04X} 00000000:0000 {state} 00000000:0" for at, (port, state) in enumerate(sockets)
        ]
        self.write("proc/net/tcp", "\n".join(["  sl  local_address rem_address   st", *lines, ""]))


def full(root):
    """A terminal with one of everything; return what discovery sees of it."""
    machine = Machine(root)
    machine.node("tty", "ttyUSB0", machine.usb("1-1", "0403", "6001", "FTDI", "FT232R USB UART"))
    machine.stable("serial", SERIAL.rsplit("/", 1)[1], "ttyUSB0")
    machine.node("tty", "ttyACM0", machine.usb("1-2", "1eab", "1d06", "Newland Auto-ID", "FM3056"))
    machine.usb("1-3", "0400", "c35a", "", "IDR210")
    receipts = machine.usb("1-4", "04b8", "0202", "EPSON", "TM-T88VI", interfaces=("070102",))
    machine.node("usbmisc", "lp0", receipts)
    papers = machine.usb("1-5", "03f0", "c02a", "HP", "LaserJet Pro M404", interfaces=("070102", "070104", "070104"))
    machine.node("usbmisc", "lp1", papers)
    machine.listens(22, 60000)
    camera = machine.usb("1-6", "046d", "0825", "", "Webcam C270")
    machine.node("video4linux", "video0", camera, index=0, name="Webcam C270")
    machine.panel("event5", "ELO Touch 2500U")
    machine.stable("input", PANEL.rsplit("/", 1)[1], "input/event5")
    machine.panel("event2", "USB keyboard", absolute="0", properties="0")
    machine.sound_card(0, "PCH")
    machine.write("sys/class/thermal/thermal_zone0/type", "x86_pkg_temp\n")
    machine.write("sys/class/thermal/thermal_zone0/temp", "48000\n")
    (root / "var/lib/civic-kiosk").mkdir(parents=True)
    return machine.around(
        readers=lambda: (READER,),
        power_supplies=lambda: {"hall": "SANTAK TG-BOX 850"},
        network_printers=lambda: (NetworkPrinter("Counter 3", "ipps://192.0.2.7:631/ipp/print", "Pantum BM5100ADN"),),
    )
