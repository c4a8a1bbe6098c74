"""The one place that starts threads and processes. No Qt."""
