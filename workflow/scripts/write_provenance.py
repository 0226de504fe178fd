"""Record what a run was made with: versions, settings, code, and the checksums of its files."""

from pathlib import Path
from typing import Any

from clearice.files.documents import write_json
from clearice.run.batches import FAILED, OK, checksum, read_manifest
from clearice.run.left_out import left_out_of
from clearice.run.step import run
from clearice.run.versions import versions


def write_provenance(
    *,
    manifests: list[Path],
    models: list[Path],
    provenance: Path,
    settings: dict[str, Any],
    datasets: dict[str, Any],
    taken: dict[str, Any],
    steps: dict[str, str],
) -> None:
    """Write versions, settings, what was `taken` for `auto`, hashes of the steps' code and checksums as JSON.

    Checksums are of sums, denoised micrographs and networks. What a network was trained without stands in the
    table beside it.
    """
    files, failed = {}, {}
    for manifest in manifests:
        for row in read_manifest(manifest):
            path = (manifest.parent / (row.file or row.micrograph)).as_posix()
            if row.status == OK:
                files[path] = row.checksum
            elif row.status == FAILED:
                failed[path] = row.reason
    files |= {model.as_posix(): checksum(model) for model in models}
    record = {
        "versions": versions(),
        "settings": settings,
        "datasets": datasets,
        "taken": taken,
        "code": steps,
        "sha256": files,
        "failed": failed,
        "left_out": {model.as_posix(): lines for model in models if (lines := left_out_of(model))},
        "note": "Denoised images are for viewing and picking only; extract particles from the sums.",
    }
    write_json(provenance, record)


run(write_provenance, globals())
