"""The machine itself, watched as devices: touch panel, loudspeaker, clock, disk, temperature."""
