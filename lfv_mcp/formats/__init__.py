"""What others have written, read: bytes in, typed records out.

Here are the decoding of files (gzip, UTF-16, byte-order marks, JSON Lines), the recognition of
saved API answers and evaluation files by their content, their normal form, and readers for the two
files that training leaves in S3. This package imports the ground files (`identifiers`, `text`,
`times`, `metrics`) and result types. It does no I/O: it never opens a file or a connection, and
never imports `archive`, `aws` or anything above them.
"""
