"""Runs Python out of a document again and again, with a catalog named lake.

Arguments: a JSON file {"name": ..., "properties": {...}}, and a file with the Python.
For each line on standard input it runs that, and answers with one line: the value of the
variable that the line names.
"""

import json
import sys

from pyiceberg.catalog import load_catalog

with open(sys.argv[1]) as file:
    settings = json.load(file)
with open(sys.argv[2]) as file:
    document = compile(file.read(), sys.argv[2], "exec")

lake = load_catalog(settings["name"], **settings["properties"])
print("ready", flush=True)
for line in sys.stdin:
    names = {"lake": lake}
    exec(document, names)
    print(eval(line, names), flush=True)
