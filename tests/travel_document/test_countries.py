"""Which country's certificate may vouch for which state's document; what is in no list is not believed."""

import pytest

from drivers.travel_document.countries import speaks_for


@pytest.mark.parametrize(
    ("country", "state"),
    [
        *(("CN", "CHN"), ("cn", "CHN"), ("DE", "DEU"), ("FR", "FRA"), ("US", "USA"), ("TW", "TWN"), ("ZW", "ZWE")),
        *(("CN", "HKG"), ("HK", "CHN"), ("HK", "HKG"), ("MO", "CHN"), ("GB", "GBR"), ("GB", "GBD")),
        *(("UN", "UNO"), ("EU", "EUE"), ("KS", "RKS"), ("UT", "UTO"), ("RO", "ROU"), ("AT", "AUT"), ("AU", "AUS")),
    ],
)
def test_a_country_speaks_for_its_state(country: str, state: str) -> None:
    assert speaks_for(country, state)


@pytest.mark.parametrize(
    ("country", "state"),
    [
        *(("UT", "CHN"), ("TW", "CHN"), ("CN", "TWN"), ("AT", "AUS"), ("AU", "AUT"), ("HK", "MAC"), ("DE", "D")),
        *(("", "CHN"), ("CN", ""), ("", ""), ("ZZ", ""), ("ZZ", "ZZZ"), ("CHN", "CHN")),
    ],
)
def test_a_country_speaks_for_no_other(country: str, state: str) -> None:
    assert not speaks_for(country, state)
