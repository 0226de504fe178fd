"""The map of the library: arrays and tensors in, arrays and tensors out.

step         run a step from a Snakemake job or from a shell
fingerprint  hash of a script and of all it reaches
batches      sheet of micrographs, batches and their manifests
runtime      devices and seeded generators
files        layer 1: the only place that opens files
image        layer 1: pure functions on images
networks     layer 1: plain torch modules
movies, physics, noise, learning, denoising, evaluation
             layer 2: methods; they use layer 1 and never one another

Every ``__init__.py`` of the library is empty of code: a step depends on the modules it
imports and on nothing else, so that an edit reruns exactly what is behind it.
"""
