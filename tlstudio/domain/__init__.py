"""The vocabulary: frozen dataclasses, enums and errors. Standard library only; every other room may import it."""
