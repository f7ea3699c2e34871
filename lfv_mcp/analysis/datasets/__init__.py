"""What datasets prove: counts, shared images, what a successor demands, what is held.

Pure, like the rest of `analysis`: it takes `Dataset`s and listings, and makes results. May import
`formats`, `results`, `metrics` and the ground files.
"""
