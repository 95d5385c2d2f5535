"""The terminal itself: sessions, journeys, devices at work, and what must not be lost. No Kivy, no hardware library."""

VERSION = "0.1.0"
