"""What other systems predicted on a project's images: readers of their files, and our own file.

Every reader gives the same `PredictedImage`s and says by which rule it read them. A file that
allows two readings is refused, with the flag that settles it. Like all of `formats` this is pure:
names and bytes in, records out.
"""
