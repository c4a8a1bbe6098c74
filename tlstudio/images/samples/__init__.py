"""Sample data that the program can write by itself: real handwritten digits and a synthetic set of metal surfaces.

`digits.write_digits` and `metal.write_metal` make the folders; `planted.read_planted` gives the problems hidden in the metal set.
"""
