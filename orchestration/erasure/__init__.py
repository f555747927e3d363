"""Taking one person out of everything that is kept here."""
