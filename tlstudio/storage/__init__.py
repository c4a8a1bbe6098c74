"""The project folder and its SQLite database; the only room that imports sqlite3."""
