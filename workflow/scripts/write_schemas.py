"""Write the schemas of the configuration and of the tables, for editors, from the models that check them."""

from pathlib import Path

from clearice.config.tables import DatasetRow, MicrographRow
from clearice.config.whole import as_schema, config_schema
from clearice.files.documents import write_yaml
from clearice.run.step import run


def write_schemas(*, folder: Path = Path("workflow/schemas")) -> None:
    """Write config.schema.yaml, datasets.schema.yaml and micrographs.schema.yaml into `folder`."""
    write_yaml(folder / "config.schema.yaml", config_schema())
    write_yaml(folder / "datasets.schema.yaml", as_schema(DatasetRow.model_json_schema()))
    write_yaml(folder / "micrographs.schema.yaml", as_schema(MicrographRow.model_json_schema()))


run(write_schemas, globals())
