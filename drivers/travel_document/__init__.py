"""Travel documents with a chip (ICAO Doc 9303): passports and permits, from the first command to a checked identity."""
