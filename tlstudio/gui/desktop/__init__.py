"""What the program shows outside its window: progress in the task bar or dock, and a notification when long work is done.

Imported by the first job that has something to show, never at start-up. A desktop that knows neither costs nothing but the show.
"""

from tlstudio.gui.desktop.following import follow

__all__ = ["follow"]
