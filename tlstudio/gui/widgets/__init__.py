"""Controls of the window that know no project."""
