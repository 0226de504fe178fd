"""The map of the library: arrays and tensors in, arrays and tensors out.

config       a model of settings for each section, stage, kind, picker and table
run          steps, fingerprints, batches, places and the plan of a run
files        tool: the only place that opens files, with run
image        tool: pure functions on images
networks     tool: plain torch modules
movies, simulation, noise, training, denoisers, picking, evaluation
             algorithms; they use tools and never one another
reporting    page, pictures, failures and summaries

Every ``__init__.py`` of the library is empty of code: a step depends on the modules it
imports and on nothing else, so that an edit reruns exactly what is behind it.
"""
