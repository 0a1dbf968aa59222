"""The vocabulary, pure: no file, clock or database is touched here."""
