"""What can be wrong with the data: copies, leaks, classes, pictures, shortcuts, labels. No torch."""
