"""Everything that central keeps: tables, encryption of personal fields, migrations, and the transactions over them."""
