"""Where images and labels come from: one file for each kind of source, and `registry` that tells which one a path is."""
