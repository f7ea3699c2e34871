"""What records and evaluation files prove about a model, and the words for it: pure functions.

From formats and results to findings, numbers, sentences and whole answers. May import metrics,
formats, results and the modules beside them (findings, text, times, provenance); never anything
that reads a file, asks a network or serves one. Modules named `*_text` write sentences, modules
named `*_findings` choose findings, and the others compute.
"""
