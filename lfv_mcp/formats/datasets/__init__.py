"""Datasets that a model was trained on or tested with: labelled images, as any system lists them.

Ground Truth's output and the manifests of Lookout for Vision and of AWS's export script, the
guide's CSV, anomalib's table, and the folders of a listing. Pure: bytes or names in, `Dataset` out.
May import the rest of `formats` and the ground files.
"""
