"""The sections of a report, one module each; `compose` puts them in order."""
